// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import Synchronization
import Wire

/// What people and parties do in a ``Run``: the seed chooses what, who and when.
final class Scenario: Sendable {
    /// An order that somebody made, with what the browser still has of it.
    struct Purchase: Sendable {
        let shop: Int
        let ticket: MerchantModule.Ticket
        let page: OrderPage
        var result: [UInt8]?
    }

    private let world: World
    private let random: SeededRandom
    private let story: Story
    private let purchases = Mutex<[Purchase]>([])

    init(_ world: World, seed: UInt64, _ story: Story) {
        self.world = world
        random = SeededRandom(seed: seed)
        self.story = story
    }

    /// One step: somebody does something.
    func step() async {
        switch random.below(20) {
        case 0..<8: await buy()
        case 8: await buyTwice(withOneCard: true)
        case 9: await buyTwice(withOneCard: false)
        case 10, 11: await payAgain()
        case 12, 13: await askLate()
        case 14: await forge()
        case 15: await orderAnew()
        case 16: await restart()
        case 17:
            let seconds = 1 + random.below(45)
            story.add("\(seconds) seconds pass")
            world.clock.advance(by: .seconds(seconds))
        default:
            story.add("the parties settle what is open")
            await world.tidy()
        }
    }

    /// After everything has worked again: who has paid fetches the goods.
    func fetchAll() async {
        for purchase in purchases.withLock({ $0 }) {
            _ = try? await world.deliver(purchase.ticket, at: purchase.shop)
        }
    }

    // MARK: Buying

    private func order() async -> Purchase? {
        let shop = random.below(world.shops.count)
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

    private func buy() async {
        guard let purchase = await order() else { return }
        let result = await pay(purchase, random.below(world.cards.count), "buys")
        guard let result else { return }
        if random.isOne(in: 4) {
            story.add("\(name(purchase)): the browser is closed")
        } else {
            await bring(result, purchase)
        }
    }

    /// Two clicks or two tabs at the same time.
    private func buyTwice(withOneCard isOneCard: Bool) async {
        guard let purchase = await order() else { return }
        let first = random.below(world.cards.count)
        let second = isOneCard ? first : (first + 1) % world.cards.count
        await withTaskGroup(of: Void.self) { group in
            for card in [first, second] {
                group.addTask {
                    let how = isOneCard ? "clicks twice for" : "pays in two tabs for"
                    if let result = await self.pay(purchase, card, how) {
                        await self.bring(result, purchase)
                    }
                }
            }
        }
    }

    private func payAgain() async {
        guard let purchase = any() else { return }
        let card = random.below(world.cards.count)
        if let result = await pay(purchase, card, "comes back to pay") {
            await bring(result, purchase)
        }
    }

    /// - Returns: the sealed result, where it was paid.
    private func pay(_ purchase: Purchase, _ card: Int, _ how: String) async -> [UInt8]? {
        let outcome = await world.pay(purchase.page, with: card)
        let word = story.tell(outcome, purchase.page, world.cards[card])
        let cents = purchase.page.terms.amount.minorUnits
        story.add("card \(card + 1) \(how) \(name(purchase)), \(cents) cents: \(word)")
        guard case .paid(let receipt) = outcome else { return nil }
        purchases.withLock { purchases in
            for index in purchases.indices where purchases[index].ticket == purchase.ticket {
                purchases[index].result = receipt.resultForMerchant
            }
        }
        return receipt.resultForMerchant
    }

    private func bring(_ result: [UInt8], _ purchase: Purchase) async {
        do throws(OrderFailure) {
            let delivery = try await world.fetch(result, purchase.ticket, at: purchase.shop)
            story.add("\(name(purchase)) is handed out\(delivery.isFirst ? "" : " once more")")
        } catch {
            story.add("\(name(purchase)) is not handed out: \(error)")
        }
    }

    // MARK: Later, and wrong

    private func askLate() async {
        guard let purchase = any() else { return }
        let merchant = world.merchant(purchase.shop)
        let answer = try? await merchant.ask(purchase.ticket.transaction, now: world.now)
        story.add(
            "the shop asks for \(name(purchase)): \(answer.map { "\($0.state)" } ?? "no answer")"
        )
        if answer?.state == .paid {
            _ = try? await world.deliver(purchase.ticket, at: purchase.shop)
        }
    }

    /// Somebody brings the result of another order, or a changed one.
    private func forge() async {
        guard let target = any(), let result = any()?.result else { return }
        var forged = result
        if random.isOne(in: 2) {
            forged[random.below(forged.count)] ^= UInt8(1 << random.below(7))
        }
        let isItsOwn = forged == target.result
        let order = try? await world.merchant(target.shop).receive(
            forged,
            of: target.ticket.transaction,
            now: world.now
        ).order
        story.add(
            "a result that is \(isItsOwn ? "its own" : "forged") comes for \(name(target)): "
                + (order.map { "\($0.state)" } ?? "not taken")
        )
    }

    private func orderAnew() async {
        guard let purchase = any() else { return }
        let (ticket, shop) = (purchase.ticket, purchase.shop)
        guard
            let next = try? await world.merchant(shop).reorder(
                ticket.transaction,
                receiptKey: ticket.receiptKey,
                now: world.now
            ),
            let page = try? await world.page(next, at: shop)
        else { return }
        let renewed = keep(Purchase(shop: shop, ticket: next, page: page, result: nil))
        story.add("\(name(purchase)) is ordered anew as \(name(renewed))")
        if let result = await pay(renewed, random.below(world.cards.count), "buys") {
            await bring(result, renewed)
        }
    }

    private func restart() async {
        switch random.below(world.hosts.isEmpty ? 3 : 5) {
        case 0:
            story.add("the payment server is started again")
            if (try? await world.restartPaymentServer()) == nil { story.add("… in vain") }
        case 1:
            story.add("the OPAL server is started again")
            world.restartOPALServer()
        case 3:
            let host = world.hosts[random.below(world.hosts.count)]
            story.add("\(host.name) drops out")
            host.stop()
        case 4:
            for host in world.hosts { host.start() }
            story.add("all terminals are started again")
        default:
            story.add("a shop is started again")
            world.restartMerchant(random.below(world.shops.count))
        }
    }

    // MARK: Names

    private func keep(_ purchase: Purchase) -> Purchase {
        purchases.withLock { $0.append(purchase) }
        return purchase
    }

    private func any() -> Purchase? {
        let all = purchases.withLock { $0 }
        return all.isEmpty ? nil : all[random.below(all.count)]
    }

    private func name(_ purchase: Purchase) -> String {
        story.name(purchase.ticket.transaction)
    }
}
