// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import Simulation
import Testing
import Wire

/// The process dies at each step; the next one finds what is open and ends it.
@Suite struct RestartTests {
    /// More commits and requests than a load has.
    private static let deeds = 1...8

    @Test(arguments: MortalProcess.Moment.allCases)
    func `A load is charged and credited together, wherever the process dies`(
        _ moment: MortalProcess.Moment
    ) async throws {
        var (endings, survivors): (Set<AccountLoadState?>, Int) = ([], 0)
        for death in Self.deeds {
            let world = try await FundingWorld(seed: UInt64(death))
            let anna = try await world.person()
            let process = MortalProcess(dies: moment, death)
            let mortal = world.start(on: process.store(world.store), process.link(world.link))
            let request = world.request(by: anna)
            let told = await mortal.loads.begin(request)
            if !process.isDead { survivors += 1 }
            try await world.expectSound()
            let ended = await world.server.loads.begin(request)
            endings.insert(
                try await world.server.loads.load(request.transaction, by: anna.key)?.state
            )
            // Nobody was told what is not true.
            if told.receipt != nil { #expect(ended.receipt != nil) }
            if let refusal = told.refusal, refusal != .storeUnavailable {
                #expect(ended.refusal == refusal)
            }
            #expect(try await world.balance(anna) == (ended.receipt == nil ? 1_000 : 3_500))
        }
        #expect(survivors > 0, "more deeds than a load has")
        #expect(endings.isSuperset(of: [.completed, .cancelled]))
    }

    @Test(arguments: MortalProcess.Moment.allCases)
    func `A round that dies is done again by the next one`(
        _ moment: MortalProcess.Moment
    ) async throws {
        for death in Self.deeds {
            for isTooLate in [false, true] {
                let world = try await FundingWorld(seed: UInt64(death))
                let anna = try await world.person()
                world.link.plan.script(.dropResponse, forNext: 2)
                let request = world.request(by: anna)
                #expect(await world.server.loads.begin(request).isPending)
                if isTooLate { world.clock.advance(by: FundingLimits.authorizationTime) }
                let process = MortalProcess(dies: moment, death)
                let mortal = world.start(on: process.store(world.store), process.link(world.link))
                await mortal.loads.settleOpen(olderThan: .zero)
                try await world.expectSound()
                let ended = await world.server.loads.begin(request)
                #expect((ended.receipt != nil) == !isTooLate)
                // The mail that tells it came once.
                let told = try await world.mails(to: anna.email).filter {
                    $0.subject.contains("loaded")
                }
                #expect(told.count == 1)
            }
        }
    }

    @Test func `A commit without an answer is looked up and never told as a failure`()
        async throws
    {
        let world = try await FundingWorld()
        let anna = try await world.person()
        // Count of loads, load, credit.
        world.store.commits.script(.loseAnswer, at: 3)
        let outcome = await world.server.loads.begin(world.request(by: anna))
        #expect(outcome.receipt?.balance == 3_500)
        try await world.expectSound()
    }

    /// Else it would be told as pending, and no mail would ever tell how it ended.
    @Test func `A refusal whose commit has no answer is looked up and told`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        world.gateway.network(always: .declines(.insufficientFunds))
        // Count of loads, load, refusal.
        world.store.commits.script(.loseAnswer, at: 3)
        let outcome = await world.server.loads.begin(world.request(by: anna))
        #expect(outcome.refusal == .insufficientFunds)
        try await world.expectSound()
    }

    @Test func `A credit that cannot be stored now is made later`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        world.store.commits.script(.refuse(.diskFull), at: 3)
        let request = world.request(by: anna)
        #expect(await world.server.loads.begin(request).isPending)
        #expect(await world.server.loads.settleOpen(olderThan: .zero) == 1)
        #expect(await world.server.loads.begin(request).receipt != nil)
        try await world.expectSound()
    }

    @Test func `A purchase at the same moment does not keep the card from being credited`()
        async throws
    {
        let world = try await FundingWorld()
        let anna = try await world.person()
        world.store.commits.script(.conflict, at: 3)
        world.store.commits.script(.conflict, at: 4)
        #expect(await world.server.loads.begin(world.request(by: anna)).receipt != nil)
        try await world.expectSound()
    }

    @Test func `Two servers that end the same load at the same moment credit it once`()
        async throws
    {
        for seed in UInt64(1)...20 {
            let world = try await FundingWorld(seed: seed)
            let anna = try await world.person()
            world.link.plan.script(.dropResponse, forNext: 2)
            #expect(await world.server.loads.begin(world.request(by: anna)).isPending)
            let (one, two) = (
                world.start(on: world.store, world.link), world.start(on: world.store, world.link)
            )
            async let first = one.loads.settleOpen(olderThan: .zero)
            async let second = two.loads.settleOpen(olderThan: .zero)
            _ = await (first, second)
            #expect(try await world.balance(anna) == 3_500)
            try await world.expectSound()
        }
    }

    /// Loads by several people, with everything going wrong that may: what the gateway has
    /// completed is what cards were credited.
    @Test func `Nothing is lost and nothing made, whatever goes wrong`() async throws {
        var endings: [AccountLoadState: Int] = [:]
        for seed in UInt64(1)...150 {
            let world = try await FundingWorld(seed: seed)
            let people = [try await world.person("anna"), try await world.person("bert")]
            let emma = try await world.child(of: people[0])
            Self.makeTrouble(world, seed)
            var requests: [AccountLoadRequest] = []
            for _ in 0..<8 {
                let payer = people[world.random.below(2)]
                let isGift = payer.key == people[0].key && world.random.isOne(in: 3)
                let request = world.request(
                    UInt64(500 + world.random.below(20_000)),
                    by: payer,
                    onto: isGift ? emma.card : payer.card,
                    isGift ? .gift : .own
                )
                requests.append(request)
                let plan: [ScriptedGateway.Network] = [
                    .approves, .approves, .isSilent, .isBusy, .declines(.declined),
                    .approvesAfter(.seconds(400)),
                ]
                world.gateway.network(always: plan[world.random.below(plan.count)])
                _ = await world.server.loads.begin(request)
                if world.random.isOne(in: 3) { _ = await world.server.loads.begin(request) }
                if world.random.isOne(in: 4) { world.restart() }
                if world.random.isOne(in: 2) {
                    world.clock.advance(by: .seconds(world.random.below(200)))
                    await world.server.loads.settleOpen(olderThan: .zero)
                }
                if world.random.isOne(in: 3) { world.gateway.acknowledgeReversals() }
            }
            try await world.expectSound()
            for load in try await world.auditor.run({}).accountLoads.values {
                endings[load.state, default: 0] += 1
            }
        }
        // It is worth nothing where only one thing happens.
        for state in [AccountLoadState.completed, .declined, .cancelled] {
            #expect(endings[state] ?? 0 > 100)
        }
    }

    private static func makeTrouble(_ world: FundingWorld, _ seed: UInt64) {
        world.link.plan.chance(
            [
                .refuse(.notSent), .dropRequest, .dropResponse, .duplicate, .late,
                .refuse(.broken),
            ],
            oneIn: 4,
            seed: seed
        )
        world.store.commits.chance(
            [.refuse(.locked), .loseAnswer, .conflict, .refuse(.unavailable("away"))],
            oneIn: 8,
            seed: seed &+ 1
        )
        world.store.reads.chance([.unavailable("away")], oneIn: 40, seed: seed &+ 2)
    }
}
