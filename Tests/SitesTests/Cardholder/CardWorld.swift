// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Kernel
import Keys
import OPALServer
import Records
import SecurityModule
import SessionKeys
import Simulation
import Sites
import Synchronization
import Testing
import Wire

/// The card site with everything behind it: all parties of a simulation, and real users.
struct CardWorld {
    static let identifier = "anna.b"
    static let email = "anna@example.org"
    static let password = "correct horse battery"
    /// Minor units on a new card.
    static let value: UInt64 = 5000

    let world: World
    let site: CardholderSite
    private let parts: CardholderSite.Parts
    private let settings: CardholderSite.Settings
    let desk: CardDesk
    let outbox: MailOutbox
    let purchases: Purchases
    let loads: Loads
    let funding: FundingWorld
    let accounts: FixedAccountCheck
    let users: UserDirectory
    /// What the site has where `isFunded`.
    let family: CardholderFunding
    let gateway = ScriptedFunds()
    let disputes: DisputeDesk
    /// Takes what nobody uses for a month.
    let sweeps: SweepDesk

    /// `isFunded`: whether the site loads from accounts on file, and has pages for guardians.
    init(
        origin: String = "https://card.example",
        answer: FundingAccountAnswer = .accepted,
        isFunded: Bool = false,
        loadLink: (any Link) -> any Link = { $0 }
    ) async throws {
        let world = try await World()
        let master = LocalMasterKey.make()
        let seals = RecordSealer(master, party: "opal_server")
        let (store, clock) = (world.opalStore, world.clock)
        accounts = FixedAccountCheck(answer: answer)
        let users = Self.users(world, master, accounts, origin)
        var purchases = world.purchases
        purchases.mails = SettlementMails(users)
        outbox = MailOutbox(store: store, sealing: seals)
        try await Self.keepIssuer(world, seals)
        let funding = try await FundingWorld(world, link: loadLink)
        self.funding = funding
        let module = world.cardModule
        loads = Self.loads(world, seals, funding, purchases.mails)
        let loadModule = try #require(module as? any LoadModule)
        let desk = CardDesk(
            store: store,
            module: module,
            loads: loadModule,
            seals: seals,
            random: world.random,
            now: { clock.now }
        )
        purchases.refusals = PurchaseRefusals(users: users, desk: desk)
        self.purchases = purchases
        let guardians = Guardians(users: users, desk: desk)
        let family = try Self.family(world, users, desk, guardians, loadModule, gateway)
        (self.users, self.family) = (users, family)
        disputes = DisputeDesk(
            users: users,
            purchases: purchases,
            clearingHouses: ["clearing-house"],
            now: { clock.now }
        )
        sweeps = try await Self.sweeps(world, seals, users, loadModule)
        parts = CardholderSite.Parts(
            users: users,
            desk: desk,
            purchases: purchases,
            loads: loads,
            guardians: guardians,
            succession: Self.succession(world, users, desk, loadModule),
            offers: Offers(store: store, seals: seals, random: world.random),
            templates: try Templates(),
            wording: Wording(),
            now: { clock.now },
            random: world.random,
            funding: isFunded ? family : nil,
            disputes: disputes
        )
        settings = try Self.settings(world, origin)
        site = CardholderSite(parts: parts, settings: settings)
        (self.world, self.desk) = (world, desk)
    }

    private static func sweeps(
        _ world: World,
        _ seals: RecordSealer,
        _ users: UserDirectory,
        _ loads: any LoadModule
    ) async throws -> SweepDesk {
        let (store, module, clock) = (world.opalStore, world.cardModule, world.clock)
        let reporter = FloatReporter(
            ledger: (MemoryStore(), seals),
            cards: store,
            module: module
        )
        let rule = DormancyRule(months: 1, dormant: .moved, expired: .moved)
        try await reporter.set(try #require(rule), of: world.issuer.identifier)
        return SweepDesk(
            book: SweepBook(cards: (store, seals)),
            reporter: reporter,
            module: module,
            loads: loads,
            emulator: Emulator(module: module, store: store, random: world.random),
            mails: SettlementMails(users),
            random: world.random,
            now: { clock.now }
        )
    }

    private static func settings(
        _ world: World,
        _ origin: String
    ) throws -> CardholderSite.Settings {
        CardholderSite.Settings(
            origin: try #require(Origin(of: origin)),
            brandName: "Harbour Bank",
            shop: .init("Shop", "https://press.example/"),
            banks: [.init("Quay Bank", FundingWorld.origin)],
            issuer: world.issuer.identifier
        )
    }

    private static func succession(
        _ world: World,
        _ users: UserDirectory,
        _ desk: CardDesk,
        _ module: any LoadModule
    ) -> CardSuccession {
        CardSuccession(
            users: users,
            desk: desk,
            emulator: Emulator(
                module: world.cardModule,
                store: world.opalStore,
                random: world.random
            ),
            module: world.cardModule,
            loads: module,
            random: world.random
        )
    }

    private static func users(
        _ world: World,
        _ master: LocalMasterKey,
        _ accounts: FixedAccountCheck,
        _ origin: String
    ) -> UserDirectory {
        let hasher = TokenHasher(master)
        return UserDirectory(
            store: world.opalStore,
            sealing: RecordSealer(master, party: "opal_server"),
            passwords: PasswordKeeper(master, rounds: 16),
            accounts: accounts,
            random: world.random,
            tokenHash: { hasher.hash($0) },
            wording: MailWording(
                logonURL: origin + CardholderSite.signInPath,
                amountText: { Wording().reader(.english).amount($0) }
            )
        )
    }

    /// Loads from banks.
    private static func loads(
        _ world: World,
        _ seals: RecordSealer,
        _ funding: FundingWorld,
        _ mails: SettlementMails?
    ) -> Loads {
        let clock = world.clock
        var loads = Loads(
            store: world.opalStore,
            seals: seals,
            keys: CreditSealer(),
            emulator: Emulator(
                module: world.cardModule,
                store: world.opalStore,
                random: world.random
            ),
            directory: funding.directory,
            now: { clock.now }
        )
        loads.mails = mails
        return loads
    }

    private static func family(
        _ world: World,
        _ users: UserDirectory,
        _ desk: CardDesk,
        _ guardians: Guardians,
        _ module: any LoadModule,
        _ gateway: ScriptedFunds
    ) throws -> CardholderFunding {
        let clock = world.clock
        let emulator = Emulator(
            module: world.cardModule,
            store: world.opalStore,
            random: world.random
        )
        let merchant = try #require(MerchantIdentifier("HARBOUR-LOADS"))
        let acceptor = try #require(
            CardAcceptor(
                terminal: "OPAL0001",
                merchant: merchant,
                name: "Harbour Bank cards",
                city: "Springfield",
                country: "US"
            )
        )
        let loads = AccountLoads(
            users: users,
            desk: desk,
            emulator: emulator,
            module: module,
            gateway: gateway,
            settings: .init(minimum: 500, menu: [1_000, 2_500, 5_000], acceptor: acceptor),
            now: { clock.now }
        )
        return CardholderFunding(
            loads: loads,
            orders: StandingOrders(loads: loads, guardians: guardians)
        )
    }

    /// With a gate between the OPAL server and the load server.
    static func withLoadGate() async throws -> (LoadGate, CardWorld) {
        let passes = LoadGate.Passes()
        let world = try await CardWorld(loadLink: { LoadGate.Through(link: $0, passes: passes) })
        return (LoadGate(passes), world)
    }

    /// The issuer's record, with value for new cards.
    private static func keepIssuer(_ world: World, _ seals: RecordSealer) async throws {
        let issuer = Issuer(
            identifier: world.issuer.identifier,
            name: world.issuer.name,
            currency: .euro,
            exponent: .cents,
            balanceMax: 50_000,
            validMonths: 24,
            newCardValue: value
        )
        let write = try await CardDesk.write(issuer, sealedBy: seals)
        #expect(try await world.opalStore.commit(Transition(writes: [write])) == .committed)
    }

    /// Runs a test in front of the site, with one browser.
    func browse(_ test: @escaping @Sendable (Browser) async throws -> Void) async throws {
        let application = Application(router: site.router())
        try await application.test(.router) { client in
            try await test(Browser(client))
        }
    }

    /// The same in front of a site of the same people that has no gateway any more.
    func browseWithoutGateway(
        _ test: @escaping @Sendable (Browser) async throws -> Void
    ) async throws {
        let parts = CardholderSite.Parts(
            users: parts.users,
            desk: parts.desk,
            purchases: parts.purchases,
            loads: parts.loads,
            guardians: parts.guardians,
            succession: parts.succession,
            offers: parts.offers,
            templates: parts.templates,
            wording: parts.wording,
            now: parts.now,
            random: parts.random
        )
        let application = Application(
            router: CardholderSite(parts: parts, settings: settings).router()
        )
        try await application.test(.router) { client in
            try await test(Browser(client))
        }
    }

    static let signUpFields = [
        "userIdentifier": identifier, "email": email, "password": "first chosen password",
        "accountNumber": "4111 1111 1111 1111", "expiry": "12/27", "verificationValue": "739",
        "street": "1 Long Lane", "postalCode": "12345", "city": "Springfield", "country": "US",
    ]

    /// The one-time password of the newest mail, or of the newest to an address.
    func mailedPassword(to email: String? = nil) async throws -> String {
        let mails = try await outbox.waiting().compactMap(\.message)
        let body = try #require(mails.last { email == nil || $0.to == email }?.body)
        let match = try #require(body.firstMatch(of: /([A-Z]{4}-){3}[A-Z]{4}/))
        return String(match.output.0)
    }

    /// Opens a card and signs in.
    func enter(_ browser: Browser, as identifier: String = identifier) async throws {
        try await browser.open("/sign-up")
        var fields = Self.signUpFields
        fields["userIdentifier"] = identifier
        try await browser.send("/sign-up", fields)
        try await arrive(browser, identifier)
    }

    /// Signs in with the mailed password and chooses another.
    func arrive(
        _ browser: Browser,
        _ identifier: String,
        mailTo email: String? = nil
    ) async throws {
        try await browser.open("/sign-in")
        try await browser.send(
            "/sign-in",
            ["userIdentifier": identifier, "password": try await mailedPassword(to: email)]
        )
        try await browser.follow()
        try await browser.send(
            "/new-password",
            ["newPassword": Self.password, "repeatedPassword": Self.password]
        )
        try await browser.follow()
        #expect(browser.page.status == .ok)
    }

    /// After this the cards of the first day have expired.
    static let expiryTime = Duration.seconds(800 * 86_400)

    /// Signs in once more.
    func signIn(_ browser: Browser, as identifier: String = identifier) async throws {
        try await browser.open("/sign-in")
        try await browser.send(
            "/sign-in",
            ["userIdentifier": identifier, "password": Self.password]
        )
        try await browser.follow()
    }

    /// Orders at the shop and brings the order page to the site; the consent page is shown then.
    ///
    /// - Returns: the path of the consent page.
    @discardableResult
    func checkout(_ browser: Browser, article: Int = 0) async throws -> String {
        let page = try await world.page(try await world.order(article))
        return try await checkout(
            browser,
            fields: page.fields.map { ($0.0.rawValue, $0.1) }
        )
    }

    @discardableResult
    func checkout(_ browser: Browser, fields: [(String, String)]) async throws -> String {
        // Another site posts: the browser sends no cookie that is SameSite=Lax.
        try await browser.send("/checkout", fields, fromElsewhere: true)
        guard browser.page.status == .seeOther else { return "" }
        let path = try #require(browser.page.headers[.location])
        try await browser.follow()
        return path
    }
}

struct FixedAccountCheck: FundingAccountCheck {
    let answer: FundingAccountAnswer

    func check(
        _ account: FundingAccount,
        _ verificationValue: CardVerificationValue,
        _ address: BillingAddress
    ) async -> FundingAccountAnswer { answer }
}

/// Lets so many messages to the load server pass, and no more.
struct LoadGate: Sendable {
    final class Passes: Sendable {
        let count = Mutex(Int.max)
    }

    struct Through: Link {
        let link: any Link
        let passes: Passes

        func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
            let isOpen = passes.count.withLock { count in
                guard count > 0 else { return false }
                if count < .max { count -= 1 }
                return true
            }
            guard isOpen else { throw .notSent }
            return try await link.request(request)
        }
    }

    private let all: Passes

    init(_ passes: Passes) {
        all = passes
    }

    var passes: Int {
        get { all.count.withLock { $0 } }
        nonmutating set { all.count.withLock { $0 = newValue } }
    }
}
