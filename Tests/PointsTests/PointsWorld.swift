// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
import Keys
import Merchant
import OPALServer
import Records
import SecurityModule
import Synchronization
import Testing
import Wire

@testable import Simulation

/// A world of purchases with a programme: points on cards, a loyalty server that notes what it is
/// told. The first shop is a site of the programme, the second a partner.
struct PointsWorld {
    static let peer = "sky.example"

    let world: World
    let programme: Programme
    let programmes: ProgrammeDirectory
    let seals: RecordSealer
    let loyalty = Listener()
    /// To the loyalty server.
    let link: FaultyLink

    init(home: Programme.Home = .card, cardValues: [UInt64] = [10_000, 10_000]) async throws {
        var plan = WorldPlan()
        plan.merchants = 2
        plan.cardValues = cardValues
        plan.hasCardholders = true
        world = try await World(plan)
        seals = RecordSealer(world.keys.hsm, party: OPALServerRecords.schema.party)
        link = FaultyLink(DirectLink(to: loyalty, as: "opal-server"))
        programmes = ProgrammeDirectory(store: world.opalStore, seals: seals)
        let code = try #require(Currency(bcd: 0x9001))
        programme = try #require(
            Programme(
                code: code,
                exponent: .units,
                name: "Sky miles",
                home: home,
                balanceMax: 1_000,
                sites: [world.shops[0].merchant],
                partners: [world.shops[1].merchant]
            )
        )
        try await programmes.put(.init(programme, peer: Self.peer))
        let issuer = try await CardDesk.write(world.issuer, sealedBy: seals)
        #expect(try await world.opalStore.commit(Transition(writes: [issuer])) == .committed)
    }

    // MARK: Parties

    var module: any CardModule { world.cardModule }

    var loads: any LoadModule {
        get throws { try #require(world.cardModule as? SoftwareModule) }
    }

    var emulator: Emulator {
        Emulator(module: module, store: world.opalStore, random: world.random)
    }

    var expiry: PointsExpiry {
        let clock = world.clock
        return PointsExpiry(
            store: world.opalStore,
            seals: seals,
            module: module,
            emulator: emulator,
            now: { clock.now }
        )
    }

    var desk: PointsDesk {
        get throws {
            let clock = world.clock
            return PointsDesk(
                store: world.opalStore,
                seals: seals,
                module: module,
                loads: try loads,
                emulator: emulator,
                random: world.random,
                now: { clock.now }
            )
        }
    }

    var notices: EarnNotices {
        let clock = world.clock
        return EarnNotices(
            store: world.opalStore,
            seals: seals,
            programmes: programmes,
            links: ProgrammeLinks([programme.code: link]),
            now: { clock.now }
        )
    }

    var purchases: Purchases {
        var purchases = world.purchases
        purchases.points = PurchasePoints(
            programmes: programmes,
            expiry: expiry,
            notices: notices
        )
        return purchases
    }

    var auditor: CardAuditor {
        CardAuditor(store: world.opalStore, module: module, seals: seals)
    }

    /// Cards of holders who can renew them.
    var succession: CardSuccession {
        get throws {
            CardSuccession(
                users: Cardholders(world.keys, world.opalStore, world.random).directory,
                desk: world.desk,
                emulator: emulator,
                module: module,
                loads: try loads,
                random: world.random
            )
        }
    }

    // MARK: What the loyalty server asks

    func membership(_ number: String = "SKY-7") throws -> Membership {
        Membership(programme: programme.code, number: try #require(MemberNumber(number)))
    }

    func ask(
        _ message: PointsMessage,
        as peer: String = PointsWorld.peer
    ) async throws -> PointsMessage {
        try PointsMessage(try await desk.answer(message.bytes, from: peer))
    }

    /// A day so many days from now.
    func date(_ days: Int64) -> CardDate {
        CardDate(CivilDate(day: world.now.day + days))
    }

    func credit(
        _ amount: UInt64,
        until days: Int64 = 100,
        _ transaction: TransactionIdentifier? = nil,
        number: String = "SKY-7"
    ) throws -> PointsCredit {
        PointsCredit(
            transaction: transaction
                ?? TransactionIdentifier(at: world.now, random: world.random.pair()),
            membership: try membership(number),
            amount: programme.points(amount),
            expiry: date(days),
            note: "Flight 12"
        )
    }

    /// A member with these points, each until so many days from now.
    func member(
        _ points: [(UInt64, Int64)] = [],
        card: Int = 0,
        number: String = "SKY-7"
    ) async throws {
        try await desk.enrol(world.cards[card], membership(number))
        for (amount, days) in points {
            let credit = try credit(amount, until: days, number: number)
            guard case .credited = try await ask(.credit(credit)) else { throw Unexpected() }
        }
    }

    func describe(_ card: Int = 0) async throws -> CardDescription {
        try #require(try await world.desk.describe(world.cards[card]))
    }

    func tranches(_ card: Int = 0) async throws -> [PointsTranche] {
        try await describe(card).points(of: programme.code)?.tranches.all ?? []
    }

    func tranche(_ amount: UInt64, _ days: Int64) -> PointsTranche {
        PointsTranche(expiry: date(days), minorUnits: amount)
    }

    func history(_ card: Int = 0) async throws -> [CardHistoryEntry.Event] {
        try await world.desk.history(world.cards[card], after: 0, limit: 1_000)
            .map(\.entry.event)
    }

    // MARK: Purchases

    /// An order in points of the programme.
    func offer(points: UInt64, at shop: Int = 0) async throws -> OrderPage {
        let article = try #require(
            Article(
                identifier: "seat",
                title: "A seat",
                description: "A seat at the window",
                price: programme.points(points),
                contentFile: "seat.txt",
                mediaType: "text/plain"
            )
        )
        let ticket = try await world.merchant(shop).order(article, now: world.now)
        return try await world.page(ticket, at: shop)
    }

    /// An order of the first article, 1.50.
    func offer(at shop: Int) async throws -> OrderPage {
        try await world.page(try await world.order(at: shop), at: shop)
    }

    func pay(_ page: OrderPage, card: Int = 0) async -> PurchaseOutcome {
        await purchases.pay(page, with: world.cards[card])
    }

    /// A proof of identity at a shop, as the OPAL server remembers it.
    func prove(
        card: Int = 0,
        at shop: Int = 0,
        _ state: DrawState = .sold,
        in currency: Currency = .nothing
    ) async throws -> TransactionIdentifier {
        let page = try await offer(at: shop)
        #expect(await pay(page, card: card).isPaid)
        let transaction = page.terms.transaction
        let record = try #require(try await world.opalStore.read(DrawRecord.key(transaction)))
        let draw = try await world.purchases.open(record).draw
        let terms = OrderTerms(
            transaction: TransactionIdentifier(at: world.now, random: world.random.pair()),
            merchant: draw.terms.merchant,
            amount: Money(minorUnits: 0, currency: currency, exponent: .units),
            policy: draw.terms.policy,
            madeAt: draw.terms.madeAt,
            statusURL: draw.terms.statusURL
        )
        var proof = DrawRecord(
            card: draw.card,
            debitedAt: draw.debitedAt,
            page: OrderPage(
                terms: terms,
                proof: page.proof,
                paymentServer: draw.paymentServer,
                description: draw.description,
                sessionKey: draw.sessionKey
            ),
            command: draw.command,
            answer: draw.answer
        )
        proof.state = state
        let key = DrawRecord.key(terms.transaction)
        let body = try await seals.seal(
            proof.bytes,
            name: key.sealName(isOpen: state.isOpen),
            revision: 1
        )
        let write = RecordWrite.put(
            key,
            expectedRevision: 0,
            body: body,
            isOpen: state.isOpen
        )
        #expect(try await world.opalStore.commit(Transition(writes: [write])) == .committed)
        return terms.transaction
    }

    /// Every record opens, every row is right, and points are where they belong: loads and
    /// recoveries less debits and what expired are on the cards.
    func expectSound(_ place: SourceLocation = #_sourceLocation) async throws {
        let report = try await auditor.run {}
        #expect(report.findings == [], sourceLocation: place)
        let unit = programme.points(0)
        let came = report.loaded[unit, default: 0] + report.recovered[unit, default: 0]
        let gone = report.debited[unit, default: 0] + report.expired[unit, default: 0]
        #expect(came == gone + report.onCards[unit, default: 0], sourceLocation: place)
    }
}

/// A loyalty server that notes what it is told.
final class Listener: LinkService {
    private let heard = Mutex<[PurchaseNotice]>([])
    private let refusal = Mutex<PointsRefusal?>(nil)

    var notices: [PurchaseNotice] { heard.withLock { $0 } }

    func refuse(_ reason: PointsRefusal?) { refusal.withLock { $0 = reason } }

    func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        guard case .purchase(let notice) = try? PointsMessage(request) else {
            return PointsMessage.refusal(.unknown, .malformed).bytes
        }
        heard.withLock { $0.append(notice) }
        if let reason = refusal.withLock({ $0 }) {
            return PointsMessage.refusal(notice.transaction, reason).bytes
        }
        return PointsMessage.noted(notice.transaction).bytes
    }
}

struct Unexpected: Error {}

extension PurchaseOutcome {
    var isPaid: Bool { if case .paid = self { true } else { false } }

    var refusal: Refusal? { if case .refused(let refusal) = self { refusal } else { nil } }
}

extension PointsMessage {
    var refusal: PointsRefusal? {
        if case .refusal(_, let reason) = self { reason } else { nil }
    }
}
