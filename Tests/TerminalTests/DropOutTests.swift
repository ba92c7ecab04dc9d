// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer
import Records
import SecurityModule
import Simulation
import TerminalHost
import Testing
import Wire

/// A terminal that drops out during a sale does not lose it, wherever it happens.
@Suite struct DropOutTests {
    static let policies: [ComparisonPolicy] = [.securityCard, .paymentServer]

    @Test(arguments: policies)
    func `a sale through a remote terminal is sold once`(policy: ComparisonPolicy) async throws {
        let world = try await World.remote(1, policy)
        #expect(try await world.buy().outcome.isPaid)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a terminal that drops out after S2 and comes back sells the sale once`()
        async throws
    {
        let world = try await World.remote(1)
        let host = try #require(world.hosts.first)
        // The second exchange is the card's answer.
        host.link.plan.script(.refuse(.timedOut), at: 2)
        let (page, outcome) = try await world.buy()
        #expect(outcome.isPending)
        #expect(await world.pay(page).isPaid)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a terminal that is started anew between S2 and S3 knows its sale`() async throws {
        let world = try await World.remote(1)
        let host = try #require(world.hosts.first)
        host.link.plan.script(.refuse(.timedOut), at: 2)
        let (page, outcome) = try await world.buy()
        #expect(outcome.isPending)
        host.stop()
        #expect(await world.pay(page).isPending)
        try await world.restartPaymentServer()
        #expect(await world.pay(page).isPending)
        host.start()
        #expect(await world.pay(page).isPaid)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test(arguments: policies)
    func `a terminal that stays away leaves the sale pending or sold, and never both ends`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.remote(1, policy)
        let host = try #require(world.hosts.first)
        // The debit response does not come in time, then the terminal is away.
        world.link.plan.script(.dropRequest, at: 2)
        let (page, outcome) = try await world.buy()
        #expect(outcome.isPending)
        host.stop()
        await world.payments.refreshTerminals()
        world.clock.advance(by: .seconds(120))
        #expect(await world.payments.giveUpLateSales() == 0)
        let later = await world.pay(page)
        // Where the payment server compares, it needs no terminal for that.
        #expect(policy == .securityCard ? later.isPending : later.isPaid)
        #expect(await Invariants.check(world) == [])
        host.start()
        if policy == .securityCard {
            await world.payments.refreshTerminals()
            #expect(await world.payments.giveUpLateSales() == 1)
            try await world.expectSound(balance: 10_000, sold: 0)
        } else {
            try await world.expectSound(balance: 9850, sold: 1)
        }
    }

    @Test func `what the security card has counted is sold, though its answer was lost`()
        async throws
    {
        let world = try await World.remote(1)
        let host = try #require(world.hosts.first)
        host.link.plan.script(.dropResponse, at: 2)
        let (_, outcome) = try await world.buy()
        #expect(outcome.isPending)
        // The payment server wants to give the sale up: the security card knows better.
        world.clock.advance(by: .seconds(120))
        await world.payments.refreshTerminals()
        #expect(await world.payments.giveUpLateSales() == 1)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test(arguments: policies)
    func `what the security card has given up is never sold, though its answer was lost`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.remote(1, policy)
        let host = try #require(world.hosts.first)
        world.link.plan.script(.dropRequest, at: 2)
        let (page, outcome) = try await world.buy()
        #expect(outcome.isPending)
        world.clock.advance(by: .seconds(120))
        host.link.plan.script(.dropResponse)
        #expect(await world.payments.giveUpLateSales() == 0)
        // The right S3 comes now: too late.
        #expect(!(await world.pay(page).isPaid))
        #expect(await Invariants.check(world) == [])
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test func `a terminal that is away is not leased, and another one serves`() async throws {
        let world = try await World.remote(2)
        world.hosts[0].stop()
        for _ in 0..<3 { #expect(try await world.buy().outcome.isPaid) }
        try await world.expectSound(balance: 10_000 - 3 * 150, sold: 3)
    }

    @Test func `where all terminals are away nothing is taken, and the person is told`()
        async throws
    {
        let world = try await World.remote(2)
        for host in world.hosts { host.stop() }
        #expect(try await world.buy().outcome.refusal == .busy)
        for host in world.hosts { host.start() }
        await world.payments.refreshTerminals()
        #expect(try await world.buy().outcome.isPaid)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a number that was drawn in vain is given up when the terminal is back`()
        async throws
    {
        let world = try await World.remote(2)
        for host in world.hosts { host.link.plan.script(.dropResponse) }
        _ = try await world.buy()
        let open = await world.hosts.first?.description()?.openNumbers ?? []
        let other = await world.hosts.last?.description()?.openNumbers ?? []
        #expect(open.count + other.count > 0)
        await world.payments.refreshTerminals()
        for host in world.hosts { #expect(await host.description()?.openNumbers == []) }
        #expect(try await world.buy().outcome.isPaid)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a request to draw that comes again after its number was given up gets no other`()
        async throws
    {
        let world = try await World.remote(1)
        let host = try #require(world.hosts.first)
        host.link.plan.script(.dropResponse)
        #expect(try await world.buy().outcome.refusal == .busy)
        let request = try #require(host.link.exchanges.last).request
        #expect(await host.description()?.openNumbers.count == 1)
        await world.payments.refreshTerminals()
        let before = await host.description()
        #expect(before?.openNumbers == [])
        _ = await host.module.answer(request, from: "payments.example")
        #expect(await host.description() == before)
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test(arguments: policies)
    func `the same bytes again have the same effect`(policy: ComparisonPolicy) async throws {
        let world = try await World.remote(1, policy)
        let host = try #require(world.hosts.first)
        #expect(try await world.buy().outcome.isPaid)
        await world.payments.countSales()
        let before = await host.description()
        for exchange in host.link.exchanges {
            _ = await host.module.answer(exchange.request, from: "payments.example")
        }
        let after = await host.description()
        #expect(after == before)
        #expect(before?.totals.first?.count == 1)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a commit that fails at the terminal has not happened`() async throws {
        let world = try await World.remote(1)
        let host = try #require(world.hosts.first)
        host.store.commits.script(.refuse(.diskFull))
        #expect(try await world.buy().outcome.refusal == .busy)
        await world.payments.refreshTerminals()
        host.store.commits.script(.loseAnswer)
        _ = try await world.buy()
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test(arguments: ComparisonPolicy.allCases.filter(\.releasesTerminalEarly))
    func `a give-up that comes after the next draw of its order takes no number from it`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.remote(1, policy)
        let host = try #require(world.hosts.first)
        let asItCame: FaultyLink.Fault = .alterResponse { $0 }
        // A number is drawn in vain: the answer is lost, and so is what the OPAL server is told.
        host.link.plan.script(.dropResponse)
        world.link.plan.script(.dropResponse)
        // It asks again with the same bytes. Meanwhile the number is given up, and the word is held
        // back on its way; the terminal answers again, and nobody looks what it has open.
        world.link.plan.script(
            .alterRequest { request in
                host.link.plan.script(.late, at: 3)
                await world.payments.refreshTerminals()
                host.link.plan.script(asItCame)
                host.link.plan.script(asItCame, at: 2)
                world.paymentStore.reads.script(.unavailable("a fault"))
                await world.payments.refreshTerminals()
                return request
            },
            at: 2
        )
        let (_, outcome) = try await world.buy()
        #expect(outcome.isPaid)
        await world.purchases.settleOpenDraws(olderThan: .zero)
        await host.link.deliverLate()
        #expect(await Invariants.check(world) == [])
        try await world.expectSound(balance: 9850, sold: 1)
        #expect(await host.description()?.openNumbers == [])
    }
}
