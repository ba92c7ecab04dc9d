// SPDX-License-Identifier: Apache-2.0

import Bank
import Hummingbird
import HummingbirdTesting
import Kernel
import Keys
import LoadServer
import OPALServer
import Records
import SecurityModule
import SessionKeys
import Simulation
import Sites
import Testing
import Wire

/// A bank with its site, and a load server, beside the parties of a simulation.
struct FundingWorld {
    static let origin = "https://bank.example"
    static let loadServer = "loads.example"
    static let name = "ada"
    static let stranger = "bob"
    static let password = "a hedge and a garden gate"
    static let identifier = BankIdentifier(bits: 0xBA4C)
    /// Minor units.
    static let deposit: UInt64 = 100_00
    static let minimum: UInt64 = 5_00

    let bank: BankModule
    let customers: BankCustomers
    let account: AccountNumber
    let directory: LoadServerDirectory
    private let clock: VirtualClock
    private let random: SeededRandom

    /// `links`: what stands between the OPAL server and the load server.
    init(_ world: World, link: ((any Link) -> any Link) = { $0 }) async throws {
        let (loadMaster, bankMaster) = (LocalMasterKey.make(), LocalMasterKey.make())
        let (loadStore, bankStore) = (MemoryStore(), MemoryStore())
        clock = world.clock
        random = world.random
        let clock = clock
        let shared = try #require(SharedKey(name: "k1", bytes: world.random.bytes(32)))
        let keys = BankKeyDirectory()
        #expect(keys.add(shared, for: Self.identifier))
        let desk = LoadDesk(
            store: loadStore,
            seals: RecordSealer(loadMaster, party: LoadServerRecords.schema.party),
            keys: LoadSealer(directory: keys, pseudonymKey: world.random.bytes(32)),
            module: try #require(world.cardModule as? any LoadModule),
            banks: [Self.identifier],
            cardSidePeers: ["opal-server"],
            now: { clock.now }
        )
        directory = LoadServerDirectory([
            Self.loadServer: link(DirectLink(to: desk, as: "opal-server"))
        ])
        let seals = RecordSealer(bankMaster, party: BankRecords.schema.party)
        bank = BankModule(
            try #require(
                BankModule.Profile(
                    bank: Self.identifier,
                    name: "Quay Bank",
                    loadServer: Self.loadServer,
                    resultURL: Self.origin + BankSiteSettings.resultPath,
                    informationURL: Self.origin + BankSiteSettings.informationPath,
                    minimumLoad: Self.minimum
                )
            ),
            sealing: LoadOrderSealer(bank: Self.identifier, current: shared),
            recordSealing: seals,
            store: bankStore,
            link: DirectLink(to: desk, as: "bank"),
            random: world.random
        )
        customers = BankCustomers(
            store: bankStore,
            seals: seals,
            passwords: PasswordKeeper(bankMaster, rounds: 16),
            random: world.random
        )
        account = try #require(AccountNumber("QUAY-4711"))
        try await open(world)
    }

    private func open(_ world: World) async throws {
        let now = world.now
        try await bank.openPool(of: world.issuer.identifier, .euro, .cents, now: now)
        try await bank.openAccount(account, owner: Self.name, .euro, .cents, now: now)
        try await bank.deposit(Self.deposit, into: account, now: now)
        for name in [Self.name, Self.stranger] {
            let name = try #require(SignInName(name))
            #expect(try await customers.signIn.make(name, password: Self.password))
        }
        try await customers.give(account, to: try #require(SignInName(Self.name)))
    }

    var site: BankSite {
        get throws {
            let clock = clock
            return BankSite(
                bank: bank,
                customers: customers,
                settings: try #require(
                    BankSiteSettings(
                        name: "Quay Bank",
                        address: Self.origin,
                        cardOrigin: "https://card.example"
                    )
                ),
                templates: try Templates(),
                wording: Wording(),
                now: { clock.now },
                random: random
            )
        }
    }

    /// Minor units in the funds pool of the issuer.
    func inPool(of issuer: IssuerIdentifier) async throws -> UInt64 {
        try await bank.pool(of: issuer, .euro, .cents).minorUnits
    }

    static func signIn(
        _ browser: Browser,
        _ name: String = Self.name,
        _ password: String = Self.password
    ) async throws -> Browser.Page {
        try await browser.open("/sign-in")
        return try await browser.send("/sign-in", ["customer": name, "password": password])
    }
}

/// A person with a card and an account, at both sites.
struct Loader {
    let world: CardWorld
    let bank: Browser
    let card: Browser

    /// Runs a test with a person who is signed in at both.
    static func run(
        _ world: CardWorld? = nil,
        _ test: @escaping @Sendable (Loader) async throws -> Void
    ) async throws {
        let world = if let world { world } else { try await CardWorld() }
        let site = try world.funding.site
        try await Application(router: site.router()).test(.router) { client in
            let bank = Browser(client)
            try await world.browse { card in
                try await world.enter(card)
                #expect(try await FundingWorld.signIn(bank).status == .seeOther)
                try await test(Loader(world: world, bank: bank, card: card))
            }
        }
    }

    /// From *Load my card* to the page with the amounts.
    ///
    /// - Returns: its path.
    @discardableResult
    func ask() async throws -> String {
        try await bank.open("/")
        let inquiry = try await bank.send("/load", ["account": "1"])
        try expectWhole(inquiry)
        let fields = try CardInquiryPage.Field.allCases.map {
            ($0.rawValue, try inquiry.hidden($0.rawValue))
        }
        try await card.send("/inquiry", fields, fromElsewhere: true)
        let path = try #require(card.page.headers[.location])
        try expectWhole(try await card.follow())
        let told = try await card.send(path, ["decision": "tell"])
        #expect(told.status == .seeOther)
        try await bank.open(try local(told))
        let amounts = try #require(bank.page.headers[.location])
        try await bank.follow()
        return amounts
    }

    /// Holds an amount and brings the load page to the card site; its consent page is shown then.
    ///
    /// - Returns: the path of the load at the bank, and of the consent page.
    func begin(_ amount: String) async throws -> (bank: String, card: String) {
        let path = try await ask()
        try await bank.send(path, ["amount": amount])
        let load = try #require(bank.page.headers[.location])
        try await bank.follow()
        return (String(load.dropLast("/card".count)), try await bringPage())
    }

    /// Brings the load page that the bank shows to the card site.
    func bringPage() async throws -> String {
        try expectWhole(bank.page)
        let fields = try LoadPage.Field.allCases.map {
            ($0.rawValue, try bank.page.hidden($0.rawValue))
        }
        try await card.send("/load", fields, fromElsewhere: true)
        let path = try #require(card.page.headers[.location])
        try expectWhole(try await card.follow())
        return path
    }

    /// Brings the result that the card site shows to the bank; the outcome is shown then.
    @discardableResult
    func bringResult() async throws -> Browser.Page {
        let fields = [
            ("transaction", try card.page.hidden("transaction")),
            ("result", try card.page.hidden("result")),
        ]
        try await bank.send(BankSiteSettings.resultPath, fields, fromElsewhere: true)
        return try await bank.follow()
    }

    /// The address that a page sends to, without the bank's origin.
    private func local(_ page: Browser.Page) throws -> String {
        let address = try #require(page.headers[.location])
        #expect(address.hasPrefix(FundingWorld.origin + "/"))
        return String(address.dropFirst(FundingWorld.origin.count))
    }

    /// The receipts of loads that wait to be sent.
    func receipts() async throws -> [MailMessage] {
        try await world.outbox.waiting().compactMap(\.message)
            .filter { $0.subject.contains("loaded") }
    }

    func account() async throws -> Account {
        try await world.funding.bank.account(world.funding.account)
    }
}
