// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Synchronization
import Wire

/// Who may use a site: names with their passwords, as hashes, in a store. Sessions are kept in
/// memory and end with the process.
package final class SignInDesk: Sendable {
    private static let format: UInt8 = 1

    /// Users, by their names.
    private let kind: RecordKind
    private let store: any RecordStore
    private let seals: any RecordSealing
    private let passwords: any PasswordModule
    private let random: any RandomSource
    private let sessions: SignInSessions
    private let clock: (@Sendable () -> Uptime)?
    private let addresses = RateLimit(
        countMax: SignInLimits.failuresPerAddress,
        window: SignInLimits.addressWindow,
        namesMax: SignInLimits.throttledNamesMax
    )
    private let names = RateLimit(
        countMax: SignInLimits.failuresPerName,
        window: SignInLimits.nameWindow,
        namesMax: SignInLimits.throttledNamesMax
    )

    /// `kind`: of the records of the users; keys of 1 to 32 bytes.
    /// `uptime`: a clock that only goes forward, for sessions; nil where nobody sets the other one.
    package init(
        _ kind: RecordKind,
        store: any RecordStore,
        seals: any RecordSealing,
        passwords: any PasswordModule,
        random: any RandomSource,
        uptime: (@Sendable () -> Uptime)? = nil
    ) {
        self.kind = kind
        self.store = store
        self.seals = seals
        self.passwords = passwords
        self.random = random
        sessions = SignInSessions(random: random)
        clock = uptime
    }

    private func uptime(at now: Instant) -> Uptime { clock?() ?? Uptime(now) }

    // MARK: Users

    package func count() async throws(SignInFailure) -> Int {
        do throws(StoreFailure) {
            return try await store.count(kind)
        } catch {
            throw .store(error)
        }
    }

    /// Makes a user.
    ///
    /// - Returns: false where there is one of this name; then nothing was changed.
    package func make(_ name: SignInName, password: String) async throws(SignInFailure) -> Bool {
        try await put(name, password, over: 0)
    }

    /// Gives a user a password; a new user is made. All sessions of the user end.
    package func setPassword(
        _ password: String,
        of name: SignInName
    ) async throws(SignInFailure) {
        for _ in 0..<SignInLimits.triesMax {
            let revision = try await record(name)?.revision ?? 0
            if try await put(name, password, over: revision) {
                sessions.end(of: name)
                return
            }
        }
        throw .busy
    }

    private func put(
        _ name: SignInName,
        _ password: String,
        over revision: UInt64
    ) async throws(SignInFailure) -> Bool {
        guard SignInLimits.passwordBytes.contains(password.utf8.count) else {
            throw .passwordUnsuitable
        }
        let key = key(name)
        do {
            let hash = try await passwords.hash(
                SignInDesk.bound(password, to: name),
                salt: random.bytes(16)
            )
            var writer = ByteWriter(capacity: 128)
            writer.byte(SignInDesk.format)
            writer.counted(hash)
            let body = try await seals.seal(
                writer.bytes,
                name: key.sealName(),
                revision: revision + 1
            )
            let write = RecordWrite.put(key, expectedRevision: revision, body: body)
            return try await store.commit(Transition(writes: [write])) == .committed
        } catch {
            throw SignInFailure(error)
        }
    }

    func isKnown(_ name: SignInName) async throws(SignInFailure) -> Bool {
        try await record(name) != nil
    }

    /// All names, in their order; there are few.
    func names() async throws(SignInFailure) -> [SignInName] {
        do throws(StoreFailure) {
            return try await store.list(
                kind,
                after: nil,
                limit: RecordLimits.pageMax,
                order: .ascending
            ).compactMap {
                String(validating: $0.key.bytes, as: UTF8.self).flatMap { SignInName($0) }
            }
        } catch {
            throw .store(error)
        }
    }

    /// Removes a user, and other records in the same commit. All sessions of the user end.
    ///
    /// - Returns: false where there is none.
    func remove(
        _ name: SignInName,
        with others: [RecordKey]
    ) async throws(SignInFailure) -> Bool {
        var writes: [RecordWrite] = []
        do throws(StoreFailure) {
            guard let record = try await store.read(key(name)) else { return false }
            writes.append(.delete(record.key, expectedRevision: record.revision))
            for other in others {
                guard let record = try await store.read(other) else { continue }
                writes.append(.delete(other, expectedRevision: record.revision))
            }
            sessions.end(of: name)
            return try await store.commit(Transition(writes: writes)) == .committed
        } catch {
            throw .store(error)
        }
    }

    // MARK: Sessions

    /// What a logon leads to.
    package enum Logon: Sendable {
        case signedIn(SignInSession)
        /// Unknown user or wrong password.
        case refused
        case throttled(until: Instant)
    }

    /// Checks name and password. An unknown user takes as long and gets the same answer.
    package func logOn(
        _ typed: String,
        _ password: String,
        from address: String,
        at now: Instant
    ) async throws(SignInFailure) -> Logon {
        let name = SignInName(typed)
        // Counted before the work, so that many at once do not pass together.
        if let until = addresses.admit(address, at: now) { return .throttled(until: until) }
        if let name, let until = names.admit(name.text, at: now) {
            return .throttled(until: until)
        }
        guard password.utf8.count <= SignInLimits.passwordBytes.upperBound else {
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
            guard try await passwords.matches(SignInDesk.bound(password, to: name), hash) else {
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
    package func session(_ token: String, at now: Instant) -> SignInSession? {
        sessions.use(token, at: uptime(at: now))
    }

    package func signOut(_ session: SignInSession) {
        sessions.end(session.token)
    }

    // MARK: Records

    private func key(_ name: SignInName) -> RecordKey { RecordKey(kind, name.bytes) }

    /// What is hashed: bound to the name, so that a hash is of no use for another user.
    private static func bound(_ password: String, to name: SignInName) -> String {
        "\(name.text)\u{0}\(password)"
    }

    private func record(_ name: SignInName) async throws(SignInFailure) -> Record? {
        do throws(StoreFailure) {
            return try await store.read(key(name))
        } catch {
            throw .store(error)
        }
    }

    private func hash(of name: SignInName) async throws(SignInFailure) -> [UInt8]? {
        guard let record = try await record(name) else { return nil }
        do {
            var reader = ByteReader(
                try await seals.open(
                    record.body,
                    name: record.sealName,
                    revision: record.revision
                ),
                of: "user"
            )
            guard try reader.byte("format") == SignInDesk.format else {
                throw reader.failure("format", .invalid)
            }
            let hash = try reader.counted("hash", max: SignInLimits.passwordHashBytesMax)
            try reader.end()
            return hash
        } catch {
            throw SignInFailure(error)
        }
    }
}

/// Why a user's record cannot be read or written.
package enum SignInFailure: Error, Equatable, Sendable {
    case store(StoreFailure)
    case module(ModuleFailure)
    /// The record does not open or is not readable.
    case damaged
    /// Shorter or longer than ``SignInLimits/passwordBytes``.
    case passwordUnsuitable
    /// Others wrote at the same time, again and again.
    case busy
    /// A user has as much of it as can be kept.
    case tooMany

    init(_ error: any Error) {
        switch error {
        case let failure as SignInFailure: self = failure
        case let failure as StoreFailure: self = .store(failure)
        case ModuleFailure.sealBroken: self = .damaged
        case let failure as ModuleFailure: self = .module(failure)
        default: self = .damaged
        }
    }
}
