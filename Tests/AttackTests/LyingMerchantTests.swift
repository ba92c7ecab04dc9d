// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer
import SecurityModule
import Simulation
import Testing
import Wire

/// A merchant with his own key, who may seal what he likes.
@Suite struct LyingMerchantTests {
    private static let policies = ComparisonPolicy.allCases

    /// A page that the merchant seals for other terms of the same transaction.
    private func page(
        _ world: World,
        like order: Purchased,
        _ terms: OrderTerms
    ) async throws -> OrderPage {
        let random = world.random.bytes(32)
        let sealed = try await world.orderKeys(of: order.shop).seal(terms, random: random)
        return order.page.with(terms: terms, proof: sealed.proof, sessionKey: sealed.sessionKey)
    }

    /// The person agrees to the amount in the page, on the OPAL server's own site: the card debits
    /// that amount, whatever the shop showed, and the receipt proves it.
    @Test(arguments: policies)
    func `an amount that the shop did not show is what the person was asked, and all that is taken`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let dear = try await page(world, like: order, order.page.terms.with(amount: euros(999)))
        let receipt = try #require(await world.pay(dear).receipt)
        #expect(receipt.terms.amount == dear.terms.amount)
        await world.tidy()
        #expect(try await world.balance() == World.value - 999)
        let sale = try #require(await Ledger(world).sales[order.transaction])
        #expect(sale.state == .sold && sale.command.amount == euros(999))
        // The page that was shown takes nothing more, and its order is not paid by it.
        #expect(await world.pay(order.page).isRefused)
        let form = try #require(await world.form(receipt))
        await #expect(throws: OrderFailure.resultMismatch) {
            try await world.fetch(form, order.ticket)
        }
        #expect(try await world.balance() == World.value - 999)
        #expect(await Invariants.check(world) == [])
        try await world.buyAnew()
    }

    @Test(arguments: policies)
    func `a second amount for an order that is paid takes nothing`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        try await world.buy(order)
        for minorUnits in [UInt64(1), 149, 151, 999] {
            let terms = order.page.terms.with(amount: euros(minorUnits))
            let other = try await page(world, like: order, terms)
            for card in [0, 1] { #expect(await world.pay(other, with: card).isRefused) }
        }
        // The same terms with another TSK.
        let again = try await page(world, like: order, order.page.terms)
        #expect(await world.pay(again, with: 1).isRefused)
        #expect(try await world.balance(1) == World.value)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    @Test(arguments: policies)
    func `a second amount for an order that is drawn takes nothing`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let other = try await page(world, like: order, order.page.terms.with(amount: euros(999)))
        let attack = world.link.watchResponse { _ in
            #expect(await world.pay(other, with: 1) == .refused(.orderInProgress))
        }
        try await world.buy(order)
        #expect(attack.count == 1)
        #expect(try await world.balance(1) == World.value)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    @Test(arguments: policies)
    func `a place of comparison that is not agreed is refused`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        for other in Self.policies where other != policy {
            let forged = try await page(world, like: order, order.page.terms.with(policy: other))
            #expect(await world.pay(forged) == .refused(.policyNotSupported))
        }
        #expect(await Ledger(world).sales.isEmpty)
        try await world.buy(order)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    @Test(arguments: policies)
    func `a question for another amount is not answered`(policy: ComparisonPolicy) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        try await world.buy(order)
        await world.tidy()
        let terms = order.page.terms.with(amount: euros(999))
        let question = try await world.orderKeys().question(
            terms,
            keyName: order.page.proof.keyName
        )
        let said = try await world.said(PartyMessage.saleQuestion(question).bytes, from: "shop")
        #expect(said == .refusal(order.transaction, .orderUnknown))
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    /// He knows the TSK, so that he can seal draws and debit responses; he is no card side.
    @Test(arguments: policies)
    func `a merchant can neither draw a sale nor end one`(policy: ComparisonPolicy) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let attack = world.link.watchRequest { request in
            #expect(await world.firstTaken([request], from: "shop") == nil)
            #expect(await Ledger(world).sales.isEmpty)
        }
        let outcome = await world.payWatchingResponse(order) { response in
            let word = PartyMessage.notDebited(order.transaction).bytes
            #expect(await world.firstTaken([response, word, [1, 8]], from: "shop") == nil)
        }
        #expect(outcome.isPaid)
        #expect(attack.count == 1)
        try await world.buy(order)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }
}
