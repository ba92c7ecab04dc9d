// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import SecurityModule
import Synchronization
import Wire

/// 32 bytes from four runs of FNV-1a: enough for tests, no cryptography.
@Sendable
func plainHash(_ bytes: [UInt8]) -> [UInt8] {
    (UInt64(1)...4).flatMap { run in
        var hash = 0xCBF2_9CE4_8422_2325 &+ run &* 0x9E37_79B9_7F4A_7C15
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        hash ^= hash >> 29
        return (hash &* 0xBF58_476D_1CE4_E5B9).bigEndianBytes
    }
}

/// A generator with a seed (SplitMix64).
final class SeededRandom: RandomSource {
    private let state: Mutex<UInt64>

    init(seed: UInt64) {
        state = Mutex(seed)
    }

    func bytes(_ count: Int) -> [UInt8] {
        state.withLock { state in
            (0..<count).map { _ in
                state &+= 0x9E37_79B9_7F4A_7C15
                var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
                mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
                return UInt8(truncatingIfNeeded: mixed ^ (mixed >> 31))
            }
        }
    }

    func below(_ bound: Int) -> Int {
        Int(bytes(4).reduce(0) { $0 << 8 | UInt32($1) }) % bound
    }
}

/// Hashes with ``plainHash(_:)`` in place of scrypt, and counts the work.
final class PlainHashPasswords: PasswordModule {
    private let done = Mutex(0)

    /// Hashes and comparisons so far.
    var work: Int { done.withLock { $0 } }

    func hash(_ password: String, salt: [UInt8]) async throws(ModuleFailure) -> [UInt8] {
        done.withLock { $0 += 1 }
        return salt + plainHash(salt + Array(password.utf8))
    }

    func matches(_ password: String, _ hash: [UInt8]) async throws(ModuleFailure) -> Bool {
        done.withLock { $0 += 1 }
        let salt = Array(hash.prefix(16))
        return hash == salt + plainHash(salt + Array(password.utf8))
    }
}

/// Seals with a stream and a tag made of ``plainHash(_:)``, bound to name and revision.
struct PlainHashSealing: RecordSealing {
    private let key = Array("test key".utf8)

    func seal(
        _ body: [UInt8],
        name: [UInt8],
        revision: UInt64
    ) async throws(ModuleFailure) -> [UInt8] {
        let hidden = stream(body, name, revision)
        return hidden + tag(hidden, name, revision)
    }

    func open(
        _ sealed: [UInt8],
        name: [UInt8],
        revision: UInt64
    ) async throws(ModuleFailure) -> [UInt8] {
        let hidden = Array(sealed.dropLast(32))
        guard sealed == hidden + tag(hidden, name, revision) else { throw .sealBroken }
        return stream(hidden, name, revision)
    }

    func chain(
        _ body: [UInt8],
        stream: [UInt8],
        number: UInt64,
        previous: [UInt8]
    ) async throws(ModuleFailure) -> ChainedRow {
        throw .unavailable("not part of this test")
    }

    private func stream(_ body: [UInt8], _ name: [UInt8], _ revision: UInt64) -> [UInt8] {
        let seed = key + name + revision.bigEndianBytes
        var result: [UInt8] = []
        for start in stride(from: 0, to: body.count, by: 32) {
            let block = plainHash(seed + UInt32(start).bigEndianBytes)
            result += zip(body[start...], block).map { $0 ^ $1 }
        }
        return result
    }

    private func tag(_ hidden: [UInt8], _ name: [UInt8], _ revision: UInt64) -> [UInt8] {
        plainHash(key + name + revision.bigEndianBytes + hidden)
    }
}

/// Answers as it is told and remembers what it was asked.
final class ScriptedAccountCheck: FundingAccountCheck {
    private let answer = Mutex(FundingAccountAnswer.accepted)
    private let asked = Mutex<[String]>([])

    /// Account number and CVV2 of each question.
    var questions: [String] { asked.withLock { $0 } }

    func willAnswer(_ next: FundingAccountAnswer) { answer.withLock { $0 = next } }

    func check(
        _ account: FundingAccount,
        _ verificationValue: CardVerificationValue,
        _ address: BillingAddress
    ) async -> FundingAccountAnswer {
        asked.withLock { $0.append("\(account.number) \(verificationValue.digits)") }
        return answer.withLock { $0 }
    }
}

/// A store that counts what it is asked.
final class CountingStore: RecordStoreLayer {
    let inner: any RecordStore = MemoryStore()
    private let counts = Mutex((reads: 0, commits: 0))

    var reads: Int { counts.withLock { $0.reads } }
    var commits: Int { counts.withLock { $0.commits } }

    func read(_ key: RecordKey) async throws(StoreFailure) -> Record? {
        counts.withLock { $0.reads += 1 }
        // Lets other tasks in between, as a store on a disk does.
        await Task.yield()
        return try await inner.read(key)
    }

    func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
        counts.withLock { $0.commits += 1 }
        await Task.yield()
        return try await inner.commit(transition)
    }
}
