// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
import Keys
import OPALServer
import Records
import SecurityModule
import Simulation
import Synchronization
import Testing
import Wire

/// An OPAL server with real keys on a store and a link that can fail, and a scripted gateway; at a
/// time that moves when it is told to.
final class FundingWorld: Sendable {
    /// What runs now; it can be started again from the store.
    struct Server: Sendable {
        let users: UserDirectory
        let desk: CardDesk
        let emulator: Emulator
        let loads: AccountLoads
        let guardians: Guardians
        let orders: StandingOrders
        let succession: CardSuccession
    }

    /// Somebody with a card.
    struct Person: Sendable {
        let key: UserKey
        let card: CardIdentifier
        let identifier: String
        let email: String
    }

    static let password = "correct horse battery"
    static let home = "192.0.2.1"
    static let balanceMax: UInt64 = 50_000
    static let minimum: UInt64 = 500

    let clock = VirtualClock()
    /// A clock that only goes forward; nil where the other one is never set.
    let uptime: (@Sendable () -> Uptime)?
    let random: SeededRandom
    let store = FaultyStore(MemoryStore())
    let gateway: ScriptedGateway
    let link: FaultyLink
    let module: SoftwareModule
    /// Module 864.
    let loadModule: SoftwareModule
    let issuer: Issuer
    let auditor: CardAuditor
    let outbox: MailOutbox
    private let master: LocalMasterKey
    let seals: RecordSealer
    private let running = Mutex<Server?>(nil)

    /// `hasSecondModule`: whether module 864 is another one than the HSM of the cards.
    init(
        seed: UInt64 = 1,
        hasSecondModule: Bool = false,
        uptime: (@Sendable () -> Uptime)? = nil
    ) async throws {
        random = SeededRandom(seed: seed)
        self.uptime = uptime
        master = .make()
        seals = RecordSealer(master, party: OPALServerRecords.schema.party)
        gateway = ScriptedGateway(clock)
        link = FaultyLink(DirectLink(to: gateway, as: "opal-server"))
        let identifier = try #require(IssuerIdentifier("412345"))
        issuer = Issuer(
            identifier: identifier,
            name: "Harbour Bank",
            currency: .euro,
            exponent: .cents,
            balanceMax: Self.balanceMax,
            validMonths: 24,
            newCardValue: 1_000
        )
        let keys = IssuerMasterKeys.make()
        let name = SoftwareModule.KeyName(issuer: identifier, version: 1)
        module = SoftwareModule(master)
        module.install(keys, as: name)
        loadModule = hasSecondModule ? SoftwareModule(.make()) : module
        if hasSecondModule { loadModule.install(keys, as: name) }
        auditor = CardAuditor(store: store, module: module, seals: seals)
        outbox = MailOutbox(store: store, sealing: seals)
        let write = try await CardDesk.write(issuer, sealedBy: seals)
        #expect(try await store.commit(Transition(writes: [write])) == .committed)
        restart()
    }

    var server: Server {
        guard let server = running.withLock({ $0 }) else { preconditionFailure("It was started.") }
        return server
    }

    var now: Instant { clock.now }

    /// Starts the OPAL server again from its store.
    @discardableResult
    func restart() -> Server {
        let server = start(on: store, link)
        running.withLock { $0 = server }
        return server
    }

    /// A server on a store and a link of its own, perhaps with another module 864.
    func start(
        on store: any RecordStore,
        _ link: any Link,
        _ signing: (any LoadModule)? = nil
    ) -> Server {
        let (clock, users) = (clock, users(on: store, link))
        let desk = CardDesk(
            store: store,
            module: module,
            loads: loadModule,
            seals: seals,
            random: random,
            now: { clock.now }
        )
        var emulator = Emulator(module: module, store: store, random: random)
        emulator.categories = desk.merchants
        var loads = AccountLoads(
            users: users,
            desk: desk,
            emulator: emulator,
            module: signing ?? loadModule,
            gateway: link,
            settings: .init(
                minimum: Self.minimum,
                menu: [1_000, 2_500, 5_000, 45_000],
                acceptor: Self.acceptor
            ),
            now: { clock.now }
        )
        loads.uptime = uptime
        let guardians = Guardians(users: users, desk: desk)
        return Server(
            users: users,
            desk: desk,
            emulator: emulator,
            loads: loads,
            guardians: guardians,
            orders: StandingOrders(loads: loads, guardians: guardians),
            succession: CardSuccession(
                users: users,
                desk: desk,
                emulator: emulator,
                module: module,
                loads: loadModule,
                random: random
            )
        )
    }

    private func users(on store: any RecordStore, _ link: any Link) -> UserDirectory {
        let (clock, hasher) = (clock, TokenHasher(master))
        return UserDirectory(
            store: store,
            sealing: seals,
            passwords: PasswordKeeper(master, rounds: 16),
            accounts: GatewayAccountCheck(
                gateway: link,
                acceptor: Self.acceptor,
                currency: .euro,
                exponent: .cents,
                random: random,
                now: { clock.now }
            ),
            random: random,
            tokenHash: { hasher.hash($0) },
            wording: MailWording(logonURL: "https://card.example/sign-in")
        )
    }

    static var acceptor: CardAcceptor {
        guard let merchant = MerchantIdentifier("HARBOUR-LOADS"),
            let acceptor = CardAcceptor(
                terminal: "OPAL0001",
                merchant: merchant,
                name: "Harbour Bank cards",
                city: "Springfield",
                country: "US"
            )
        else { preconditionFailure("It is well formed.") }
        return acceptor
    }

    // MARK: People

    /// Signs somebody up, with an account that ends in 1111, and gives them a card.
    func person(_ identifier: String = "anna", value: UInt64 = 1_000) async throws -> Person {
        let form = Self.form(identifier)
        let outcome = try await server.users.signUp(form, from: Self.home, at: now)
        #expect(outcome == .checkYourMail)
        return try await arrive(identifier, form.email, value: value)
    }

    static func form(_ identifier: String) -> SignUpForm {
        var form = SignUpForm()
        form.userIdentifier = identifier
        form.accountNumber = "4111 1111 1111 1111"
        form.verificationValue = "739"
        form.expiry = "12/27"
        form.street = "1 Long Lane"
        form.city = "Springfield"
        form.postalCode = "12345"
        form.country = "us"
        form.email = "\(identifier)@example.org"
        form.password = "first chosen password"
        return form
    }

    /// Opens a card for a child, who comes at once.
    func child(_ identifier: String = "emma", of guardian: Person) async throws -> Person {
        let email = "\(identifier)@example.org"
        var form = ChildForm()
        form.name = "Emma"
        form.userIdentifier = identifier
        form.email = email
        let opening = try await server.users.openChild(
            form,
            by: guardian.key,
            from: Self.home,
            at: now
        )
        #expect(opening == .checkMail)
        return try await arrive(identifier, email, value: 0)
    }

    /// Logs on with the mailed password, chooses another and gets a card.
    func arrive(_ identifier: String, _ email: String, value: UInt64) async throws -> Person {
        let mailed = try await mailedPassword(to: email)
        let logon = try await server.users.logOn(identifier, mailed, from: Self.home, at: now)
        guard case .mustChangePassword(let ticket) = logon else { throw Unexpected(logon) }
        let new = try await server.desk.make(for: issuer, value: value, now: now)
        let setup = try await server.users.completeSetup(
            ticket,
            newPassword: Password(Self.password),
            card: new.card,
            extraWrites: new.writes,
            history: new.history,
            at: now
        )
        guard case .completed(let token) = setup else { throw Unexpected(setup) }
        let user = try #require(try await server.users.session(token, at: now))
        return Person(key: user.key, card: new.card, identifier: identifier, email: email)
    }

    func mailedPassword(to email: String) async throws -> Password {
        let body = try #require(try await mails(to: email).last?.body)
        let match = try #require(body.firstMatch(of: /([A-Z]{4}-){3}[A-Z]{4}/))
        return Password(String(match.output.0))
    }

    /// The mails in the outbox, the oldest first.
    func mails(to email: String) async throws -> [MailMessage] {
        var all: [MailMessage] = []
        for waiting in try await outbox.waiting(limit: RecordLimits.pageMax) {
            all.append(try #require(waiting.message))
        }
        return all.filter { $0.to == email }
    }

    func forgetMails() async throws {
        for mail in try await outbox.waiting(limit: RecordLimits.pageMax) {
            try await outbox.remove(mail)
        }
    }

    // MARK: Loads

    static func euros(_ minorUnits: UInt64) -> Money {
        Money(minorUnits: minorUnits, currency: .euro, exponent: .cents)
    }

    func request(
        _ minorUnits: UInt64 = 2_500,
        by payer: Person,
        onto card: CardIdentifier? = nil,
        _ purpose: AccountLoadPurpose = .own
    ) -> AccountLoadRequest {
        server.loads.proposal(
            by: payer.key,
            onto: card ?? payer.card,
            of: Self.euros(minorUnits),
            purpose: purpose,
            verificationValue: CardVerificationValue(digits: "739")
        )
    }

    func balance(_ person: Person) async throws -> UInt64 { try await balance(person.card) }

    func balance(_ card: CardIdentifier) async throws -> UInt64 {
        let card = try #require(try await server.desk.describe(card))
        return try #require(card.purses.first).balance.minorUnits
    }

    func history(_ card: CardIdentifier) async throws -> [CardHistoryEntry] {
        try await server.desk.history(card, after: 0, limit: 1_000).map(\.entry)
    }

    /// Everything works from now on, until nothing is open.
    func settle() async {
        store.clear()
        link.plan.clear()
        gateway.network(always: .approves)
        for _ in 0..<4 {
            await link.deliverLate()
            gateway.acknowledgeReversals()
            await server.loads.settleOpen(olderThan: .zero)
        }
    }

    /// Nothing is lost or made: what accounts are charged is what cards were credited, nothing is
    /// held any more, every signature is right.
    func expectSound(_ place: SourceLocation = #_sourceLocation) async throws {
        await settle()
        let open = try await server.loads.openLoads(limit: 1_000)
        #expect(open.isEmpty, "something stays open", sourceLocation: place)
        let report = try await auditor.run {}
        #expect(report.findings == [], sourceLocation: place)
        let credited = report.accountCredits.values.reduce(0) { $0 + $1.amount.minorUnits }
        #expect(credited == gateway.charged, sourceLocation: place)
        #expect(gateway.held == 0, sourceLocation: place)
        let unit = Self.euros(0)
        #expect(
            (report.loaded[unit] ?? 0) == (report.onCards[unit] ?? 0),
            sourceLocation: place
        )
    }
}

struct Unexpected: Error {
    let text: String

    init(_ outcome: some Any) {
        text = String(describing: outcome)
    }
}

extension AccountLoadOutcome {
    var isPending: Bool { if case .pending = self { true } else { false } }
    var receipt: AccountLoadReceipt? {
        if case .loaded(let receipt) = self { receipt } else { nil }
    }
    var refusal: AccountLoadRefusal? { if case .refused(let it) = self { it } else { nil } }
}

extension FundingWorld {
    /// What somebody does who may use HSM 268, beside everything that keeps a record of loads.
    func plant(
        _ minorUnits: UInt64,
        onto card: CardIdentifier,
        from bank: BankIdentifier,
        _ transaction: TransactionIdentifier
    ) async throws {
        let request = InitializeLoad(
            bank: bank,
            transaction: transaction,
            time: CardTime(now),
            amount: Self.euros(minorUnits)
        )
        let context = CardContext(random: random.integer(), now: now, note: "")
        let sealed = try #require(try await server.emulator.fetch(card))
        let begun = try await module.process(
            .initializeLoad(request),
            on: sealed,
            dialogue: nil,
            context: context
        )
        let credit = try await module.authorize(
            request,
            try InitializeLoadAnswer(begun.response.data),
            completion: .done
        )
        let credited = try await module.process(
            .credit(credit),
            on: sealed,
            dialogue: begun.dialogue,
            context: context
        )
        let change = try #require(credited.change)
        try await server.emulator.commit(change, expected: sealed.revision)
    }
}

extension FundingWorld {
    /// As if the account on file had another expiry: signs up nobody, changes the stored user.
    func replaceAccount(of person: Person, expiry: (Int, Int)) async throws {
        let key = RecordKey(UserRecordKinds.user, person.key.bytes)
        let record = try #require(try await store.read(key))
        var body = try await seals.open(
            record.body,
            name: record.sealName,
            revision: record.revision
        )
        // The number's last digits, then year and month.
        let digits = Array("4111111111111111".utf8)
        let start = try #require(
            body.indices.first { body[$0...].starts(with: digits) }
        )
        let end = start + digits.count
        body.replaceSubrange(
            end..<end + 3,
            with: [UInt8(expiry.0 >> 8), UInt8(expiry.0 & 0xFF), UInt8(expiry.1)]
        )
        let sealed = try await seals.seal(
            body,
            name: key.sealName(isOpen: record.isOpen),
            revision: record.revision + 1
        )
        let write = RecordWrite.put(
            key,
            expectedRevision: record.revision,
            body: sealed,
            isOpen: record.isOpen
        )
        #expect(try await store.commit(Transition(writes: [write])) == .committed)
    }
}
