// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import PaymentServer
import Simulation
import Testing
import Wire

/// What the payment server measures of each place of comparison: trips, exchanges with terminals,
/// and how long these are held, as it happens.
@Suite struct PolicyUseTests {
    private static let policies = ComparisonPolicy.allCases
    private static let early = policies.filter(\.releasesTerminalEarly)
    private static let oneTrip = policies.filter(\.isOneTrip)

    private func world(_ policy: ComparisonPolicy) async throws -> World {
        var plan = WorldPlan()
        plan.policies = [policy]
        return try await World(plan)
    }

    private func use(_ policy: ComparisonPolicy, _ world: World) throws -> PolicyUse {
        try #require(world.payments.policyUses()[policy])
    }

    /// Buys with a card that takes its time to answer: the debit response stays away so long.
    private func buy(_ world: World, cardTime: Duration = .zero) async throws {
        let (_, page) = try await world.offer()
        world.link.plan.script(
            .alterRequest { request in
                world.clock.advance(by: cardTime)
                return request
            },
            at: 2
        )
        #expect(await world.pay(page).isPaid)
        // Where one trip is all, the card's answer comes by the way.
        await world.purchases.settleOpenDraws(olderThan: .zero)
        world.link.plan.clear()
    }

    @Test(arguments: policies)
    func `trips and exchanges are those that the patent says`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        for _ in 0..<3 { try await buy(world) }
        let use = try use(policy, world)
        #expect(use.draws == 3)
        #expect(use.trips == (policy.isOneTrip ? 3 : 6))
        #expect(use.notices == (policy.isOneTrip ? 3 : 0))
        #expect(use.exchanges == (policy.releasesTerminalEarly ? 3 : 6))
        #expect(world.payments.policyUses().count == 1)
        try await world.expectSound(balance: 9550, sold: 3)
    }

    @Test func `a slow card holds the terminal where the security card compares`() async throws {
        let world = try await world(.securityCard)
        try await buy(world, cardTime: .seconds(7))
        #expect(try use(.securityCard, world).held == .seconds(7))
        try await buy(world, cardTime: .seconds(20))
        #expect(try use(.securityCard, world).held == .seconds(27))
        try await world.expectSound(balance: 9700, sold: 2)
    }

    @Test(arguments: early)
    func `a slow card holds no terminal where somebody else compares`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        try await buy(world, cardTime: .seconds(7))
        try await buy(world, cardTime: .seconds(20))
        #expect(try use(policy, world).held == .zero)
        #expect(world.leasedTerminals.isEmpty)
        try await world.expectSound(balance: 9700, sold: 2)
    }

    @Test(arguments: early)
    func `sales that are counted together are one exchange more`(
        policy: ComparisonPolicy
    ) async throws {
        var plan = WorldPlan()
        plan.policies = [policy]
        plan.terminals = 1
        let world = try await World(plan)
        for _ in 0..<3 { try await buy(world) }
        #expect(try use(policy, world).countings == 0)
        #expect(await world.payments.countSales() == 3)
        let use = try use(policy, world)
        #expect(use.countings == 1 && use.exchanges == 3 && use.heldToCount == .zero)
        try await world.expectSound(balance: 9550, sold: 3)
    }

    @Test func `messages that come again count again`() async throws {
        let world = try await world(.securityCard)
        let (_, page) = try await world.offer()
        world.link.plan.script(.dropResponse)
        world.link.plan.script(.dropResponse, at: 3)
        #expect(await world.pay(page).isPending)
        #expect(await world.purchases.settleOpenDraws(olderThan: .zero) == 1)
        let use = try use(.securityCard, world)
        // Draw request, the same again, the card's answer; again, when the result was out.
        #expect(use.draws == 1 && use.trips == 3 && use.notices == 1 && use.exchanges == 2)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test(arguments: oneTrip)
    func `a draw request that comes again is a trip more, also where one is all`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        let (_, page) = try await world.offer()
        world.link.plan.script(.dropResponse)
        #expect(await world.pay(page).isPaid)
        let use = try use(policy, world)
        #expect(use.draws == 1 && use.trips == 2 && use.exchanges == 1)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a sale that is given up holds its terminal until then`() async throws {
        let world = try await world(.securityCard)
        let (_, page) = try await world.offer()
        world.link.plan.script(.dropRequest, at: 2)
        #expect(await world.pay(page).isPending)
        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        #expect(await world.payments.giveUpLateSales() == 1)
        let use = try use(.securityCard, world)
        #expect(use.held == PurchaseLimits.saleTime + .seconds(1))
        #expect(use.trips == 1 && use.exchanges == 2)
        try await world.expectSound(balance: 10_000, sold: 0)
    }
}
