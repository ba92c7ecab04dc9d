// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Synchronization
import Wire

/// Who may use the operator console. Operators lie in a store; their sessions are kept in memory
/// and end with the process.
package final class OperatorDesk: Sendable {
    package static let operatorKind = RecordKind("operator", keyBytes: 1...32)
    /// What the store must be opened with.
    package static let kinds = [operatorKind, OperatorJournal.kind, OperatorJournal.questionKind]

    private static let format: UInt8 = 1

    let journal: OperatorJournal
    private let store: any RecordStore
    private let seals: any RecordSealing
    private let passwords: any PasswordModule
    private let random: any RandomSource
    private let sessions: OperatorSessions
    private let clock: (@Sendable () -> Uptime)?
    private let addresses = RateLimit(
        countMax: ConsoleLimits.failuresPerAddress,
        window: ConsoleLimits.addressWindow,
        namesMax: ConsoleLimits.throttledNamesMax
    )
    private let names = RateLimit(
        countMax: ConsoleLimits.failuresPerName,
        window: ConsoleLimits.nameWindow,
        namesMax: ConsoleLimits.throttledNamesMax
    )

    /// `uptime`: a clock that only goes forward, for sessions; nil where nobody sets the other one.
    package init(
        store: any RecordStore,
        seals: any RecordSealing,
        passwords: any PasswordModule,
        random: any RandomSource,
        uptime: (@Sendable () -> Uptime)? = nil
    ) {
        self.store = store
        self.seals = seals
        self.passwords = passwords
        self.random = random
        journal = OperatorJournal(store: store, seals: seals)
        sessions = OperatorSessions(random: random)
        clock = uptime
    }

    private func uptime(at now: Instant) -> Uptime { clock?() ?? Uptime(now) }

    // MARK: Operators

    /// Makes the first operator, with a password that the composition gives.
    ///
    /// - Returns: false where there is an operator already; then nothing was changed.
    package func makeFirst(
        _ name: OperatorName,
        password: String
    ) async throws(OperatorFailure) -> Bool {
        let count: Int
        do throws(StoreFailure) {
            count = try await store.count(OperatorDesk.operatorKind)
        } catch {
            throw .store(error)
        }
        guard count == 0 else { return false }
        return try await put(name, password, over: 0)
    }

    /// Gives an operator a password; a new one is made. All of his sessions end.
    package func setPassword(
        _ password: String,
        of name: OperatorName
    ) async throws(OperatorFailure) {
        for _ in 0..<ConsoleLimits.triesMax {
            let revision = try await record(name)?.revision ?? 0
            if try await put(name, password, over: revision) {
                sessions.end(of: name)
                return
            }
        }
        throw .busy
    }

    private func put(
        _ name: OperatorName,
        _ password: String,
        over revision: UInt64
    ) async throws(OperatorFailure) -> Bool {
        guard ConsoleLimits.passwordBytes.contains(password.utf8.count) else {
            throw .passwordUnsuitable
        }
        let key = OperatorDesk.key(name)
        do {
            let hash = try await passwords.hash(
                OperatorDesk.bound(password, to: name),
                salt: random.bytes(16)
            )
            var writer = ByteWriter(capacity: 128)
            writer.byte(OperatorDesk.format)
            writer.counted(hash)
            let body = try await seals.seal(
                writer.bytes,
                name: key.sealName(),
                revision: revision + 1
            )
            let write = RecordWrite.put(key, expectedRevision: revision, body: body)
            return try await store.commit(Transition(writes: [write])) == .committed
        } catch {
            throw OperatorFailure(error)
        }
    }

    // MARK: Sessions

    /// What a logon leads to.
    package enum Logon: Sendable {
        case signedIn(OperatorSession)
        /// Unknown operator or wrong password.
        case refused
        case throttled(until: Instant)
    }

    /// Checks name and password. An unknown operator takes as long and gets the same answer.
    package func logOn(
        _ typed: String,
        _ password: String,
        from address: String,
        at now: Instant
    ) async throws(OperatorFailure) -> Logon {
        let name = OperatorName(typed)
        // Counted before the work, so that many at once do not pass together.
        if let until = addresses.admit(address, at: now) { return .throttled(until: until) }
        if let name, let until = names.admit(name.text, at: now) {
            return .throttled(until: until)
        }
        guard password.utf8.count <= ConsoleLimits.passwordBytes.upperBound else {
            return .refused
        }
        guard let name, let hash = try await hash(of: name) else {
            do throws(ModuleFailure) {
                _ = try await passwords.hash(password, salt: random.bytes(16))
            } catch {
                throw .module(error)
            }
            return .refused
        }
        do throws(ModuleFailure) {
            guard try await passwords.matches(OperatorDesk.bound(password, to: name), hash) else {
                return .refused
            }
        } catch {
            throw .module(error)
        }
        addresses.takeBack(address)
        names.takeBack(name.text)
        return .signedIn(sessions.begin(name, at: uptime(at: now)))
    }

    /// The session with this token, or nil where it is over.
    package func session(_ token: String, at now: Instant) -> OperatorSession? {
        sessions.use(token, at: uptime(at: now))
    }

    package func signOut(_ session: OperatorSession) {
        sessions.end(session.token)
    }

    // MARK: Acts

    /// What operators did to a card, oldest first.
    package func journal(
        of card: CardIdentifier
    ) async throws(OperatorFailure) -> [OperatorJournal.Act] {
        try await journal.acts(on: card)
    }

    /// The last question about a transaction, or nil where there was none.
    package func lastQuestion(
        about transaction: TransactionIdentifier
    ) async throws(OperatorFailure) -> OperatorJournal.Act? {
        try await journal.lastQuestion(about: transaction)
    }

    // MARK: Records

    private static func key(_ name: OperatorName) -> RecordKey {
        RecordKey(operatorKind, Array(name.text.utf8))
    }

    /// What is hashed: bound to the name, so that a hash is of no use for another operator.
    private static func bound(_ password: String, to name: OperatorName) -> String {
        "\(name.text)\u{0}\(password)"
    }

    private func record(_ name: OperatorName) async throws(OperatorFailure) -> Record? {
        do throws(StoreFailure) {
            return try await store.read(OperatorDesk.key(name))
        } catch {
            throw .store(error)
        }
    }

    private func hash(of name: OperatorName) async throws(OperatorFailure) -> [UInt8]? {
        guard let record = try await record(name) else { return nil }
        do {
            var reader = ByteReader(
                try await seals.open(
                    record.body,
                    name: record.sealName,
                    revision: record.revision
                ),
                of: "operator"
            )
            guard try reader.byte("format") == OperatorDesk.format else {
                throw reader.failure("format", .invalid)
            }
            let hash = try reader.counted("hash", max: ConsoleLimits.passwordHashBytesMax)
            try reader.end()
            return hash
        } catch {
            throw OperatorFailure(error)
        }
    }
}

/// Why an operator's record cannot be read or written.
package enum OperatorFailure: Error, Equatable, Sendable {
    case store(StoreFailure)
    case module(ModuleFailure)
    /// The record does not open or is not readable.
    case damaged
    /// Shorter or longer than ``ConsoleLimits/passwordBytes``.
    case passwordUnsuitable
    /// Others wrote at the same time, again and again.
    case busy

    init(_ error: any Error) {
        switch error {
        case let failure as OperatorFailure: self = failure
        case let failure as StoreFailure: self = .store(failure)
        case ModuleFailure.sealBroken: self = .damaged
        case let failure as ModuleFailure: self = .module(failure)
        default: self = .damaged
        }
    }
}
