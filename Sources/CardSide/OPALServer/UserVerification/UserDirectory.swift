// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

/// The user verification module 262: who is a user, and which card is theirs (FIG. 10, step 502).
///
/// What it must hold:
/// - No answer, and no time that it takes, tells whether there is a user with some identifier.
/// - Each user gets one card, however often and at the same time the setup is completed.
/// - The store holds no password, no token, no account number and no identifier that can be read.
package final class UserDirectory: Sendable {
    let records: SealedRecords
    let passwords: any PasswordModule
    let accounts: any FundingAccountCheck
    let random: any RandomSource
    let hashes: TokenHashes
    let wording: MailWording
    let throttle: Throttle
    let outbox: MailOutbox
    let cache: SessionCache
    private let clock: (@Sendable () -> Uptime)?

    /// `uptime`: a clock that only goes forward, for sessions; nil where nobody sets the other one.
    package init(
        store: any RecordStore,
        sealing: any RecordSealing,
        passwords: any PasswordModule,
        accounts: any FundingAccountCheck,
        random: any RandomSource,
        tokenHash: @escaping TokenHash,
        wording: MailWording,
        cachedSessionsMax: Int = UserLimits.cachedSessionsMax,
        uptime: (@Sendable () -> Uptime)? = nil
    ) {
        records = SealedRecords(store: store, sealing: sealing)
        self.passwords = passwords
        self.accounts = accounts
        self.random = random
        hashes = TokenHashes(tokenHash)
        self.wording = wording
        throttle = Throttle(records: records, hashes: hashes)
        outbox = MailOutbox(store: store, sealing: sealing)
        cache = SessionCache(entriesMax: cachedSessionsMax)
        clock = uptime
    }

    /// A moment of the wall clock, by the clock that only goes forward.
    func uptime(at now: Instant) -> Uptime { clock?() ?? Uptime(now) }

    /// What may be shown of a user, or nil where there is none.
    package func profile(of user: UserKey) async throws(UserFailure) -> UserProfile? {
        try await read(user).map { found in
            UserProfile(
                key: user,
                maskedIdentifier: found.user.identifier.masked,
                maskedEmail: UserDirectory.masked(email: found.user.email),
                account: found.user.account.map(AccountOnFile.init),
                card: found.user.card,
                predecessor: found.user.predecessor,
                createdAt: found.user.createdAt
            )
        }
    }

    /// As ``profile(of:)``, by what the person typed; for the operator.
    package func profile(ofIdentifier text: String) async throws(UserFailure) -> UserProfile? {
        guard let identifier = UserIdentifier(text) else { return nil }
        return try await profile(of: hashes.user(identifier))
    }

    /// The first character, and the server of the address.
    static func masked(email: String) -> String {
        guard let at = email.firstIndex(of: "@") else { return "•••" }
        return "\(email.prefix(1))•••\(email[at...])"
    }
}

// Reading and writing users.
extension UserDirectory {
    /// A user as last committed.
    struct Found: Sendable {
        let key: UserKey
        let revision: UInt64
        let user: UserRecord
    }

    func read(_ key: UserKey) async throws(UserFailure) -> Found? {
        guard let opened = try await records.read(RecordKey(UserRecordKinds.user, key.bytes)) else {
            return nil
        }
        let user = try decoded(opened.body) { bytes throws(WireFailure) in try UserRecord(bytes) }
        return Found(key: key, revision: opened.revision, user: user)
    }

    /// The write of a user's next state.
    func write(
        _ user: UserRecord,
        _ key: UserKey,
        expectedRevision: UInt64
    ) async throws(UserFailure) -> RecordWrite {
        try await records.put(
            RecordKey(UserRecordKinds.user, key.bytes),
            expectedRevision: expectedRevision,
            user.bytes,
            isOpen: user.card == nil
        )
    }

    func hash(_ text: String) async throws(UserFailure) -> [UInt8] {
        do throws(ModuleFailure) {
            return try await passwords.hash(text, salt: random.bytes(16))
        } catch {
            throw .module(error)
        }
    }

    func matches(_ text: String, _ hash: [UInt8]) async throws(UserFailure) -> Bool {
        do throws(ModuleFailure) {
            return try await passwords.matches(text, hash)
        } catch {
            throw .module(error)
        }
    }

    func newEpoch() -> UInt64 { random.pair().0 }
}
