// SPDX-License-Identifier: Apache-2.0

import Crypto
import CryptoExtras
import Dispatch
import Foundation
package import SecurityModule

/// Passwords by scrypt (RFC 7914), then a code under a key of the module: whoever steals the
/// database without the module cannot even begin to guess. Stored form: version 1, salt 16, code
/// 32.
package struct PasswordKeeper: PasswordModule {
    private let pepper: SymmetricKey
    private let stretcher: Stretcher

    package static let saltBytes = 16
    /// N = 2¹⁵, r = 8, p = 1: 32 MiB and some tens of milliseconds (OWASP's second choice with
    /// p = 3 costs three times as much; the pepper stands against theft of the database).
    package static let scryptRounds = 1 << 15

    /// `rounds`: fewer in tests only.
    package init(_ master: LocalMasterKey, rounds: Int = PasswordKeeper.scryptRounds) {
        pepper = master.derive("OPAL password pepper")
        stretcher = Stretcher(rounds: rounds)
    }

    package func hash(
        _ password: String,
        salt: [UInt8]
    ) async throws(ModuleFailure) -> [UInt8] {
        precondition(salt.count == PasswordKeeper.saltBytes)
        let stretched = try await stretcher.stretch(password, salt)
        return [1] + salt
            + Array(HMAC<SHA256>.authenticationCode(for: stretched, using: pepper))
    }

    package func matches(
        _ password: String,
        _ hash: [UInt8]
    ) async throws(ModuleFailure) -> Bool {
        guard hash.count == 1 + PasswordKeeper.saltBytes + 32, hash[0] == 1 else {
            throw .sealBroken
        }
        let salt = Array(hash[1...PasswordKeeper.saltBytes])
        let expected = Data(hash[(1 + PasswordKeeper.saltBytes)...])
        let stretched = try await stretcher.stretch(password, salt)
        // The comparison of authentication codes takes constant time.
        return HMAC<SHA256>.isValidAuthenticationCode(
            expected,
            authenticating: stretched,
            using: pepper
        )
    }
}

/// Runs scrypt, one password at a time and on a thread of its own: it takes tens of milliseconds
/// and 32 MiB, and whoever asks need not be signed in. The threads that purchases use are never
/// held.
private struct Stretcher: Sendable {
    private let rounds: Int
    private let queue = DispatchQueue(label: "passwords")

    init(rounds: Int) {
        self.rounds = rounds
    }

    func stretch(_ password: String, _ salt: [UInt8]) async throws(ModuleFailure) -> Data {
        let rounds = rounds
        let stretched: Data? = await withCheckedContinuation { continuation in
            queue.async {
                let key = try? KDF.Scrypt.deriveKey(
                    from: Array(password.utf8),
                    salt: salt,
                    outputByteCount: 32,
                    rounds: rounds,
                    blockSize: 8,
                    parallelism: 1,
                    maxMemory: 128 * 1024 * 1024
                )
                continuation.resume(
                    returning: key.map { key in
                        unsafe key.withUnsafeBytes { unsafe Data($0) }
                    }
                )
            }
        }
        guard let stretched else { throw .unavailable("scrypt found no memory") }
        return stretched
    }
}
