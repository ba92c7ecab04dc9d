// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer
import Records
import SecurityModule
import Simulation
import Synchronization
import Testing
import Wire

/// Where S3 is compared (FIGS. 5 to 8), and what that means for the terminal.
@Suite struct ComparisonTests {
    private static let policies = ComparisonPolicy.allCases
    private static let twoTrips: [ComparisonPolicy] = [.securityCard, .paymentServer]
    private static let oneTrip: [ComparisonPolicy] = [.opalServer, .clientTerminal, .merchant]

    private func world(
        _ policy: ComparisonPolicy,
        terminals: Int = 2
    ) async throws -> World {
        var plan = WorldPlan()
        plan.policies = [policy]
        plan.terminals = terminals
        return try await World(plan)
    }

    /// What the security cards have counted.
    private func counted(_ world: World) async -> UInt64 {
        await Ledger(world).securityCards.reduce(0) { sum, card in
            card.totals.reduce(sum) { $0 + $1.count }
        }
    }

    @Test(arguments: policies)
    func `a purchase takes two trips, or one, and is counted once`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        let (ticket, page) = try await world.offer()
        let outcome = await world.pay(page)
        #expect(outcome.isPaid)
        #expect(world.link.exchanges.count == (policy.isOneTrip ? 1 : 2))
        let receipt = try #require(outcome.receipt)
        let form = try #require(await world.form(receipt))
        #expect(try await world.fetch(form, ticket).isFirst)
        try await world.expectSound(balance: 9850, sold: 1)
        #expect(await counted(world) == 1)
    }

    @Test(arguments: twoTrips)
    func `the terminal is free while the card is debited where the payment server compares`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy, terminals: 1)
        let (_, page) = try await world.offer()
        let (_, other) = try await world.offer(1)
        let wasFree = Mutex<Bool?>(nil)
        let second = Mutex<Bool?>(nil)
        // The debit response is on its way: the card is debited, nothing is compared yet.
        world.link.plan.script(
            .alterRequest { request in
                wasFree.withLock { $0 = world.leasedTerminals.isEmpty }
                let isPaid = await world.pay(other).isPaid
                second.withLock { $0 = isPaid }
                return request
            },
            at: 2
        )
        #expect(await world.pay(page).isPaid)
        let isEarly = policy == .paymentServer
        #expect(wasFree.withLock { $0 } == isEarly)
        #expect(second.withLock { $0 } == isEarly)
        try await world.expectSound(sold: isEarly ? 2 : 1)
    }

    @Test func `a sale that the payment server compared is sold at once and counted later`()
        async throws
    {
        let world = try await world(.paymentServer)
        for _ in 0..<3 {
            let (_, page) = try await world.offer()
            #expect(await world.pay(page).isPaid)
        }
        #expect(await counted(world) == 0)
        #expect(try await world.payments.openSales(limit: 10).count == 3)
        #expect(await Invariants.check(world) == [])
        #expect(await world.payments.countSales() == 3)
        #expect(await counted(world) == 3)
        #expect(await world.payments.countSales() == 0)
        #expect(try await world.payments.openSales(limit: 10).isEmpty)
        try await world.expectSound(balance: 9550, sold: 3)
    }

    @Test func `a sale that waits to be counted survives a restart and is never given up`()
        async throws
    {
        let world = try await world(.paymentServer)
        let (_, page) = try await world.offer()
        #expect(await world.pay(page).isPaid)
        try await world.restartPaymentServer()
        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        #expect(await world.payments.giveUpLateSales() == 0)
        #expect(await world.payments.countSales() == 1)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `what waits to be counted takes no terminal away from new sales`() async throws {
        var plan = WorldPlan()
        plan.merchants = 2
        plan.policies = [.securityCard, .paymentServer]
        plan.terminals = 1
        let world = try await World(plan)
        let (_, early) = try await world.offer(at: 1)
        #expect(await world.pay(early).isPaid)
        let (_, held) = try await world.offer()
        let counted = Mutex<Int?>(nil)
        world.link.plan.script(
            .alterRequest { request in
                let count = await world.payments.countSales()
                counted.withLock { $0 = count }
                return request
            },
            at: 2
        )
        #expect(await world.pay(held).isPaid)
        #expect(counted.withLock { $0 } == 0)
        let (_, next) = try await world.offer()
        #expect(await world.pay(next).isPaid)
        #expect(await world.payments.countSales() == 1)
        try await world.expectSound(sold: 3)
    }

    @Test func `a count that did not become durable is made again, once`() async throws {
        let world = try await world(.paymentServer)
        let (_, page) = try await world.offer()
        #expect(await world.pay(page).isPaid)
        world.paymentStore.commits.script(.loseAnswer, at: 1)
        #expect(await world.payments.countSales() == 0)
        #expect(await world.payments.countSales() == 0)
        #expect(await counted(world) == 1)
        let (_, other) = try await world.offer()
        #expect(await world.pay(other).isPaid)
        world.paymentStore.commits.script(.refuse(.diskFull), at: 1)
        #expect(await world.payments.countSales() == 0)
        #expect(await world.payments.countSales() == 1)
        try await world.expectSound(balance: 9700, sold: 2)
    }

    @Test func `a drawn sale whose card never answers is given up though its terminal is free`()
        async throws
    {
        let world = try await world(.paymentServer, terminals: 1)
        let (_, page) = try await world.offer()
        world.link.plan.script(.dropRequest, at: 2)
        #expect(await world.pay(page).isPending)
        #expect(world.leasedTerminals.isEmpty)
        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        #expect(await world.payments.giveUpLateSales() == 1)
        // The card's answer comes now: the sale is void, and the value comes back.
        #expect(await world.purchases.settleOpenDraws(olderThan: .zero) == 1)
        #expect(await world.payments.countSales() == 0)
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test func `an answer that comes twice is compared once`() async throws {
        let world = try await world(.paymentServer)
        let (_, page) = try await world.offer()
        world.link.plan.script(.duplicate, at: 2)
        #expect(await world.pay(page).isPaid)
        try await world.expectSound(balance: 9850, sold: 1)
        #expect(await counted(world) == 1)
    }

    @Test func `a restart between S2 and S3 loses nothing`() async throws {
        let world = try await world(.paymentServer, terminals: 1)
        let (_, page) = try await world.offer()
        world.link.plan.script(
            .alterRequest { request in
                try? await world.restartPaymentServer()
                return request
            },
            at: 2
        )
        #expect(await world.pay(page).isPaid)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `an order that names another place than the agreement is refused`() async throws {
        let world = try await world(.paymentServer)
        let (_, page) = try await world.offer()
        let terms = OrderTerms(
            transaction: page.terms.transaction,
            merchant: page.terms.merchant,
            amount: page.terms.amount,
            policy: .securityCard,
            madeAt: page.terms.madeAt,
            statusURL: page.terms.statusURL
        )
        let changed = OrderPage(
            terms: terms,
            proof: page.proof,
            paymentServer: page.paymentServer,
            description: page.description,
            sessionKey: page.sessionKey
        )
        // The order token covers the place.
        #expect(await world.pay(changed) == .refused(.orderForged))
        #expect(try await world.balance() == 10_000)
    }
}
