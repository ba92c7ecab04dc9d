// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import SecurityModule
import Simulation
import Testing
import Wire

/// When below X, load Y, at most Z a month.
@Suite struct TopUpTests {
    private static let day = Duration.seconds(86_400)

    @Test(arguments: [(999, true), (1_000, false)] as [(UInt64, Bool)])
    func `A card is topped up when it is below the threshold`(
        _ value: UInt64,
        _ isDue: Bool
    ) async throws {
        let world = try await FundingWorld()
        let anna = try await world.person(value: value)
        try await set(world, anna)
        await world.server.orders.run(at: world.now)
        #expect(try await world.balance(anna) == value + (isDue ? 2_000 : 0))
        if isDue {
            let note = try #require(try await world.history(anna.card).last).note
            #expect(note == "Standing top-up from account •••• 1111")
            let asked = world.gateway.entries.values.compactMap(\.authorization)
            #expect(
                asked.contains { $0.initiation == .standingOrder && $0.verificationValue == nil }
            )
        }
        try await world.expectSound()
    }

    @Test func `At most so much is loaded in a month`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person(value: 100)
        // Below the threshold even after three loads.
        try await set(world, anna, threshold: 20_000, monthMax: 5_999)
        for _ in 0..<5 { await world.server.orders.run(at: world.now) }
        #expect(try await world.balance(anna) == 4_100)
        #expect(try await world.server.orders.topUp(of: anna.key)?.loadedThisMonth == 4_000)
        // Changing the order, or ending it and ordering anew, does not begin the month anew.
        try await world.server.orders.endTopUp(for: anna.key)
        try await set(world, anna, threshold: 20_000, monthMax: 5_999)
        await world.server.orders.run(at: world.now)
        #expect(try await world.balance(anna) == 4_100)
        // The month ends by the clock of the person: 2026-06-30 22:00 UTC.
        await world.run(to: Instant(milliseconds: 1_782_856_799_999))
        #expect(try await world.balance(anna) == 4_100)
        await world.run(to: Instant(milliseconds: 1_782_856_800_000))
        #expect(try await world.balance(anna) == 6_100)
        // Back in June nothing is counted anew.
        await world.server.orders.run(at: Instant(milliseconds: 1_782_856_799_999))
        await world.server.orders.run(at: Instant(milliseconds: 1_782_856_799_999))
        #expect(try await world.balance(anna) == 8_100)
        await world.server.orders.run(at: Instant(milliseconds: 1_782_856_800_000))
        #expect(try await world.balance(anna) == 8_100)
        try await world.expectSound()
    }

    @Test func `Two servers top up once`() async throws {
        for seed in UInt64(1)...10 {
            let world = try await FundingWorld(seed: seed)
            let anna = try await world.person(value: 100)
            try await set(world, anna)
            let now = world.now
            let servers = [
                world.start(on: world.store, world.link), world.start(on: world.store, world.link),
            ]
            await withTaskGroup { group in
                for server in servers + servers {
                    group.addTask { await server.orders.run(at: now) }
                }
            }
            await world.settle()
            await world.server.orders.run(at: now)
            #expect(try await world.balance(anna) == 2_100)
            try await world.expectSound()
        }
    }

    @Test(arguments: MortalProcess.Moment.allCases)
    func `A card is topped up once, wherever the process dies`(
        _ moment: MortalProcess.Moment
    ) async throws {
        for death in 1...9 {
            let world = try await FundingWorld(seed: UInt64(death))
            let anna = try await world.person(value: 100)
            try await set(world, anna)
            let process = MortalProcess(dies: moment, death)
            let mortal = world.start(on: process.store(world.store), process.link(world.link))
            await mortal.orders.run(at: world.now)
            for _ in 0..<3 {
                await world.server.orders.run(at: world.now)
                await world.settle()
                world.clock.advance(by: FundingLimits.retryTime)
            }
            #expect(try await world.balance(anna) == 2_100)
            #expect(try await world.server.orders.topUp(of: anna.key)?.loadedThisMonth == 2_000)
            try await world.expectSound()
        }
    }

    @Test func `One that came to nothing is tried so often, then stopped and told`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person(value: 100)
        try await set(world, anna)
        try await world.forgetMails()
        let asked = world.gateway.asked
        world.gateway.network(always: .declines(.insufficientFunds))
        for _ in 0..<5 {
            await world.server.orders.run(at: world.now)
            await world.server.orders.run(at: world.now)
            world.clock.advance(by: FundingLimits.retryTime)
        }
        #expect(world.gateway.asked == asked + Int(FundingLimits.attemptsMax))
        let mails = try await world.mails(to: anna.email)
        #expect(mails.count == Int(FundingLimits.attemptsMax))
        #expect(mails.count { $0.body.contains("stopped now") } == 1)
        let topUp = try #require(try await world.server.orders.topUp(of: anna.key))
        #expect(!topUp.isActive && topUp.stoppedFor == .insufficientFunds)
        #expect(topUp.loadedThisMonth == 0)
        // Set again, it works again.
        world.gateway.network(always: .approves)
        try await set(world, anna)
        await world.server.orders.run(at: world.now)
        #expect(try await world.balance(anna) == 2_100)
        try await world.expectSound()
    }

    @Test func `One that cannot be told now is stopped by the next round, with its mail`()
        async throws
    {
        let world = try await FundingWorld()
        let anna = try await world.person(value: 100)
        try await set(world, anna)
        world.gateway.network(always: .declines(.insufficientFunds))
        for _ in 1..<FundingLimits.attemptsMax {
            await world.server.orders.run(at: world.now)
            world.clock.advance(by: FundingLimits.retryTime)
        }
        try await world.forgetMails()
        let link = InterruptedLink(world.link) {
            // The load itself, and whom to tell.
            world.store.reads.script(.unavailable("away"), at: 2)
        }
        await world.start(on: world.store, link).orders.run(at: world.now)
        #expect(world.store.reads.isSpent)
        #expect(try await world.server.orders.topUp(of: anna.key)?.isActive == true)
        await world.server.orders.run(at: world.now)
        let mails = try await world.mails(to: anna.email)
        #expect(mails.count == 1 && mails.allSatisfy { $0.body.contains("stopped now") })
        #expect(try await world.server.orders.topUp(of: anna.key)?.isActive == false)
        try await world.expectSound()
    }

    @Test func `What somebody loads in between is not topped up beside it`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person(value: 100)
        try await set(world, anna)
        world.gateway.network(.declines(.issuerUnavailable))
        await world.server.orders.run(at: world.now)
        #expect(await world.server.loads.begin(world.request(3_000, by: anna)).receipt != nil)
        await world.run(to: world.now.adding(FundingLimits.retryTime))
        #expect(try await world.balance(anna) == 3_100)
        #expect(try await world.server.orders.topUp(of: anna.key)?.loadedThisMonth == 0)
        try await world.expectSound()
    }

    @Test(arguments: InterruptedStore.Moment.allCases, [false, true])
    func `What one server gives back, another one that is slow does not load`(
        _ moment: InterruptedStore.Moment,
        isEnded: Bool
    ) async throws {
        let world = try await FundingWorld()
        let anna = try await world.person(value: 100)
        try await set(world, anna)
        world.gateway.network(.declines(.issuerUnavailable))
        await world.server.orders.run(at: world.now)
        world.clock.advance(by: FundingLimits.retryTime)
        let (now, quick) = (world.now, world.server)
        // The slow one has read the order and the balance.
        let store = InterruptedStore(
            world.store,
            before: moment,
            of: AccountLoadRecord.kind
        ) {
            if isEnded {
                try? await quick.orders.endTopUp(for: anna.key)
            } else {
                _ = await quick.loads.begin(world.request(3_000, by: anna))
            }
            await quick.orders.run(at: now)
        }
        let slow = world.start(on: store, world.link)
        await slow.orders.run(at: now)
        let topUp = try #require(try await world.server.orders.topUp(of: anna.key))
        #expect(topUp.loadedThisMonth == 0)
        #expect(topUp.current == nil)
        #expect(try await world.balance(anna) == (isEnded ? 100 : 3_100))
        try await world.expectSound()
    }

    @Test func `A server that dies before it gives back leaves nothing to be loaded or told`()
        async throws
    {
        let world = try await FundingWorld()
        let anna = try await world.person(value: 100)
        try await set(world, anna)
        world.gateway.network(.declines(.issuerUnavailable))
        await world.server.orders.run(at: world.now)
        #expect(await world.server.loads.begin(world.request(3_000, by: anna)).receipt != nil)
        world.clock.advance(by: FundingLimits.retryTime)
        try await world.forgetMails()
        // After the question whether the gateway answers, and the load that is forbidden.
        let process = MortalProcess(dies: .after, 2)
        let mortal = world.start(on: process.store(world.store), process.link(world.link))
        await mortal.orders.run(at: world.now)
        #expect(process.isDead)
        #expect(try await world.server.orders.topUp(of: anna.key)?.current != nil)
        await world.server.orders.run(at: world.now)
        let topUp = try #require(try await world.server.orders.topUp(of: anna.key))
        #expect(topUp.current == nil && topUp.isActive && topUp.loadedThisMonth == 0)
        #expect(try await world.mails(to: anna.email).isEmpty)
        #expect(try await world.balance(anna) == 3_100)
        try await world.expectSound()
    }

    @Test func `A blocked card is left alone`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person(value: 100)
        try await set(world, anna)
        #expect(try await world.server.desk.setBlocked(true, anna.card))
        let asked = world.gateway.asked
        await world.server.orders.run(at: world.now)
        #expect(world.gateway.asked == asked)
        #expect(try await world.server.desk.setBlocked(false, anna.card))
        await world.server.orders.run(at: world.now)
        #expect(try await world.balance(anna) == 2_100)
    }

    @Test func `A child has no top-up of its own`() async throws {
        let world = try await FundingWorld()
        let emma = try await world.child(of: try await world.person())
        await #expect(throws: StandingOrderRefusal.noFundingAccount) {
            try await set(world, emma)
        }
        await world.server.orders.run(at: world.now)
        #expect(try await world.balance(emma) == 0)
    }

    @Test func `A rule that the card could not follow is refused`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        await #expect(throws: StandingOrderRefusal.aboveMaximum) {
            try await set(world, anna, threshold: FundingWorld.balanceMax - 1_998)
        }
        try await set(world, anna, threshold: FundingWorld.balanceMax - 1_999)
        await #expect(throws: StandingOrderRefusal.belowMinimum) {
            try await set(world, anna, amount: FundingWorld.minimum - 1)
        }
    }

    // MARK: Helpers

    private func set(
        _ world: FundingWorld,
        _ person: FundingWorld.Person,
        threshold: UInt64 = 1_000,
        amount: UInt64 = 2_000,
        monthMax: UInt64 = 10_000
    ) async throws {
        let offset = try #require(LocalOffset(minutes: 120))
        let rule = try #require(
            TopUpRule(
                threshold: threshold,
                amount: FundingWorld.euros(amount),
                monthMax: monthMax,
                offset: offset
            )
        )
        try await world.server.orders.setTopUp(rule, for: person.key, at: world.now)
    }
}
