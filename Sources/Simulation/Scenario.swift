// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import Synchronization
import Wire

/// What people and shops do in a ``Run``: the seed chooses what, who and when.
final class Scenario: Sendable {
    /// An order that somebody made, with what the browser still has of it.
    struct Purchase: Sendable {
        let shop: Int
        let ticket: MerchantModule.Ticket
        let page: OrderPage
        var result: StatusForm?
    }

    private struct State {
        var purchases: [Purchase] = []
        var stepsLeft: Int
        /// Payments whose tab was closed.
        var unwatched = 0
    }

    let world: World
    let random: SeededRandom
    let story: Story
    private let pace: Pace
    /// Nil where nobody has a card in a reader.
    let customer: ReaderCustomer?
    private let state: Mutex<State>

    /// Each has a card; who has none of their own shares one.
    static let people = ["Ana", "Ben", "Cleo", "Dan", "Eva"]
    /// Between two steps of a person, in milliseconds.
    private static let thinkMax = 12_000
    /// Steps concern one of the last purchases.
    private static let recent = 8

    init(
        _ world: World,
        _ story: Story,
        _ pace: Pace,
        _ customer: ReaderCustomer?,
        steps: Int,
        seed: UInt64
    ) {
        self.customer = customer
        self.world = world
        self.story = story
        self.pace = pace
        random = SeededRandom(seed: seed)
        state = Mutex(State(stepsLeft: steps))
    }

    /// Nobody begins another step.
    func stop() { state.withLock { $0.stepsLeft = 0 } }

    /// Whether nobody waits for an answer any more.
    var isIdle: Bool { state.withLock { $0.unwatched == 0 } }

    /// One person's steps, until no more are left for anybody.
    func live(_ person: Int) async {
        while true {
            await world.clock.sleep(for: .milliseconds(random.below(Self.thinkMax)))
            guard takeStep() else { return }
            await step(person)
        }
    }

    /// - Returns: false where no step is left for anybody.
    func takeStep() -> Bool {
        state.withLock { state in
            state.stepsLeft -= 1
            return state.stepsLeft >= 0
        }
    }

    private func step(_ person: Int) async {
        switch random.below(23) {
        case 0..<7: await buy(person)
        case 7: await buyTwice(person, withOneCard: true)
        case 8: await buyTwice(person, withOneCard: false)
        case 9, 10: await payAgain(person)
        case 11: await payAndLeave(person)
        case 12: await askLate()
        case 13: await askRepeatedly()
        case 14: await forge()
        case 15: await orderAnew(person)
        case 16: await bringAgain()
        case 17: await wait(person)
        case 18: await payAndLeave(person)
        case 19: await cheat(person)
        case 20, 21: await payWithReader(person)
        default:
            guard let purchase = await order() else { return }
            tell(person, "orders \(name(purchase)) and closes the tab")
        }
    }

    /// After everything has worked again: who has paid fetches the goods.
    func fetchAll() async {
        for purchase in state.withLock(\.purchases) { await fetch(purchase) }
    }

    func tell(_ person: Int, _ what: String) {
        story.add("\(Self.people[person]) \(what)")
    }

    /// Mostly the person's own card.
    func card(of person: Int) -> Int {
        let own = person % world.cards.count
        return random.isOne(in: 6) ? random.below(world.cards.count) : own
    }

    // MARK: Buying

    /// `isSuitable`: which agreement the shop must have; nothing is ordered where none has it.
    func order(_ isSuitable: (ComparisonPolicy) -> Bool = { _ in true }) async -> Purchase? {
        let shops = world.shops.indices.filter { isSuitable(world.shops[$0].profile.policy) }
        guard !shops.isEmpty else { return nil }
        let shop = shops[random.below(shops.count)]
        let article = random.below(world.shops[shop].articles.count)
        guard let ticket = try? await world.order(article, at: shop) else {
            story.add("a shop takes no order")
            return nil
        }
        guard let page = try? await world.page(ticket, at: shop) else {
            story.add("\(story.name(ticket.transaction)) has no page")
            return nil
        }
        return keep(Purchase(shop: shop, ticket: ticket, page: page, result: nil))
    }

    private func buy(_ person: Int) async {
        guard let purchase = await order() else { return }
        let result = await pay(purchase, person, card(of: person), "buys")
        guard let result else { return }
        if random.isOne(in: 4) {
            tell(person, "closes the tab before \(name(purchase)) is fetched")
        } else {
            await bring(result, purchase)
        }
    }

    /// Two clicks or two tabs at the same time.
    private func buyTwice(_ person: Int, withOneCard isOneCard: Bool) async {
        guard let purchase = await order() else { return }
        let first = card(of: person)
        let second = isOneCard ? first : (first + 1) % world.cards.count
        await withTaskGroup(of: Void.self) { group in
            for card in [first, second] {
                group.addTask {
                    let how = isOneCard ? "clicks twice for" : "pays in two tabs for"
                    if let result = await self.pay(purchase, person, card, how) {
                        await self.bring(result, purchase)
                    }
                }
            }
        }
    }

    private func payAgain(_ person: Int) async {
        guard let purchase = any() else { return }
        if let result = await pay(purchase, person, card(of: person), "comes back to pay") {
            await bring(result, purchase)
        }
    }

    /// The tab is closed while the OPAL server still works.
    private func payAndLeave(_ person: Int) async {
        guard let purchase = random.isOne(in: 2) ? any() : await order() else { return }
        let card = card(of: person)
        tell(person, "consents to \(name(purchase)) with card \(card + 1) and closes the tab")
        _ = story.tell(nil, purchase.page, world.cards[card])
        state.withLock { $0.unwatched += 1 }
        pace.executor.start {
            _ = await self.world.visit(purchase.page, with: card)
            self.state.withLock { $0.unwatched -= 1 }
        }
    }

    func pay(
        _ purchase: Purchase,
        _ person: Int,
        _ card: Int,
        _ how: String
    ) async -> StatusForm? {
        await pay(purchase, Self.people[person], card, how)
    }

    /// - Returns: the sealed result, where it was paid.
    func pay(
        _ purchase: Purchase,
        _ person: String,
        _ card: Int,
        _ how: String
    ) async -> StatusForm? {
        let price = purchase.page.terms.price
        story.add("\(person) \(how) \(name(purchase)), \(price), with card \(card + 1)")
        var outcome = await world.visit(purchase.page, with: card)
        var form: StatusForm?
        if case .paid(let receipt) = outcome {
            form = await world.form(receipt)
            // What does not open at the client terminal is shown as pending.
            if form == nil { outcome = .pending(receipt.with(nil)) }
        }
        let word = story.tell(outcome, purchase.page, world.cards[card])
        story.add("\(person) is told of \(name(purchase)): \(word)")
        if case .refused(.securityCardSignatureWrong) = outcome,
            world.forger.forged[purchase.ticket.transaction] == .signature
        {
            story.note(.forgeryRefused(purchase.page.terms.policy))
        }
        guard let form else { return nil }
        state.withLock { state in
            for index in state.purchases.indices
            where state.purchases[index].ticket == purchase.ticket {
                state.purchases[index].result = form
            }
        }
        return form
    }

    private func bringAgain() async {
        guard let purchase = any(), let result = purchase.result else { return }
        story.add("somebody brings the result of \(name(purchase)) again")
        await bring(result, purchase)
    }

    private func wait(_ person: Int) async {
        let seconds = random.isOne(in: 4) ? random.below(2_200) : random.below(90)
        tell(person, "does nothing for \(seconds) s")
        await world.clock.sleep(for: .seconds(seconds))
    }

    func bring(_ result: StatusForm, _ purchase: Purchase) async {
        do throws(OrderFailure) {
            let delivery = try await world.fetch(result, purchase.ticket, at: purchase.shop)
            story.note(delivery)
            story.add("\(name(purchase)) is handed out\(delivery.isFirst ? "" : " once more")")
        } catch {
            story.add("\(name(purchase)) is not handed out: \(error)")
        }
    }

    // MARK: Names

    func keep(_ purchase: Purchase) -> Purchase {
        state.withLock { $0.purchases.append(purchase) }
        return purchase
    }

    func any() -> Purchase? { purchase { random.below($0) } }

    /// One of the last orders; who draws from a stream of their own chooses by it.
    ///
    /// `choose`: gives a number below how many there are.
    func purchase(_ choose: (Int) -> Int) -> Purchase? {
        let last = state.withLock { $0.purchases.suffix(Self.recent) }
        return last.isEmpty ? nil : last[last.startIndex + choose(last.count)]
    }

    func name(_ purchase: Purchase) -> String {
        story.name(purchase.ticket.transaction)
    }
}

extension OrderTerms {
    /// For a story.
    fileprivate var price: String {
        guard amount.currency != .nothing else { return "a proof of identity" }
        let second = otherHalf.map { " and \(Self.price($0.amount))" }
        return Self.price(amount) + (second ?? "")
    }

    private static func price(_ amount: Money) -> String {
        "\(amount.minorUnits) \(amount.currency.isProgramme ? "points" : "cents")"
    }
}
