// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer
import SecurityModule
import Simulation
import Testing
import Wire

/// Proof of identity (FIG. 16): an order of nothing, in currency 0999, through the same parties as
/// a purchase.
@Suite struct ProofTests {
    private struct Members: MembershipSource {
        let memberships: [CardIdentifier: [Membership]]
        let site: MerchantIdentifier

        func memberships(
            of card: CardIdentifier,
            at site: MerchantIdentifier
        ) async throws(Refusal) -> [Membership] {
            site == self.site ? memberships[card] ?? [] : []
        }
    }

    private func access() throws -> Article {
        try #require(
            Article(
                identifier: "sign-in",
                title: "Sign in",
                description: "Sign in at the airline",
                price: .proof,
                contentFile: "none",
                mediaType: "text/plain"
            )
        )
    }

    private func world(_ policy: ComparisonPolicy, merchants: Int = 1) async throws -> World {
        var plan = WorldPlan()
        plan.policies = [policy]
        plan.merchants = merchants
        return try await World(plan)
    }

    private func asked(
        _ world: World,
        at shop: Int = 0
    ) async throws -> (ticket: MerchantModule.Ticket, page: OrderPage) {
        let ticket = try await world.merchant(shop).order(access(), now: world.now)
        return (ticket, try await world.page(ticket, at: shop))
    }

    /// Brings a result to the web server, as the browser does.
    private func received(
        _ outcome: PurchaseOutcome,
        _ world: World,
        _ ticket: MerchantModule.Ticket,
        at shop: Int = 0
    ) async throws -> OrderView {
        let receipt = try #require(outcome.receipt)
        let form = try #require(await world.form(receipt))
        return try await world.merchant(shop).receive(
            form.result,
            signature: form.signature,
            of: ticket.transaction,
            now: world.now
        ).order
    }

    @Test(arguments: ComparisonPolicy.allCases)
    func `wherever S3 is compared, the card proves itself, pays nothing and is counted nowhere`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        let (ticket, page) = try await asked(world)
        let outcome = await world.pay(page)
        #expect(outcome.isPaid)
        let order = try await received(outcome, world, ticket)
        #expect(order.state == .paid && order.amount == .proof)
        #expect(order.settlement?.cardPseudonym.isEmpty == false)
        #expect(order.settlement?.memberships == [])
        try await world.expectSound(balance: 10_000)
        let ledger = await Ledger(world)
        #expect(ledger.securityCards.allSatisfy { $0.totals.isEmpty && $0.openNumbers.isEmpty })
        let card = try #require(ledger.cards.first?.description)
        #expect(card.lastNumber == 2, "a load, and the number that the proof has consumed")
    }

    @Test(arguments: ComparisonPolicy.allCases)
    func `the result carries the member numbers, at the programmes' own site alone`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy, merchants: 2)
        let membership = Membership(
            programme: try #require(Currency(bcd: 0x9001)),
            number: try #require(MemberNumber("SK-4711"))
        )
        var purchases = world.purchases
        purchases.members = Members(
            memberships: [world.cards[0]: [membership]],
            site: world.shops[0].merchant
        )
        for (shop, expected) in [(0, [membership]), (1, [])] {
            let (ticket, page) = try await asked(world, at: shop)
            let outcome = await purchases.pay(page, with: world.cards[0])
            let order = try await received(outcome, world, ticket, at: shop)
            #expect(order.settlement?.memberships == expected)
        }
        let (ticket, page) = try await asked(world)
        let outcome = await purchases.pay(page, with: world.cards[1])
        #expect(try await received(outcome, world, ticket).settlement?.memberships == [])
    }

    @Test func `a card has another name at each site, and the same one each time`() async throws {
        let world = try await world(.securityCard, merchants: 2)
        var names: [[String]] = []
        for shop in [0, 0, 1] {
            let (ticket, page) = try await asked(world, at: shop)
            let order = try await received(await world.pay(page), world, ticket, at: shop)
            names.append([try #require(order.settlement?.cardPseudonym)])
        }
        #expect(names[0] == names[1])
        #expect(names[0] != names[2])
    }

    @Test func `a result opens nothing at a second site, nor for a second order`() async throws {
        let world = try await world(.securityCard, merchants: 2)
        let (first, page) = try await asked(world)
        let receipt = try #require(await world.pay(page).receipt)
        let form = try #require(await world.form(receipt))
        let others = [
            (try await asked(world).ticket, 0), (try await asked(world, at: 1).ticket, 1),
        ]
        for (other, shop) in others {
            await #expect(throws: OrderFailure.resultForged) {
                try await world.merchant(shop).receive(
                    form.result,
                    of: other.transaction,
                    now: world.now
                )
            }
        }
        #expect(try await received(await world.pay(page), world, first).state == .paid)
    }

    @Test func `access that was given once is not given as if for the first time`() async throws {
        let world = try await world(.securityCard)
        let (ticket, page) = try await asked(world)
        let outcome = await world.pay(page)
        #expect(try await received(outcome, world, ticket).state == .paid)
        let delivered = try await world.merchant().deliver(
            ticket.transaction,
            receiptKey: ticket.receiptKey,
            now: world.now
        )
        #expect(delivered.isFirst)
        #expect(try await received(outcome, world, ticket).state == .delivered)
        let again = try await world.merchant().deliver(
            ticket.transaction,
            receiptKey: ticket.receiptKey,
            now: world.now
        )
        #expect(!again.isFirst)
    }

    @Test func `currency 0999 with an amount is no order`() async throws {
        let world = try await world(.securityCard)
        let (_, page) = try await asked(world)
        let terms = OrderTerms(
            transaction: page.terms.transaction,
            merchant: page.terms.merchant,
            amount: Money(minorUnits: 1, currency: .nothing, exponent: .units),
            policy: page.terms.policy,
            madeAt: page.terms.madeAt,
            statusURL: page.terms.statusURL
        )
        #expect(await world.pay(page.with(terms: terms)) == .refused(.malformed))
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test func `a draw that asks for value under the terms of a proof is refused`() async throws {
        let world = try await world(.securityCard)
        let (_, page) = try await asked(world)
        world.link.plan.script(
            .alterRequest { request in
                guard case .drawRequest(let draw) = try? PartyMessage(request) else {
                    return request
                }
                let other = OrderTerms(
                    transaction: draw.terms.transaction,
                    merchant: draw.terms.merchant,
                    amount: Money(minorUnits: 0, currency: .euro, exponent: .cents),
                    policy: draw.terms.policy,
                    madeAt: draw.terms.madeAt,
                    statusURL: draw.terms.statusURL
                )
                return PartyMessage.drawRequest(
                    DrawRequest(terms: other, proof: draw.proof, sealedDraw: draw.sealedDraw)
                ).bytes
            },
            at: 1
        )
        #expect(await world.pay(page) == .refused(.orderForged))
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test func `a proof that nobody hears of is given up, and the number stays consumed`()
        async throws
    {
        let world = try await world(.securityCard)
        let (_, page) = try await asked(world)
        world.link.plan.script(.dropRequest, at: 2)
        #expect(await world.pay(page).isPending)
        try await world.expectSound(balance: 10_000)
    }

    #if PLANTED_BUGS
        @Test func `a security card that counts a proof is found`() async throws {
            let violations = try await PlantedBug.$planted.withValue(.proofCounted) {
                let world = try await world(.securityCard)
                let (_, page) = try await asked(world)
                _ = await world.pay(page)
                return await Invariants.check(world)
            }
            #expect(!violations.isEmpty)
        }
    #endif
}
