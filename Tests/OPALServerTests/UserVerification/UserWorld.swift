// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import Testing

/// A user directory with everything around it.
struct UserWorld {
    /// 2025-10-09 08:26:40 UTC.
    static let start = Instant(milliseconds: 1_760_000_000_000)
    static let home = "192.0.2.1"
    static let cardKind = RecordKind("test_card", keyBytes: 8...8)
    static let password = "correct horse battery"

    let store = CountingStore()
    let passwords = PlainHashPasswords()
    let accounts = ScriptedAccountCheck()
    let directory: UserDirectory
    let outbox: MailOutbox

    init(seed: UInt64 = 1) {
        directory = UserWorld.directory(store, passwords, accounts, seed: seed)
        outbox = MailOutbox(store: store, sealing: PlainHashSealing())
    }

    static func directory(
        _ store: CountingStore,
        _ passwords: PlainHashPasswords,
        _ accounts: ScriptedAccountCheck,
        seed: UInt64,
        uptime: (@Sendable () -> Uptime)? = nil
    ) -> UserDirectory {
        UserDirectory(
            store: store,
            sealing: PlainHashSealing(),
            passwords: passwords,
            accounts: accounts,
            random: SeededRandom(seed: seed),
            tokenHash: plainHash,
            wording: MailWording(logonURL: "https://card.example/logon"),
            uptime: uptime
        )
    }

    /// The same store after a restart, or another server beside this one.
    func restarted() -> UserDirectory {
        UserWorld.directory(store, passwords, accounts, seed: 77)
    }

    static func form(
        _ identifier: String = "Anna",
        email: String = "anna@example.org"
    ) -> SignUpForm {
        var form = SignUpForm()
        form.userIdentifier = identifier
        form.accountNumber = "4111 1111 1111 1111"
        form.verificationValue = "739"
        form.expiry = "12/27"
        form.street = "1 Long Lane"
        form.city = "Springfield"
        form.postalCode = "12345"
        form.country = "us"
        form.email = email
        form.password = "first chosen password"
        return form
    }

    static func card(_ number: UInt64) throws -> CardIdentifier {
        CardIdentifier(issuer: try #require(IssuerIdentifier("400000")), number: number)
    }

    static func cardWrite(_ card: CardIdentifier) -> RecordWrite {
        .put(RecordKey(cardKind, card.bytes), expectedRevision: 0, body: [1])
    }

    /// The mails in the outbox, the oldest first.
    func mails() async throws -> [MailMessage] {
        try await outbox.waiting().map { try #require($0.message) }
    }

    /// The one-time password of the newest mail to somebody.
    func mailedPassword(to email: String = "anna@example.org") async throws -> Password {
        let mails = try await mails().filter { $0.to == email }
        let newest = try #require(mails.max { $0.madeAt < $1.madeAt })
        let line = newest.body.split(separator: "\n").first {
            $0.contains(/^ +([A-Z]{4}-){3}[A-Z]{4}$/)
        }
        return Password(String(try #require(line).drop { $0 == " " }))
    }

    func ticket(
        _ identifier: String = "anna",
        email: String = "anna@example.org",
        at now: Instant = start
    ) async throws -> PasswordTicket {
        let outcome = try await directory.logOn(
            identifier,
            try await mailedPassword(to: email),
            from: UserWorld.home,
            at: now
        )
        guard case .mustChangePassword(let ticket) = outcome else {
            throw UnexpectedOutcome(outcome)
        }
        return ticket
    }

    /// Signs a user up and completes the setup, with ``password``.
    @discardableResult
    func setUp(
        _ identifier: String = "Anna",
        email: String = "anna@example.org",
        number: UInt64 = 1,
        at now: Instant = start
    ) async throws -> SessionToken {
        let signUp = try await directory.signUp(
            UserWorld.form(identifier, email: email),
            from: UserWorld.home,
            at: now
        )
        #expect(signUp == .checkYourMail)
        let card = try UserWorld.card(number)
        let outcome = try await directory.completeSetup(
            try await ticket(identifier, email: email, at: now),
            newPassword: Password(UserWorld.password),
            card: card,
            extraWrites: [UserWorld.cardWrite(card)],
            at: now
        )
        guard case .completed(let token) = outcome else { throw UnexpectedOutcome(outcome) }
        return token
    }

    func logOn(
        _ identifier: String = "anna",
        _ password: String = UserWorld.password,
        from address: String = UserWorld.home,
        at now: Instant = start
    ) async throws -> LogonOutcome {
        try await directory.logOn(identifier, Password(password), from: address, at: now)
    }

    /// Everything that lies in the store.
    func storedBytes() async throws -> [[UInt8]] {
        var all: [[UInt8]] = []
        for kind in UserRecordKinds.all() {
            let records = try await store.list(kind, after: nil, limit: 1000, order: .ascending)
            all += records.flatMap { [$0.key.bytes, $0.body, $0.reply] }
        }
        return all
    }
}

struct UnexpectedOutcome: Error {
    let text: String

    init(_ outcome: some Any) {
        text = String(describing: outcome)
    }
}

extension LogonOutcome {
    var token: SessionToken? { if case .signedIn(let token) = self { token } else { nil } }
    var isRefused: Bool { if case .refused = self { true } else { false } }
    var throttledUntil: Instant? { if case .throttled(let until) = self { until } else { nil } }
    var ticket: PasswordTicket? { if case .mustChangePassword(let it) = self { it } else { nil } }
}

extension Instant {
    static func + (left: Instant, right: Duration) -> Instant { left.adding(right) }
}
