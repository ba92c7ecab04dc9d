// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Kernel
import Keys
import LoyaltyServer
import Merchant
import Records
import SecurityModule
import Simulation
import Sites
import Synchronization
import Testing
import Wire

/// The airline's site in a world of real parties, whose merchant it is.
struct AirlineFixture {
    let world: World
    let loyalty: LoyaltyModule
    let benefits: Benefits
    let desk: RedemptionDesk
    let site: AirlineSite
    let store = FaultyStore(MemoryStore())
    let opalServer = EnteringLink()

    /// CURR: 9001 on the card, 9002 in the database.
    static let miles: UInt16 = 0x9001
    static let club: UInt16 = 0x9002
    static let card = "00112233445566778899aabbccddeeff"
    static let otherCard = "ff112233445566778899aabbccddeeff"
    static let checkoutURL = "https://card.example:8443/checkout"

    init() async throws {
        var plan = WorldPlan()
        plan.merchants = 2
        let world = try await World(plan)
        let seals = RecordSealer(LocalMasterKey.make(), party: "loyalty_server")
        loyalty = LoyaltyModule(
            recordSealing: seals,
            store: store,
            link: opalServer,
            random: world.random
        )
        benefits = Benefits(store: store, seals: seals, random: world.random)
        desk = RedemptionDesk(merchant: world.merchant(), loyalty: loyalty, benefits: benefits)
        self.world = world
        let codes = try [Self.miles, Self.club].map { try #require(Currency(bcd: $0)) }
        let settings = try #require(
            AirlineSettings(
                address: "https://air.example",
                checkoutURL: Self.checkoutURL,
                programmes: codes
            )
        )
        site = AirlineSite(
            desk: desk,
            content: try AirlineContent(),
            settings: settings,
            templates: try Templates(),
            wording: Wording(),
            now: { world.now },
            random: world.random
        )
        try await found("Skylark Miles", codes[0], .card)
        try await found("Skylark Club", codes[1], .database)
        try await offer("lounge", Self.miles, points: 300)
        try await offer("window", Self.miles, points: 50, cents: 250)
        try await offer("wings", Self.club, points: 100, stock: 1)
        try await offer("bag", Self.club, points: 80, cents: 400)
        let file = Benefit.Handout.file(name: "skylark-routes.svg", mediaType: "image/svg+xml")
        try await offer("routes", Self.miles, points: 25, stock: nil, file)
    }

    private func found(
        _ name: String,
        _ code: Currency,
        _ home: Programme.Home
    ) async throws {
        let programme = Programme(
            code: code,
            exponent: .units,
            name: name,
            home: home,
            balanceMax: 1_000_000,
            sites: [world.merchant().profile.merchant],
            partners: []
        )
        let rule = try EarnRule(
            points: 1,
            per: Money(minorUnits: 10, currency: .euro, exponent: .cents),
            rounding: .down,
            pendingDays: 0,
            expiry: .months(24)
        )
        try await loyalty.create(try #require(programme), rule, now: world.now)
    }

    func offer(
        _ code: String,
        _ programme: UInt16,
        points: UInt64,
        cents: UInt64? = nil,
        stock: UInt64? = 5,
        _ handout: Benefit.Handout = .voucher
    ) async throws {
        let code = try #require(BenefitCode(code))
        let currency = try #require(Currency(bcd: programme))
        let price = Benefit.Price(
            points: Money(minorUnits: points, currency: currency, exponent: .units),
            money: cents.map { Money(minorUnits: $0, currency: .euro, exponent: .cents) }
        )
        let benefit = Benefit(
            code: code,
            programme: currency,
            title: "The \(code.text)",
            description: "What \(code.text) is",
            price: try #require(price),
            handout: handout
        )
        try await benefits.put(try #require(benefit), stock: stock, now: world.now)
    }

    /// Runs a test against the site.
    func run(_ test: @escaping @Sendable (Browser) async throws -> Void) async throws {
        let application = Application(router: site.router())
        try await application.test(.router) { client in try await test(Browser(client)) }
    }
}

/// An OPAL server that enters numbers on cards, or refuses to; it answers nothing else.
final class EnteringLink: Link {
    private let refusal = Mutex<PointsRefusal?>(nil)

    func refuse(_ reason: PointsRefusal?) { refusal.withLock { $0 = reason } }

    func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        guard case .enrol(let proof, _) = try? PointsMessage(request) else { throw .notSent }
        switch refusal.withLock({ $0 }) {
        case nil: return PointsMessage.enrolled(proof).bytes
        case let reason?: return PointsMessage.refusal(proof, reason).bytes
        }
    }
}

// What people, cards and the payment server do.
extension AirlineFixture {
    /// The order page that a browser is sent to, as the card site reads it.
    func page(_ browser: Browser, _ path: String) async throws -> OrderPage {
        let fields = try await browser.open(path).fields
        return try OrderPage { fields[$0.rawValue] }
    }

    /// What the payment server seals for the airline.
    func result(
        _ page: OrderPage,
        card: String = card,
        _ outcome: SaleOutcome = .sold,
        memberships: [Membership] = []
    ) async throws -> [String: String] {
        let session = try await world.saleKeys.session(for: page.terms, page.proof)
        let sealed = try await session.sealResult(
            MerchantDebitResult(
                transaction: page.terms.transaction,
                merchant: page.terms.merchant,
                amount: page.terms.amount,
                outcome: outcome,
                reason: outcome == .refused ? .insufficientValue : nil,
                cardPseudonym: card,
                securityCard: SecurityCardIdentifier(acquirer: 7, serial: 1),
                securityCardNumber: 1,
                time: CardTime(world.now),
                memberships: memberships,
                otherHalf: page.terms.otherHalf
            )
        )
        return [
            "transaction": page.terms.transaction.text,
            "result": String(decoding: sealed, as: UTF8.self),
        ]
    }

    /// Brings a result from the card site: without cookies, as browsers do.
    @discardableResult
    func bring(_ result: [String: String], _ browser: Browser) async throws -> Browser.Page {
        try await browser.send("/status", result.map { ($0.key, $0.value) }, fromElsewhere: true)
    }

    /// Begins a sign-in and gives the order page.
    func beginSignIn(_ browser: Browser, from path: String = "/") async throws -> OrderPage {
        let start = try await browser.open(path)
        var fields = ["csrf": start.csrf]
        if let benefit = start.fields["benefit"] { fields["benefit"] = benefit }
        let answer = try await browser.submit("/sign-in", fields)
        #expect(answer.status == .seeOther && answer.location.hasPrefix("/order/"))
        return try await page(browser, answer.location)
    }

    /// Signs in and gives the page behind it.
    @discardableResult
    func signIn(
        _ browser: Browser,
        card: String = card,
        from path: String = "/",
        memberships: [Membership] = []
    ) async throws -> Browser.Page {
        let page = try await beginSignIn(browser, from: path)
        try await bring(
            try await result(page, card: card, memberships: memberships),
            browser
        )
        try await browser.follow()
        return try await browser.follow()
    }

    /// Signs in and joins both programmes.
    func join(_ browser: Browser, card: String = card) async throws {
        try await signIn(browser, card: card)
        try await joinBoth(browser)
    }

    /// Joins both programmes in the session that there is.
    func joinBoth(_ browser: Browser) async throws {
        let page = try await browser.open("/member")
        for programme in ["9001", "9002"] {
            let answer = try await browser.submit(
                "/join",
                ["programme": programme, "csrf": page.csrf]
            )
            #expect(answer.status == .seeOther)
        }
        try await browser.open("/member")
    }

    func member(_ programme: UInt16, card: String = card) async throws -> Membership {
        let pseudonym = try #require(CardPseudonym(text: card))
        let currency = try #require(Currency(bcd: programme))
        return try #require(try await loyalty.membership(of: pseudonym, in: currency))
    }

    /// Gives a member points of the club, with an earn file of one line.
    func give(_ points: UInt64, card: String = card) async throws {
        let member = try await member(Self.club, card: card)
        let digest = world.random.bytes(EarnBatch.Name.digestBytes)
        let name = try #require(EarnBatch.Name(programme: member.programme, digest: digest))
        _ = try await loyalty.begin(
            name,
            fileName: "points.csv",
            header: Array("reference,member,points,date".utf8)[...],
            lines: 1,
            now: world.now
        )
        let date = CivilDate(day: world.now.day)
        let day = [date.month, date.dayOfMonth].map { ($0 < 10 ? "-0" : "-") + String($0) }
        let line =
            "\(Hex.text(Array(digest.prefix(8)))),\(member.number.text),\(points),\(date.year)"
            + day.joined()
        let batch = try await loyalty.apply(
            [Array(line.utf8)[...]],
            of: name,
            from: 0,
            now: world.now
        )
        #expect(batch.position == 1)
        #expect(try await available(card: card) >= points)
    }

    /// What is in the database for a member of the club.
    func available(card: String = card) async throws -> UInt64 {
        let member = try await loyalty.member(try await member(Self.club, card: card))
        return member.available(at: CardTime(world.now))
    }

    func left(_ code: String) async throws -> UInt64? {
        try await benefits.find(try #require(BenefitCode(code))).left
    }

    /// Presses *Redeem* on the page of a benefit.
    @discardableResult
    func redeem(_ browser: Browser, _ code: String) async throws -> Browser.Page {
        let page = try await browser.open("/benefits/\(code)")
        return try await browser.submit("/redeem", ["benefit": code, "csrf": page.csrf])
    }
}
