// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import Wire

// What comes later, and what is wrong.
extension Scenario {
    func askLate() async {
        guard let purchase = any() else { return }
        await ask(purchase)
    }

    func askRepeatedly() async {
        guard let purchase = any() else { return }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<3 { group.addTask { await self.ask(purchase) } }
        }
    }

    private func ask(_ purchase: Purchase) async {
        let merchant = world.merchant(purchase.shop)
        let now = world.fates.now(of: .shop(purchase.shop))
        let answer = try? await merchant.ask(purchase.ticket.transaction, now: now)
        story.add(
            "the shop asks for \(name(purchase)): \(answer.map { "\($0.state)" } ?? "no answer")"
        )
        if answer?.state == .paid { await fetch(purchase) }
    }

    func fetch(_ purchase: Purchase) async {
        guard let delivery = try? await world.deliver(purchase.ticket, at: purchase.shop) else {
            return
        }
        story.note(delivery)
    }

    /// Somebody at the OPAL server answers for a card that he does not debit.
    func cheat(_ person: Int) async {
        guard
            let purchase = random.isOne(in: 3) ? any() : await order(CheatingOPALServer.suits),
            CheatingOPALServer.suits(purchase.page.terms.policy)
        else { return }
        let cheat = CheatingOPALServer(world: world, story: story, random: random)
        guard let form = await cheat.pay(purchase.page, with: card(of: person)) else { return }
        do throws(OrderFailure) {
            story.note(try await world.fetch(form, purchase.ticket, at: purchase.shop))
            story.add("\(name(purchase)) is handed out to a cheat")
        } catch {
            if error == .resultForged {
                story.note(.forgeryRefused(purchase.page.terms.policy))
            }
            story.add("\(name(purchase)) is not handed out to a cheat: \(error)")
        }
    }

    func payWithReader(_ person: Int) async {
        guard let customer else {
            guard let purchase = await order() else { return }
            tell(person, "orders \(name(purchase)) and closes the tab")
            return
        }
        guard let purchase = random.isOne(in: 4) ? any() : await order(\.suitsCardInReader) else {
            return
        }
        await customer.pay(purchase.page, purchase.ticket, at: purchase.shop)
    }

    /// Somebody brings the result of another order, or a changed one.
    func forge() async {
        guard let target = any(), let result = any()?.result else { return }
        var forged = result
        if random.isOne(in: 2) {
            forged.result[random.below(forged.result.count)] ^= UInt8(1 << random.below(7))
        }
        let isItsOwn = forged == target.result
        let order = try? await world.merchant(target.shop).receive(
            forged.result,
            signature: forged.signature,
            of: target.ticket.transaction,
            now: world.fates.now(of: .shop(target.shop))
        ).order
        story.add(
            "a result that is \(isItsOwn ? "its own" : "forged") comes for \(name(target)): "
                + (order.map { "\($0.state)" } ?? "not taken")
        )
    }

    func orderAnew(_ person: Int) async {
        guard let purchase = any() else { return }
        let (ticket, shop) = (purchase.ticket, purchase.shop)
        guard
            let next = try? await world.merchant(shop).reorder(
                ticket.transaction,
                receiptKey: ticket.receiptKey,
                now: world.fates.now(of: .shop(shop))
            ),
            let page = try? await world.page(next, at: shop)
        else { return }
        let renewed = keep(Purchase(shop: shop, ticket: next, page: page, result: nil))
        story.add("\(name(purchase)) is ordered anew as \(name(renewed))")
        if let result = await pay(renewed, person, card(of: person), "buys") {
            await bring(result, renewed)
        }
    }
}
