// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer
import Merchant
import OPALServer
import PaymentServer
import Synchronization
import Wire

/// People of a ``Run`` who are members of the programmes: they prove who they are at the site,
/// spend points there, and let the programme do what its operator does. What they do is drawn from
/// a stream of their own, so that a run without them is what it would be.
final class PointsCustomers: Sendable {
    /// A redemption in the database that somebody asked for.
    struct Asked: Sendable {
        let transaction: TransactionIdentifier
        let membership: Membership
        let points: UInt64
    }

    private struct State {
        var stepsLeft: Int
        var purchases: [Scenario.Purchase] = []
        var members: [Membership] = []
        /// People who are members.
        var joined: Set<Int> = []
        var asked: [Asked] = []
        var files: [EarnFile] = []
        /// Payments whose tab was closed.
        var unwatched = 0
    }

    let world: World
    let scenario: Scenario
    let host: LoyaltyHost
    let random: SeededRandom
    private let people: Int
    private let pace: Pace
    private let state: Mutex<State>

    static let people = ["Mia", "Noah", "Olga"]
    private static let thinkMax = 6_000
    /// Steps concern one of the last purchases.
    private static let recent = 6

    /// `steps`: of all members together, besides those of other people.
    ///
    /// - Returns: nil where the world has no programme.
    init?(_ scenario: Scenario, _ pace: Pace, _ plan: PointsPlan, steps: Int) {
        guard let host = scenario.world.loyalty else { return nil }
        world = scenario.world
        self.scenario = scenario
        self.host = host
        self.pace = pace
        people = plan.people
        random = SeededRandom(seed: plan.seed)
        state = Mutex(State(stepsLeft: steps))
    }

    var story: Story { scenario.story }
    var now: Instant { world.fates.now(of: .loyaltyServer) }

    /// Whether nobody waits for an answer any more.
    var isIdle: Bool { state.withLock { $0.unwatched == 0 } }

    /// What was before the run: all but the last are members, and have points on their cards.
    func begin() async {
        await world.payments.refreshTerminals()
        for person in 0..<people - 1 { await enrol(person, with: person) }
        for programme in host.programmes { await welcome(to: programme) }
        // Numbers come onto cards first, and points then, where nothing fails.
        for _ in 0..<6 {
            await host.round()
            await world.points?.round()
        }
    }

    /// One person's steps, until no more are left for anybody; the last becomes a member first.
    func live(_ person: Int) async {
        if person == people - 1, takeStep() { await enrol(person, with: person) }
        while true {
            await world.clock.sleep(for: .milliseconds(random.below(Self.thinkMax)))
            guard takeStep() else { return }
            await step(person)
        }
    }

    /// Nobody begins another step.
    func stop() { state.withLock { $0.stepsLeft = 0 } }

    private func takeStep() -> Bool {
        state.withLock { state in
            state.stepsLeft -= 1
            return state.stepsLeft >= 0
        }
    }

    private func step(_ person: Int) async {
        let isMember = state.withLock { $0.joined.contains(person) }
        if !isMember, !random.isOne(in: 3) { return await enrol(person, with: person) }
        switch random.below(30) {
        case 0, 1, 2: await enrol(person, with: card(of: person))
        case 3..<10: await buy(host.goods.seat, person)
        case 10..<14: await buy(host.goods.mixed[random.below(host.goods.mixed.count)], person)
        case 14, 15: await buyTwice(person)
        case 16: await payAgain(person)
        case 17, 18, 19: await payAndLeave(person)
        case 20, 21: await applyFile(to: host.programmes[random.below(host.programmes.count)])
        case 22: await applyFileAgain()
        case 23, 24, 25: await redeem(person, with: card(of: person))
        case 26: await redeemAgain()
        case 27, 28: await giveBack()
        default: await wait(person)
        }
    }

    func tell(_ person: Int, _ what: String) { story.add("\(Self.people[person]) \(what)") }

    func name(_ purchase: Scenario.Purchase) -> String { story.name(purchase.ticket.transaction) }

    /// Mostly the person's own card; those who buy have the same ones.
    private func card(of person: Int) -> Int {
        random.isOne(in: 6) ? random.below(world.cards.count) : person % world.cards.count
    }

    /// After everything has worked again: who has paid fetches the goods.
    func fetchAll() async {
        for purchase in state.withLock(\.purchases) { await scenario.fetch(purchase) }
    }

    // MARK: What members and the operator remember

    func keep(_ member: Membership, of person: Int) {
        state.withLock { state in
            state.joined.insert(person)
            if !state.members.contains(member) { state.members.append(member) }
        }
    }

    func keep(_ asked: Asked) { state.withLock { $0.asked.append(asked) } }

    func keep(_ file: EarnFile) { state.withLock { $0.files.append(file) } }

    var members: [Membership] { state.withLock(\.members) }
    var fileCount: Int { state.withLock(\.files.count) }
    var anyAsked: Asked? { any { $0.asked } }
    var anyFile: EarnFile? { any { $0.files } }

    private func any<Value: Sendable>(_ part: (State) -> [Value]) -> Value? {
        let last = state.withLock { part($0).suffix(Self.recent) }
        return last.isEmpty ? nil : last[last.startIndex + random.below(last.count)]
    }

    // MARK: Buying at the site

    private func order(_ article: Article) async -> Scenario.Purchase? {
        let shop = LoyaltyHost.site
        guard let ticket = try? await world.order(article, at: shop),
            let page = try? await world.page(ticket, at: shop)
        else {
            story.add("the site takes no order")
            // Nothing was done. A site that is away for long would use up everybody's steps.
            state.withLock { if $0.stepsLeft > 0 { $0.stepsLeft += 1 } }
            return nil
        }
        let purchase = Scenario.Purchase(shop: shop, ticket: ticket, page: page, result: nil)
        state.withLock { $0.purchases.append(purchase) }
        return purchase
    }

    private func pay(
        _ purchase: Scenario.Purchase,
        _ person: Int,
        _ card: Int,
        _ how: String
    ) async {
        let name = Self.people[person]
        guard let form = await scenario.pay(purchase, name, card, how) else { return }
        if random.isOne(in: 5) {
            tell(person, "closes the tab before \(self.name(purchase)) is fetched")
        } else {
            await scenario.bring(form, purchase)
        }
    }

    private func buy(_ article: Article, _ person: Int) async {
        guard let purchase = await order(article) else { return }
        await pay(purchase, person, card(of: person), "buys")
    }

    /// Two tabs at the same time.
    private func buyTwice(_ person: Int) async {
        let articles = host.goods.mixed + [host.goods.seat]
        guard let purchase = await order(articles[random.below(articles.count)]) else { return }
        let card = card(of: person)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask { await self.pay(purchase, person, card, "clicks twice for") }
            }
        }
    }

    private func payAgain(_ person: Int) async {
        guard let purchase = any({ $0.purchases }) else { return }
        await pay(purchase, person, card(of: person), "comes back to pay")
    }

    /// The tab is closed while the OPAL server still works.
    private func payAndLeave(_ person: Int) async {
        let articles = host.goods.mixed + [host.goods.seat]
        guard let purchase = await order(articles[random.below(articles.count)]) else { return }
        let card = card(of: person)
        tell(person, "consents to \(name(purchase)) with card \(card + 1) and closes the tab")
        _ = story.tell(nil, purchase.page, world.cards[card])
        state.withLock { $0.unwatched += 1 }
        pace.executor.start {
            _ = await self.world.visit(purchase.page, with: card)
            self.state.withLock { $0.unwatched -= 1 }
        }
    }

    private func wait(_ person: Int) async {
        let seconds = random.below(90)
        tell(person, "does nothing for \(seconds) s")
        await world.clock.sleep(for: .seconds(seconds))
    }

    // MARK: Proofs of identity

    /// Proves who holds a card, with a proof of identity at the site.
    ///
    /// - Returns: what the site learned; nil where it learned nothing.
    func prove(_ person: Int, with card: Int) async -> (TransactionIdentifier, Settlement)? {
        guard let purchase = await order(host.goods.entry) else { return nil }
        let name = Self.people[person]
        guard let form = await scenario.pay(purchase, name, card, "shows who holds the card for")
        else { return nil }
        await scenario.bring(form, purchase)
        let order = try? await world.merchant(purchase.shop).receive(
            form.result,
            signature: form.signature,
            of: purchase.ticket.transaction,
            now: world.fates.now(of: .shop(purchase.shop))
        ).order
        guard let order, order.state == .paid || order.state == .delivered,
            let settlement = order.settlement
        else { return nil }
        return (purchase.ticket.transaction, settlement)
    }
}
