// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import Simulation
import Testing
import Wire

/// What is refused before the debit, with its reason; nothing is taken.
@Suite struct RefusalTests {
    @Test func `an expired card is refused`() async throws {
        let world = try await World()
        world.clock.advance(by: .seconds(3 * 366 * 86_400))
        let (_, page) = try await world.offer()
        #expect(await world.pay(page) == .refused(.cardExpired))
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test func `a blocked card is refused, and pays again once it is unblocked`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        _ = try await world.desk.setBlocked(true, world.cards[0])
        #expect(await world.pay(page) == .refused(.cardBlocked))
        #expect(try await world.balance() == 10_000)
        _ = try await world.desk.setBlocked(false, world.cards[0])
        #expect(await world.pay(page).isPaid)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a card that is blocked between draw and debit is not debited`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.link.plan.script(
            .alterResponse { bytes in
                _ = try? await world.desk.setBlocked(true, world.cards[0])
                return bytes
            }
        )
        guard case .refused = await world.pay(page) else {
            Issue.record("A blocked card pays nothing.")
            return
        }
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test func `too little value is refused`() async throws {
        var plan = WorldPlan()
        plan.cardValues = [149]
        let world = try await World(plan)
        let (_, page) = try await world.offer()
        #expect(await world.pay(page) == .refused(.insufficientValue))
        #expect(world.link.exchanges.isEmpty, "nothing was sent")
        try await world.expectSound(balance: 149, sold: 0)
    }

    @Test func `the whole value of a card can be spent`() async throws {
        var plan = WorldPlan()
        plan.cardValues = [150]
        let world = try await World(plan)
        let (_, page) = try await world.offer()
        #expect(await world.pay(page).isPaid)
        try await world.expectSound(balance: 0, sold: 1)
    }

    @Test func `a currency that the card does not hold is refused`() async throws {
        let world = try await World()
        let issuer = try World.issuer("498765", "Prairie Bank", .dollar)
        _ = try await world.addCard(5000, of: issuer)
        let (_, page) = try await world.offer()
        #expect(await world.pay(page, with: 2) == .refused(.currencyNotHeld))
        #expect(try await world.balance(2) == 5000)
        try await world.expectSound(sold: 0)
    }

    @Test func `a card of an issuer that the acquirer does not accept is refused`() async throws {
        let world = try await World()
        let issuer = try World.issuer("498765", "Far Bank", .euro)
        // The security cards were made before, and do not know this issuer.
        _ = try await world.addCard(5000, of: issuer)
        let (_, page) = try await world.offer()
        #expect(await world.pay(page, with: 2) == .refused(.issuerNotAccepted))
        #expect(try await world.balance(2) == 5000)
        try await world.expectSound(sold: 0)
    }

    @Test func `an unknown merchant is refused`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        let terms = page.terms
        let unknown = OrderTerms(
            transaction: terms.transaction,
            merchant: try #require(MerchantIdentifier("NOBODY")),
            amount: terms.amount,
            policy: terms.policy,
            madeAt: terms.madeAt,
            statusURL: terms.statusURL
        )
        #expect(await world.pay(page.with(terms: unknown)) == .refused(.unknownMerchant))
        let proof = try #require(
            OrderProof(
                keyName: "k9",
                wrappedSessionKey: page.proof.wrappedSessionKey,
                token: page.proof.token
            )
        )
        #expect(await world.pay(page.with(proof: proof)) == .refused(.unknownMerchant))
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test(arguments: [
        "other.example", "", "127.0.0.1:9443", "https://payments.example", "payments.example ",
        "PAYMENTS.EXAMPLE", "payments.example@evil.example",
    ])
    func `a payment server that is not in the directory is never dialled`(
        _ name: String
    ) async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        let outcome = await world.pay(page.with(paymentServer: name))
        #expect(outcome == .refused(.unknownPaymentServer))
        #expect(world.link.exchanges.isEmpty)
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test func `an order that is too old is refused`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.clock.advance(by: PurchaseLimits.orderTime + .seconds(1))
        #expect(await world.pay(page) == .refused(.orderTooOld))
        #expect(world.link.exchanges.isEmpty)
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test func `a card that is not there is refused`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        let nobody = CardIdentifier(issuer: world.issuer.identifier, number: 1)
        #expect(await world.purchases.pay(page, with: nobody) == .refused(.unknownCard))
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test func `while all terminals are busy nothing is taken, and the next try works`()
        async throws
    {
        var plan = WorldPlan()
        plan.terminals = 1
        let world = try await World(plan)
        let (_, first) = try await world.offer()
        world.link.plan.script(.dropRequest, at: 2)
        #expect(await world.pay(first).isPending)
        let (_, second) = try await world.offer()
        #expect(await world.pay(second, with: 1) == .refused(.busy))
        #expect(try await world.balance(1) == 10_000)
        #expect(await world.outcome(of: first).isPaid)
        #expect(await world.pay(second, with: 1).isPaid)
        try await world.expectSound(balance: 9850, sold: 2)
    }
}
