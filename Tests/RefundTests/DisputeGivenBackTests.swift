// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Merchant
import OPALServer
import PaymentServer
import Records
import Simulation
import Testing
import Wire

/// A disputed sale that its merchant gives back by itself.
@Suite struct DisputeGivenBackTests {
    @Test func `a dispute ends by itself when the merchant's refunds cover what was paid`()
        async throws
    {
        let world = try await RefundWorld()
        let sale = try await world.disputed()
        await world.disputeRounds(1)
        #expect(try await world.refund(sale, 60) == .refunded)
        #expect(try await world.state(sale) == .merchantAsked)
        #expect(try await world.refund(sale, 90) == .refunded)
        #expect(try await world.state(sale) == .givenBack)
        let shop = world.world.shops[0].merchant.text
        let subject = "The shop \(shop) has given back \(RefundWorld.text(150))"
        #expect(try await world.mails().filter { $0 == subject }.count == 1)
        #expect(try await world.decide(sale) == .failure(.ended))
        await world.disputeRounds(1)
        #expect(try await world.house.dispute(of: sale)?.notice.state == .givenBack)
        #expect(try await world.balance() == 10_000)
        try await world.expectSound()
    }

    @Test func `of a partial refund the rest can still be granted, and the mails tell the part`()
        async throws
    {
        let world = try await RefundWorld()
        let (one, other) = (try await world.disputed(), try await world.disputed())
        for sale in [one, other] { #expect(try await world.refund(sale, 60) == .refunded) }
        #expect(try await world.decide(one, 91) == .failure(.aboveRest))
        _ = try await world.decide(one, 90).get()
        _ = try await world.disputes.reject(other, by: "maria", words: "It was used.").get()
        await world.disputeRounds()
        #expect(try await world.state(one) == .refunded(try world.chargeBack(101, 90)))
        #expect(try await world.disputes.givenByMerchant(of: one) == 60)
        let bodies = try await world.mailBodies()
        let part = "The shop has given back \(RefundWorld.text(60)) of it by itself."
        // Decided, on the card, and rejected.
        #expect(bodies.filter { $0.contains(part) }.count == 3)
        #expect(bodies.contains { $0.contains("nothing more is given back") })
        try await world.expectSound()
    }

    @Test func `a decision that comes to nothing because the merchant was first ends it as given`()
        async throws
    {
        let world = try await RefundWorld()
        let sale = try await world.disputed()
        await world.disputeRounds(1)
        #expect(try await world.begin(sale) == 1)
        _ = try? await world.merchant.settleRefunds(now: world.world.now)
        _ = try await world.world.payments.sendRefunds(
            over: world.link,
            signedBy: world.refundKey
        )
        _ = try await world.decide(sale, 100).get()
        await world.disputeRounds()
        #expect(try await world.state(sale) == .givenBack)
        #expect(try await world.balance() == 10_000)
        #expect(try await world.merchantBalance() == .zero)
        try await world.expectSound()
    }

    @Test func `a refund that was on the card before the dispute ends it at its next step`()
        async throws
    {
        let world = try await RefundWorld()
        let sale = try await world.buyAndClear()
        // Filed between the look at the refunds and their credit: the store is put together so.
        _ = try await world.file(sale).get()
        let key = DisputeRecord.key(sale)
        let early = try #require(try await world.world.opalStore.read(key))
        #expect(try await world.refund(sale) == .refunded)
        try await world.putBack(early, of: sale)
        #expect(try await world.state(sale) == .filed)
        let card = world.world.cards[0]
        #expect(try await world.disputes.withdraw(sale, of: card) == .failure(.ended))
        #expect(try await world.state(sale) == .givenBack)
        try await world.expectSound()
    }

    @Test func `and where somebody only wants to decide it, after the merchant was asked`()
        async throws
    {
        let world = try await RefundWorld()
        let sale = try await world.disputed()
        await world.disputeRounds(1)
        let early = try #require(try await world.world.opalStore.read(DisputeRecord.key(sale)))
        #expect(try await world.refund(sale) == .refunded)
        try await world.putBack(early, of: sale)
        #expect(try await world.state(sale) == .merchantAsked)
        let refusal = try await world.disputes.refusal(
            toDecide: nil,
            of: sale,
            by: "maria",
            words: "It was used."
        )
        #expect(refusal == .ended)
        #expect(try await world.state(sale) == .givenBack)
        try await world.expectSound()
    }
}
