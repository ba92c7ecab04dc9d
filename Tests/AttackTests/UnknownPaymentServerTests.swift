// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer
import SecurityModule
import Simulation
import Synchronization
import Testing
import Wire

/// A payment server that is not in the acquirer directory, or answers for one that is not its own.
@Suite struct UnknownPaymentServerTests {
    private static let policies = ComparisonPolicy.allCases

    @Test(arguments: policies)
    func `a payment server that is not in the directory is never connected to`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let names = [
            "", "evil.example", "PAYMENTS.EXAMPLE", "payments.example.", " payments.example",
            "payments.example/", "payments.example:8404", "127.0.0.1", "localhost",
            "https://payments.example", "payments.example\u{0}",
        ]
        for name in names {
            let outcome = await world.pay(order.page.with(paymentServer: name))
            #expect(outcome == .refused(.unknownPaymentServer), "\(name)")
        }
        #expect(world.link.exchanges.isEmpty)
        #expect(try await world.balance() == World.value)
        try await world.buy(order)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    /// Another acquirer of the directory, which does not know the merchant's key.
    @Test(arguments: policies)
    func `an acquirer that has no agreement with the merchant can take nothing`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let other = try await World.comparing(at: policy, seed: 2)
        var purchases = world.purchases
        purchases.directory = AcquirerDirectory([
            World.paymentServer: world.link, "other.example": other.link,
        ])
        let forged = order.page.with(paymentServer: "other.example")
        let outcome = await purchases.pay(forged, with: world.cards[0])
        #expect(outcome == .refused(.orderForged))
        #expect(await Ledger(other).sales.isEmpty)
        #expect(try await world.balance() == World.value)
        try await world.buy(order)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    /// It may say what it likes: without KMP it makes no S2, and the card stays as it is. After too
    /// many wrong S2 the card is blocked; so the directory names only those that are trusted.
    @Test(arguments: policies)
    func `a payment server without security cards debits nothing`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let sale = try await world.saleKeys.session(for: order.page.terms, order.page.proof)
        for attempt in UInt64(1)...2 {
            let command = DebitIEP(
                securityCard: SecurityCardIdentifier(acquirer: 7, serial: 1),
                securityCardNumber: UInt32(attempt),
                transaction: order.transaction,
                merchant: order.page.terms.merchant,
                time: CardTime(world.now),
                amount: order.page.terms.amount,
                signature: Signature(bits: attempt &* 0x9E37_79B9_7F4A_7C15)
            )
            let sealed = try await sale.sealCommand(command.bytes)
            let message: PartyMessage =
                policy.isOneTrip
                ? .debitOffer(order.transaction, sealed: sealed, expectation: [1])
                : .debitCommand(order.transaction, sealed: sealed)
            let link = ToldLink()
            let attack = link.tell(message.bytes)
            let purchases = world.purchases(answeredBy: link)
            let outcome = await purchases.pay(order.page, with: world.cards[0])
            #expect(attack.count >= 1)
            #expect(outcome == .refused(.securityCardSignatureWrong))
        }
        #expect(try await world.balance() == World.value)
        try await world.buy(order)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    /// It may say that it waits for sales that it never drew: then their cards stay undebited, and
    /// the person orders again. What is debited stays debited.
    @Test(arguments: policies)
    func `a payment server that names sales of others takes nothing and puts nothing back`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let (paid, order) = (try await world.offer(), try await world.offer())
        try await world.buy(paid)
        let link = ToldLink()
        let attack = link.tell(PartyMessage.openSales([order.transaction, paid.transaction]).bytes)
        #expect(await world.purchases(answeredBy: link).settleUnheard() == 0)
        #expect(attack.count >= 1)
        #expect(await world.pay(order.page) == .refused(.orderGivenUp))
        #expect(try await world.balance() == World.value - World.price)
        try await world.buyAnew()
        try await world.expectSound(balance: World.value - 2 * World.price, sold: 2)
    }

    @Test(arguments: policies)
    func `a refusal in the place of any answer takes nothing, or only delays`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let (order, next) = (try await world.offer(), try await world.offer())
        _ = try await world.lostResult(of: order)
        let open = try await world.openDraw(of: order)
        let link = ToldLink()
        let purchases = world.purchases(answeredBy: link)
        for refusal in Refusal.allCases {
            let early = link.tell(PartyMessage.refusal(next.transaction, refusal).bytes)
            let outcome = await purchases.pay(next.page, with: world.cards[1])
            #expect(outcome == .refused(refusal))
            let forged = PartyMessage.refusal(order.transaction, refusal).bytes
            let late = link.tell(forged)
            _ = await purchases.settle(open, link)
            #expect(try await world.draw(of: order) == open.draw)
            let toMerchant = world.shops[0].link.answer(with: forged)
            let view = try? await world.merchant().ask(order.transaction, now: world.now)
            #expect(view == nil || view?.state == .open)
            #expect([early, late, toMerchant].allSatisfy { $0.count >= 1 })
        }
        try await world.buy(order)
        try await world.buy(next, with: 1)
        #expect(try await world.balance(1) == World.value - World.price)
        try await world.expectSound(balance: World.value - World.price, sold: 2)
    }
}
