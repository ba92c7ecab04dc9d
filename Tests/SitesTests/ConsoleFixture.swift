// SPDX-License-Identifier: Apache-2.0

import Bank
import ClearingHouse
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Kernel
import Keys
import Merchant
import OPALServer
import PaymentServer
import Records
import SecurityModule
import Settlement
import Sites
import Testing
import Wire

@testable import Simulation

/// The operator console over a world of real parties, with a user who has signed up.
struct ConsoleFixture {
    static let name = "night.watch"
    static let password = "a lantern and a long coat"
    static let user = "anna.b"

    let world: World
    let parts: ConsoleParts
    let site: ConsoleSite
    let operators: OperatorDesk
    let users: UserDirectory
    let outbox: MailOutbox
    /// Of what operators did.
    let audit: OperatorAudit
    /// What holders dispute.
    let disputes: DisputeDesk
    private let master: LocalMasterKey

    /// `clearing`: how sales are cleared; nil where nobody does.
    /// `isShopHere`: whether the shop is in the process of the console.
    /// `pdfSalesMax`: sales that a PDF takes.
    /// `acquirer`: whose payment server it is, as its operators see it.
    /// `other`: whose module checks S6, in the place of this world's. It has keys of its own.
    init(
        withParts: Bool = true,
        _ policy: ComparisonPolicy = .securityCard,
        accountLoads: AccountLoads? = nil,
        bankAccounts: [UInt64] = [],
        terminals: Int = 2,
        clearing: ClearingPlan? = nil,
        isShopHere: Bool = true,
        acquirer: UInt32 = WorldKeys.acquirerNumber,
        pdfSalesMax: UInt64 = 100,
        proofsOf other: World? = nil
    ) async throws {
        var plan = WorldPlan()
        plan.terminals = terminals
        plan.policies = [policy]
        plan.accountValues = bankAccounts
        plan.clearing = clearing
        plan.hasCardholders = clearing != nil
        let world = try await World(plan)
        let master = LocalMasterKey.make()
        let seals = RecordSealer(master, party: "opal_server")
        let hasher = TokenHasher(master)
        users = UserDirectory(
            store: world.opalStore,
            sealing: seals,
            passwords: PasswordKeeper(master, rounds: 16),
            accounts: EachAccountAccepted(),
            random: world.random,
            tokenHash: { hasher.hash($0) },
            wording: MailWording(logonURL: "https://card.example/sign-in")
        )
        outbox = MailOutbox(store: world.opalStore, sealing: seals)
        audit = OperatorAudit(store: world.opalStore, seals: seals)
        operators = Self.operators(world, master)
        let name = try #require(OperatorName(Self.name))
        #expect(try await operators.makeFirst(name, password: Self.password))
        self.world = world
        disputes = DisputeDesk(
            users: users,
            purchases: world.purchases,
            clearingHouses: [],
            now: { world.now }
        )
        parts =
            withParts
            ? Self.parts(
                world,
                users,
                outbox,
                seals,
                accountLoads,
                disputes,
                shops: isShopHere ? [Self.shop(world)] : [],
                acquirer: acquirer,
                pdfSalesMax: pdfSalesMax,
                proofs: (other ?? world).cardModule as? any SaleChecking
            ) : ConsoleParts()
        site = try Self.site(parts, operators, world)
        self.master = master
    }

    /// The same console in a process that has just begun.
    private init(after other: ConsoleFixture) throws {
        world = other.world
        parts = other.parts
        users = other.users
        outbox = other.outbox
        audit = other.audit
        disputes = other.disputes
        master = other.master
        operators = Self.operators(world, master)
        site = try Self.site(parts, operators, world)
    }

    func restarted() throws -> ConsoleFixture { try ConsoleFixture(after: self) }

    private static func operators(_ world: World, _ master: LocalMasterKey) -> OperatorDesk {
        OperatorDesk(
            store: world.opalStore,
            seals: RecordSealer(master, party: "opal_server"),
            passwords: PasswordKeeper(master, rounds: 16),
            random: world.random
        )
    }

    private static func site(
        _ parts: ConsoleParts,
        _ operators: OperatorDesk,
        _ world: World
    ) throws -> ConsoleSite {
        ConsoleSite(
            parts: parts,
            operators: operators,
            templates: try Templates(),
            wording: Wording(),
            isSecure: true,
            now: { world.now },
            random: world.random
        )
    }

    private static func parts(
        _ world: World,
        _ users: UserDirectory,
        _ outbox: MailOutbox,
        _ seals: RecordSealer,
        _ accountLoads: AccountLoads?,
        _ disputes: DisputeDesk,
        shops: [ConsoleParts.Shop],
        acquirer: UInt32,
        pdfSalesMax: UInt64,
        proofs: (any SaleChecking)?
    ) -> ConsoleParts {
        ConsoleParts(
            cardSide: ConsoleParts.CardSide(
                desk: world.desk,
                users: users,
                outbox: outbox,
                purchases: world.purchases,
                loads: world.loads,
                accountLoads: accountLoads,
                store: ConsoleParts.Store(
                    name: "Cards and users",
                    engine: "memory",
                    records: world.opalStore,
                    kinds: [DrawRecord.kind] + UserRecordKinds.all()
                ),
                seals: seals,
                mailFrom: "cards@harbour.example",
                sales: proofs,
                refusals: RefusalCounter(),
                disputes: disputes
            ),
            payments: ConsoleParts.Payments(
                module: world.payments,
                store: ConsoleParts.Store(
                    name: "Sales",
                    engine: "memory",
                    records: world.paymentStore,
                    kinds: [SaleRecord.kind]
                ),
                acquirer: acquirer
            ),
            shops: shops,
            banks: banks(world),
            clearing: world.clearing.map { clearing($0, pdfSalesMax: pdfSalesMax) },
            loadDesk: world.loadServer?.desk,
            links: [ConsoleParts.Link(name: "Bank server") { ("no answer", false) }]
        )
    }

    /// How many acts at the clearing house are in the journal: each is a revision of its end.
    func clearingActs() async throws -> UInt64 {
        let end = RecordKey(OperatorJournal.clearingKind, [0])
        return try await world.opalStore.read(end)?.revision ?? 0
    }

    private static func clearing(
        _ parties: ClearingParties,
        pdfSalesMax: UInt64
    ) -> ConsoleParts.Clearing {
        ConsoleParts.Clearing(
            house: parties.house.house,
            store: ConsoleParts.Store(
                name: "Clearing house",
                engine: "memory",
                records: parties.house.store,
                kinds: ClearingRecords.schema.kinds
            ),
            writeFiles: { _ in true },
            reports: ConsoleParts.PayoutReports(
                csv: { payout, now in
                    let parts = MerchantReportParts(parties.house.house, of: [payout], now: now)
                    return { try await parts.next() }
                },
                pdf: { payout, now in
                    try await MerchantReports(parties.house.house).pdf(of: [payout], now: now)
                },
                pdfSalesMax: pdfSalesMax
            )
        )
    }

    private static func shop(_ world: World) -> ConsoleParts.Shop {
        ConsoleParts.Shop(
            name: "Press",
            module: world.merchant(),
            store: ConsoleParts.Store(
                name: "Orders",
                engine: "memory",
                records: world.shops[0].store,
                kinds: [MerchantRecords.order]
            )
        )
    }

    private static func banks(_ world: World) -> [ConsoleParts.Bank] {
        guard let bank = world.bank else { return [] }
        return [
            ConsoleParts.Bank(
                name: "Bank of the Harbour",
                module: bank.module,
                store: ConsoleParts.Store(
                    name: "Accounts",
                    engine: "memory",
                    records: bank.store,
                    kinds: [BankRecords.hold]
                )
            )
        ]
    }

    func browse(_ test: @escaping @Sendable (Browser) async throws -> Void) async throws {
        let application = Application(router: site.router())
        try await application.test(.router) { client in try await test(Browser(client)) }
    }

    /// Runs a test with an operator who is signed in.
    func work(_ test: @escaping @Sendable (Browser) async throws -> Void) async throws {
        try await browse { browser async throws in
            try await Self.signIn(browser)
            try await test(browser)
        }
    }

    private static let secondPassword = "four words for this one"

    /// Runs a test as an operator of a role, beside the one who has everything.
    func work(
        as role: OperatorRole,
        _ test: @escaping @Sendable (Browser) async throws -> Void
    ) async throws {
        let name = try #require(OperatorName("second"))
        let password = Self.secondPassword
        #expect(try await operators.add(name, password: password, as: role, at: world.now))
        try await browse { browser async throws in
            try await Self.signIn(browser, "second", password)
            try await test(browser)
        }
    }

    @discardableResult
    static func signIn(
        _ browser: Browser,
        _ name: String = ConsoleFixture.name,
        _ password: String = ConsoleFixture.password
    ) async throws -> Browser.Page {
        try await browser.open("/sign-in")
        return try await browser.send("/sign-in", ["operator": name, "password": password])
    }

    /// Signs a user up and gives the one-time password that was mailed.
    func signUp() async throws -> String {
        var form = SignUpForm()
        form.userIdentifier = Self.user
        form.email = "anna@example.org"
        form.password = "first chosen password"
        form.accountNumber = "4111 1111 1111 1111"
        form.expiry = "12/27"
        form.verificationValue = "739"
        form.street = "1 Long Lane"
        form.postalCode = "12345"
        form.city = "Springfield"
        form.country = "US"
        #expect(
            try await users.signUp(form, from: "192.0.2.1", at: world.now) == .checkYourMail
        )
        let body = try #require(try await outbox.waiting().last?.message?.body)
        let match = try #require(body.firstMatch(of: /([A-Z]{4}-){3}[A-Z]{4}/))
        return String(match.output.0)
    }

    /// Pays one order with the first card.
    func pay() async throws -> OrderPage {
        let page = try await world.page(try await world.order())
        guard case .paid = await world.pay(page) else {
            Issue.record("The payment must be taken.")
            return page
        }
        return page
    }

    /// Pays one order with the first card, and disputes it.
    func dispute() async throws -> TransactionIdentifier {
        let transaction = try await pay().terms.transaction
        let complaint = Dispute.Complaint(
            .notDelivered,
            words: "It never came.",
            isByGuardian: false,
            filedAt: world.now
        )
        let card = world.cards[0]
        _ = try await disputes.file(transaction, of: card, try #require(complaint)).get()
        return transaction
    }

    /// Pays one order whose answer gets lost: the sale is given up, and the value is put back.
    func putBack() async throws -> OrderPage {
        let page = try await world.page(try await world.order())
        world.link.plan.script(.dropRequest, at: 2)
        _ = await world.pay(page)
        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        #expect(await world.payments.giveUpLateSales() == 1)
        #expect(await world.purchases.settleOpenDraws(olderThan: .zero) == 1)
        return page
    }

    /// Takes what was sold to the clearing house, which credits it.
    func credit() async throws -> ClearingHost {
        let world = world
        await world.collect(closesAll: true)
        let parties = try #require(world.clearing)
        await parties.point.round()
        try await parties.house.house.credit { world.now }
        return parties.house
    }

    /// Counts for the overview what has happened.
    func count() async throws {
        let world = world
        try await operators.figures.round(parts) { world.now }
    }

    /// The link to the first card, as the list of cards shows it.
    static func cardPath(_ browser: Browser) async throws -> String {
        let list = try await browser.open("/cards")
        let match = try #require(list.text.firstMatch(of: #/href="(/cards/[^"?]+)"/#))
        return String(match.1)
    }
}

/// Changes one bit of a record's body.
func damage(_ key: RecordKey, in store: any RecordStore) async throws {
    let record = try #require(try await store.read(key))
    var body = record.body
    body[body.count / 2] ^= 1
    let write = RecordWrite.put(
        key,
        expectedRevision: record.revision,
        body: body,
        reply: record.reply,
        isOpen: record.isOpen
    )
    #expect(try await store.commit(Transition(writes: [write])) == .committed)
}

extension Browser {
    /// What each path answers.
    func answers(_ answers: [String: HTTPResponse.Status]) async throws {
        for (path, status) in answers {
            let page = try await open(path)
            #expect(page.status == status, "\(path)")
            try expectWhole(page)
        }
    }
}

/// A bank that knows each account.
private struct EachAccountAccepted: FundingAccountCheck {
    func check(
        _ account: FundingAccount,
        _ verificationValue: CardVerificationValue,
        _ address: BillingAddress
    ) async -> FundingAccountAnswer { .accepted }
}
