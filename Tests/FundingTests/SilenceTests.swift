// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import SecurityModule
import Simulation
import Synchronization
import Testing
import Wire

/// What is not known is told as pending, and ends by asking.
@Suite struct SilenceTests {
    @Test func `The network is silent: pending, then reversed, and a mail tells it`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        try await world.forgetMails()
        world.gateway.network(.isSilent)
        let request = world.request(by: anna)
        #expect(await world.server.loads.begin(request).isPending)
        // As long as the network does not acknowledge.
        await world.server.loads.settleOpen(olderThan: .zero)
        #expect(await world.server.loads.begin(request).isPending)
        #expect(try await world.mails(to: anna.email).isEmpty)
        world.gateway.acknowledgeReversals()
        #expect(await world.server.loads.settleOpen(olderThan: .zero) == 1)
        #expect(await world.server.loads.begin(request).refusal == .gatewaySilent)
        let mail = try #require(try await world.mails(to: anna.email).first)
        #expect(mail.subject.contains("was not loaded"))
        #expect(try await world.balance(anna) == 1_000)
        try await world.expectSound()
    }

    @Test func `The network approved and its answer is lost: pending, then loaded`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        try await world.forgetMails()
        world.link.plan.script(.dropResponse, forNext: 2)
        let request = world.request(by: anna)
        #expect(await world.server.loads.begin(request).isPending)
        #expect(world.gateway.held == 2_500)
        #expect(await world.server.loads.settleOpen(olderThan: .zero) == 1)
        #expect(await world.server.loads.begin(request).receipt?.balance == 3_500)
        #expect(try await world.mails(to: anna.email).count == 1)
        try await world.expectSound()
    }

    @Test func `A lost answer is asked for again with the same bytes`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        world.link.plan.script(.dropResponse)
        #expect(await world.server.loads.begin(world.request(by: anna)).receipt != nil)
        let sent = world.link.exchanges.map(\.request)
        // After the sign-up's.
        #expect(sent[1] == sent[2])
        try await world.expectSound()
    }

    @Test func `A request that comes twice at the same time is approved once`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        world.link.plan.script(.duplicate, forNext: 2)
        #expect(await world.server.loads.begin(world.request(by: anna)).receipt != nil)
        #expect(world.gateway.asked == 2)
        try await world.expectSound()
    }

    @Test func `A request that arrives after the load was given up is not sent to the network`()
        async throws
    {
        let world = try await FundingWorld()
        let anna = try await world.person()
        world.link.plan.script(.late, forNext: 2)
        let request = world.request(by: anna)
        #expect(await world.server.loads.begin(request).isPending)
        // The gateway has never heard of it, and is told that it never will be.
        world.link.plan.script(.refuse(.timedOut))
        await world.server.loads.settleOpen(olderThan: .zero)
        world.clock.advance(by: FundingLimits.authorizationTime)
        world.link.plan.script(.refuse(.timedOut))
        await world.server.loads.settleOpen(olderThan: .zero)
        #expect(await world.server.loads.begin(request).refusal == .gatewaySilent)
        await world.server.loads.settleOpen(olderThan: .zero)
        await world.link.deliverLate()
        #expect(world.gateway.state(request.transaction) == .cancelled)
        #expect(world.gateway.asked == 1)
        try await world.expectSound()
    }

    @Test func `An approval after the time-out is given back and never credited`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        world.gateway.network(.approvesAfter(FundingLimits.authorizationTime))
        let request = world.request(by: anna)
        #expect(await world.server.loads.begin(request).refusal == .gatewaySilent)
        #expect(world.gateway.state(request.transaction) == .cancelled)
        #expect(try await world.balance(anna) == 1_000)
        try await world.expectSound()
    }

    @Test func `An approval just before the time-out is credited`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        world.gateway.network(
            .approvesAfter(FundingLimits.authorizationTime - .milliseconds(1))
        )
        #expect(await world.server.loads.begin(world.request(by: anna)).receipt != nil)
        try await world.expectSound()
    }

    @Test func `An approval that is learnt of too late is given back`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        world.link.plan.script(.dropResponse, forNext: 2)
        let request = world.request(by: anna)
        #expect(await world.server.loads.begin(request).isPending)
        world.clock.advance(by: FundingLimits.authorizationTime)
        await world.server.loads.settleOpen(olderThan: .zero)
        #expect(world.gateway.state(request.transaction) == .cancelled)
        #expect(await world.server.loads.begin(request).refusal == .gatewaySilent)
        try await world.expectSound()
    }

    @Test func `A clock that is set does not change how long a load waits`() async throws {
        let steady = Mutex(Int64(0))
        let world = try await FundingWorld(
            uptime: { Uptime(microseconds: steady.withLock { $0 }) }
        )
        let anna = try await world.person()
        world.gateway.network(.isSilent, .isSilent)
        let request = world.request(by: anna)
        #expect(await world.server.loads.begin(request).isPending)
        await world.server.loads.settleOpen(olderThan: .zero)
        // Somebody sets the wall clock an hour forward: the load still waits.
        world.clock.advance(by: .seconds(3600))
        await world.server.loads.settleOpen(olderThan: .zero)
        #expect(await world.server.loads.begin(request).isPending)
        steady.withLock { $0 += FundingLimits.authorizationTime.milliseconds * 1000 }
        await world.server.loads.settleOpen(olderThan: .zero)
        #expect(await world.server.loads.begin(request).refusal == .gatewaySilent)
        try await world.expectSound()
    }

    @Test func `The gateway is silent after the credit: loaded, and told until it knows`()
        async throws
    {
        let world = try await FundingWorld()
        let anna = try await world.person()
        world.link.plan.script(.dropRequest, at: 2)
        let request = world.request(by: anna)
        #expect(await world.server.loads.begin(request).receipt?.balance == 3_500)
        #expect(world.gateway.charged == 0)
        #expect(await world.server.loads.settleOpen(olderThan: .zero) == 1)
        #expect(world.gateway.charged == 2_500)
        try await world.expectSound()
    }

    @Test func `The gateway is silent after the load was given up: told until it knows`()
        async throws
    {
        let world = try await FundingWorld()
        let anna = try await world.person()
        world.link.plan.script(.dropRequest, at: 2)
        world.gateway.network(.approvesAfter(FundingLimits.authorizationTime))
        let request = world.request(by: anna)
        #expect(await world.server.loads.begin(request).refusal == .gatewaySilent)
        #expect(world.gateway.held == 2_500)
        #expect(await world.server.loads.settleOpen(olderThan: .zero) == 1)
        #expect(world.gateway.held == 0)
        try await world.expectSound()
    }

    @Test func `The card refuses what was approved: it is given back`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person(value: 46_000)
        // Two loads that fit alone and not together, both approved before one is credited.
        let (one, two) = (world.request(3_000, by: anna), world.request(3_000, by: anna))
        world.link.plan.script(.dropResponse, forNext: 4)
        #expect(await world.server.loads.begin(one).isPending)
        #expect(await world.server.loads.begin(two).isPending)
        await world.server.loads.settleOpen(olderThan: .zero)
        let outcomes = [
            await world.server.loads.begin(one), await world.server.loads.begin(two),
        ]
        #expect(outcomes.count { $0.receipt != nil } == 1)
        #expect(outcomes.count { $0.refusal == .aboveMaximum } == 1)
        #expect(try await world.balance(anna) == 49_000)
        try await world.expectSound()
    }

    @Test func `The card is blocked between approval and credit: it is given back`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        world.link.plan.script(.dropResponse, forNext: 2)
        let request = world.request(by: anna)
        #expect(await world.server.loads.begin(request).isPending)
        #expect(try await world.server.desk.setBlocked(true, anna.card))
        await world.server.loads.settleOpen(olderThan: .zero)
        #expect(await world.server.loads.begin(request).refusal == .cardBlocked)
        #expect(world.gateway.state(request.transaction) == .cancelled)
        try await world.expectSound()
    }

    @Test func `A load under way is left alone by the rounds`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        world.link.plan.script(.dropResponse, forNext: 2)
        _ = await world.server.loads.begin(world.request(by: anna))
        #expect(await world.server.loads.settleOpen(olderThan: .seconds(20)) == 0)
        world.clock.advance(by: .seconds(20))
        #expect(await world.server.loads.settleOpen(olderThan: .seconds(20)) == 1)
        try await world.expectSound()
    }

    @Test func `An answer that was changed on the way charges nothing that is not credited`()
        async throws
    {
        for bit in UInt64(0)..<192 {
            let world = try await FundingWorld(seed: bit)
            let anna = try await world.person()
            world.link.plan.script(.alterResponseBit(bit), forNext: 2)
            _ = await world.server.loads.begin(world.request(by: anna))
            await world.settle()
            let report = try await world.auditor.run {}
            #expect(report.findings == [])
            let credited = report.accountCredits.values.reduce(0) { $0 + $1.amount.minorUnits }
            #expect(credited == world.gateway.charged)
        }
    }
}
