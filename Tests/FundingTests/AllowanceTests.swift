// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import SecurityModule
import Simulation
import Testing
import Wire

/// A guardian's gifts and weekly allowance.
@Suite struct AllowanceTests {
    /// The clock begins on Monday, 2026-06-01, 12:00 UTC; Fridays at 18:00 by a clock two hours
    /// ahead of UTC.
    private static let friday = Instant(milliseconds: 1_780_675_200_000)
    private static let week = Duration.seconds(7 * 86_400)

    @Test func `A gift is on the child's card and names no account there`() async throws {
        let (world, anna, emma) = try await family()
        let request = world.request(1_500, by: anna, onto: emma.card, .gift)
        #expect(await world.server.loads.begin(request).receipt?.balance == 1_500)
        let row = try #require(try await world.history(emma.card).last)
        #expect(row.note == "From your guardian")
        let seen = try await world.server.guardians.history(
            of: emma.key,
            by: anna.key,
            after: 0,
            limit: 10
        )
        #expect(seen.map(\.entry) == [row])
        let forEmma = try await world.mails(to: emma.email).filter {
            $0.subject == "15.00 (currency 0978) for you"
        }
        #expect(forEmma.count == 1)
        #expect(forEmma.allSatisfy { !$0.body.contains("ends in") })
        let forAnna = try await world.mails(to: anna.email).filter {
            $0.subject.contains("Receipt")
        }
        #expect(forAnna.count == 1)
        #expect(forAnna.allSatisfy { $0.body.contains("ends in 1111") })
        try await world.expectSound()
    }

    @Test func `An allowance is paid at its hour, once a week`() async throws {
        let (world, anna, emma) = try await family()
        try await set(world, anna, emma)
        await world.run(to: Self.friday.subtracting(.milliseconds(1)))
        #expect(try await world.balance(emma) == 0)
        for week in 0..<3 {
            await world.run(to: Self.friday.adding(Self.week * week))
            #expect(try await world.balance(emma) == UInt64(week + 1) * 1_000)
        }
        let row = try #require(try await world.history(emma.card).last)
        #expect(row.note == "Weekly allowance")
        try await world.expectSound()
    }

    @Test func `An allowance that is ordered twice at the same moment is told once`() async throws {
        let (world, anna, emma) = try await family()
        try await world.forgetMails()
        async let one: Void = set(world, anna, emma)
        async let two: Void = set(world, anna, emma)
        _ = try await (one, two)
        try await set(world, anna, emma)
        #expect(try await world.mails(to: anna.email).count == 1)
        try await set(world, anna, emma, 2_000)
        #expect(try await world.mails(to: anna.email).count == 2)
    }

    @Test func `A schedule that fires twice pays once`() async throws {
        for seed in UInt64(1)...10 {
            let (world, anna, emma) = try await family(seed: seed)
            try await set(world, anna, emma)
            world.clock.advance(by: Self.friday.since(world.now))
            // Two servers, twice each.
            let servers = [
                world.start(on: world.store, world.link), world.start(on: world.store, world.link),
            ]
            let now = world.now
            await withTaskGroup { group in
                for server in servers + servers {
                    group.addTask { await server.orders.run(at: now) }
                }
            }
            await world.settle()
            await world.server.orders.run(at: now)
            #expect(try await world.balance(emma) == 1_000)
            try await world.expectSound()
        }
    }

    @Test(arguments: MortalProcess.Moment.allCases)
    func `A schedule pays once, wherever the process dies`(
        _ moment: MortalProcess.Moment
    ) async throws {
        for death in 1...9 {
            let (world, anna, emma) = try await family(seed: UInt64(death))
            try await set(world, anna, emma)
            world.clock.advance(by: Self.friday.since(world.now))
            let process = MortalProcess(dies: moment, death)
            let mortal = world.start(on: process.store(world.store), process.link(world.link))
            await mortal.orders.run(at: world.now)
            world.restart()
            for _ in 0..<3 {
                await world.server.orders.run(at: world.now)
                await world.settle()
                world.clock.advance(by: FundingLimits.retryTime)
            }
            #expect(try await world.balance(emma) == 1_000)
            try await world.expectSound()
        }
    }

    @Test func `Of what was missed the latest is made up and no other`() async throws {
        let (world, anna, emma) = try await family()
        try await set(world, anna, emma)
        world.clock.advance(by: Self.friday.since(world.now) + Self.week * 3 + .seconds(3600))
        await world.server.orders.run(at: world.now)
        await world.server.orders.run(at: world.now)
        #expect(try await world.balance(emma) == 1_000)
        await world.run(to: Self.friday.adding(Self.week * 4))
        #expect(try await world.balance(emma) == 2_000)
        try await world.expectSound()
    }

    @Test func `A clock that is set back pays nothing twice`() async throws {
        let (world, anna, emma) = try await family()
        try await set(world, anna, emma)
        await world.run(to: Self.friday)
        await world.server.orders.run(at: Self.friday.subtracting(.seconds(60)))
        // A changed allowance does not bring the paid one back.
        try await set(world, anna, emma, 2_000, at: Self.friday.subtracting(.seconds(60)))
        await world.server.orders.run(at: Self.friday)
        #expect(try await world.balance(emma) == 1_000)
        await world.run(to: Self.friday.adding(Self.week))
        #expect(try await world.balance(emma) == 3_000)
        try await world.expectSound()
    }

    /// Day, hour and minutes of the clock of an allowance that was paid on Friday at 18:00, two
    /// hours ahead of UTC; and when it is paid next.
    static let moves: [(Weekday, Int, Int, Duration)] = [
        // Later on the same day, and later in the same week.
        (.friday, 19, 120, week + .seconds(3600)), (.sunday, 23, 120, week + .seconds(53 * 3600)),
        // Earlier.
        (.friday, 17, 120, week - .seconds(3600)), (.monday, 0, 120, .seconds(54 * 3600)),
        // By another clock.
        (.friday, 18, 0, week + .seconds(2 * 3600)), (.monday, 0, 840, .seconds(210 * 3600)),
        (.monday, 0, -720, .seconds(68 * 3600)),
    ]

    @Test(arguments: moves)
    func `One that is moved is paid once a week`(
        _ weekday: Weekday,
        _ hour: Int,
        _ minutes: Int,
        _ wait: Duration
    ) async throws {
        let (world, anna, emma) = try await family()
        try await set(world, anna, emma)
        await world.run(to: Self.friday)
        #expect(try await world.balance(emma) == 1_000)
        let offset = try #require(LocalOffset(minutes: minutes))
        let schedule = try #require(
            WeeklySchedule(weekday: weekday, hour: hour, offset: offset)
        )
        // Ending it in between begins no week anew.
        for isEnded in [false, true] {
            if isEnded {
                try await world.server.orders.endAllowance(for: emma.key, by: anna.key)
            }
            try await world.server.orders.setAllowance(
                of: FundingWorld.euros(1_000),
                schedule,
                for: emma.key,
                by: anna.key,
                at: world.now
            )
        }
        let next = Self.friday.adding(wait)
        let order = try await world.server.orders.allowance(for: emma.key, by: anna.key)
        #expect(order?.dueAt == next)
        await world.run(to: next.subtracting(.milliseconds(1)))
        #expect(try await world.balance(emma) == 1_000)
        await world.run(to: next)
        #expect(try await world.balance(emma) == 2_000)
        try await world.expectSound()
    }

    @Test func `One that was not paid yet may be moved within its week`() async throws {
        let (world, anna, emma) = try await family()
        try await set(world, anna, emma)
        world.clock.advance(by: Self.friday.since(world.now) + .seconds(-3600))
        let offset = try #require(LocalOffset(minutes: 120))
        let sunday = try #require(WeeklySchedule(weekday: .sunday, hour: 18, offset: offset))
        try await world.server.orders.setAllowance(
            of: FundingWorld.euros(1_000),
            sunday,
            for: emma.key,
            by: anna.key,
            at: world.now
        )
        await world.run(to: Self.friday.adding(.seconds(48 * 3600)))
        #expect(try await world.balance(emma) == 1_000)
    }

    @Test func `One that came to nothing is told and tried so often and no more`() async throws {
        let (world, anna, emma) = try await family()
        try await set(world, anna, emma)
        try await world.forgetMails()
        let asked = world.gateway.asked
        world.gateway.network(always: .declines(.insufficientFunds))
        await world.run(to: Self.friday)
        for attempt in 1...5 {
            let tries = min(attempt, Int(FundingLimits.attemptsMax))
            #expect(world.gateway.asked == asked + tries)
            #expect(try await world.mails(to: anna.email).count == tries)
            await world.server.orders.run(at: world.now)
            world.clock.advance(by: FundingLimits.retryTime)
            await world.server.orders.run(at: world.now)
        }
        let mails = try await world.mails(to: anna.email)
        #expect(mails.count { $0.body.contains("tried again within a day") } == 2)
        #expect(mails.count { $0.body.contains("not be tried again before the next week") } == 1)
        #expect(mails.allSatisfy { $0.body.contains("not enough money on your account") })
        // The child is told nothing of its guardian's account.
        #expect(try await world.mails(to: emma.email).isEmpty)
        world.gateway.network(always: .approves)
        await world.run(to: Self.friday.adding(Self.week))
        #expect(try await world.balance(emma) == 1_000)
        try await world.expectSound()
    }

    @Test func `A failure that cannot be told now is told by the next round`() async throws {
        let (world, anna, emma) = try await family()
        try await set(world, anna, emma)
        try await world.forgetMails()
        world.gateway.network(.declines(.insufficientFunds))
        world.clock.advance(by: Self.friday.since(world.now))
        let link = InterruptedLink(world.link) {
            // The load itself, and whom to tell.
            world.store.reads.script(.unavailable("away"), at: 2)
        }
        await world.start(on: world.store, link).orders.run(at: world.now)
        #expect(world.store.reads.isSpent)
        #expect(try await world.mails(to: anna.email).isEmpty)
        await world.server.orders.run(at: world.now)
        #expect(try await world.mails(to: anna.email).count == 1)
        world.clock.advance(by: FundingLimits.retryTime)
        await world.server.orders.run(at: world.now)
        #expect(try await world.balance(emma) == 1_000)
        try await world.expectSound()
    }

    @Test func `One that failed is paid when it is tried again`() async throws {
        let (world, anna, emma) = try await family()
        try await set(world, anna, emma)
        world.gateway.network(.declines(.issuerUnavailable))
        await world.run(to: Self.friday)
        #expect(try await world.balance(emma) == 0)
        await world.run(to: Self.friday.adding(FundingLimits.retryTime))
        #expect(try await world.balance(emma) == 1_000)
        try await world.expectSound()
    }

    @Test func `One that is pending is not tried beside it`() async throws {
        let (world, anna, emma) = try await family()
        try await set(world, anna, emma)
        world.gateway.network(.isSilent)
        await world.run(to: Self.friday)
        await world.run(to: Self.friday.adding(.seconds(60)))
        #expect(try await world.balance(emma) == 0)
        world.gateway.acknowledgeReversals()
        await world.server.loads.settleOpen(olderThan: .zero)
        await world.server.orders.run(at: world.now)
        await world.run(to: world.now.adding(FundingLimits.retryTime))
        #expect(try await world.balance(emma) == 1_000)
        try await world.expectSound()
    }

    @Test func `While the gateway is away nothing is begun, and no attempt is used up`()
        async throws
    {
        let (world, anna, emma) = try await family()
        try await set(world, anna, emma)
        try await world.forgetMails()
        for hour in 0..<48 {
            world.link.plan.script(.refuse(.notSent))
            await world.run(to: Self.friday.adding(.seconds(hour * 3600)))
        }
        #expect(try await world.mails(to: anna.email).isEmpty)
        await world.run(to: Self.friday.adding(.seconds(48 * 3600)))
        #expect(try await world.balance(emma) == 1_000)
        try await world.expectSound()
    }

    @Test func `A child's blocked card is told to the guardian, and nothing is charged`()
        async throws
    {
        let (world, anna, emma) = try await family()
        try await set(world, anna, emma)
        #expect(try await world.server.desk.setBlocked(true, emma.card))
        try await world.forgetMails()
        await world.run(to: Self.friday)
        let mail = try #require(try await world.mails(to: anna.email).first)
        #expect(mail.body.contains("the card is blocked"))
        #expect(world.gateway.charged == 0)
        try await world.expectSound()
    }

    @Test func `What is refused on one server is not begun on another`() async throws {
        let (world, anna, emma) = try await family()
        try await set(world, anna, emma)
        #expect(try await world.server.desk.setBlocked(true, emma.card))
        world.clock.advance(by: Self.friday.since(world.now))
        // The first refuses and dies before the order knows: after the question whether the gateway
        // answers, the commit of the occurrence and that of the refusal.
        let process = MortalProcess(dies: .after, 3)
        let mortal = world.start(on: process.store(world.store), process.link(world.link))
        await mortal.orders.run(at: world.now)
        #expect(process.isDead)
        #expect(try await world.server.desk.setBlocked(false, emma.card))
        await world.server.orders.run(at: world.now)
        #expect(try await world.balance(emma) == 0)
        await world.run(to: world.now.adding(FundingLimits.retryTime))
        #expect(try await world.balance(emma) == 1_000)
        try await world.expectSound()
    }

    @Test func `An allowance that was ended is not paid`() async throws {
        let (world, anna, emma) = try await family()
        try await set(world, anna, emma)
        try await world.server.orders.endAllowance(for: emma.key, by: anna.key)
        await world.run(to: Self.friday)
        #expect(try await world.balance(emma) == 0)
        let ended = try await world.server.orders.allowance(for: emma.key, by: anna.key)
        #expect(ended?.isActive == false)
        try await world.expectSound()
    }

    @Test func `Who is not the guardian orders, ends and sees nothing`() async throws {
        let (world, anna, emma) = try await family()
        let bert = try await world.person("bert")
        try await set(world, anna, emma)
        for stranger in [bert, emma] {
            await #expect(throws: StandingOrderRefusal.notYourChild) {
                try await set(world, stranger, emma, 9_000)
            }
            await #expect(throws: StandingOrderRefusal.notYourChild) {
                try await world.server.orders.endAllowance(for: emma.key, by: stranger.key)
            }
            await #expect(throws: StandingOrderRefusal.notYourChild) {
                try await world.server.orders.allowance(for: emma.key, by: stranger.key)
            }
        }
        await world.run(to: Self.friday)
        #expect(try await world.balance(emma) == 1_000)
    }

    @Test func `An amount that no card could take is refused`() async throws {
        let (world, anna, emma) = try await family()
        await #expect(throws: StandingOrderRefusal.belowMinimum) {
            try await set(world, anna, emma, FundingWorld.minimum - 1)
        }
        await #expect(throws: StandingOrderRefusal.aboveMaximum) {
            try await set(world, anna, emma, FundingWorld.balanceMax + 1)
        }
        await #expect(throws: StandingOrderRefusal.currencyNotHeld) {
            try await world.server.orders.setAllowance(
                of: Money(minorUnits: 1_000, currency: .dollar, exponent: .cents),
                try schedule(),
                for: emma.key,
                by: anna.key,
                at: world.now
            )
        }
    }

    // MARK: Helpers

    private func family(
        seed: UInt64 = 1
    ) async throws -> (FundingWorld, FundingWorld.Person, FundingWorld.Person) {
        let world = try await FundingWorld(seed: seed)
        let anna = try await world.person()
        return (world, anna, try await world.child(of: anna))
    }

    private func schedule() throws -> WeeklySchedule {
        let offset = try #require(LocalOffset(minutes: 120))
        return try #require(WeeklySchedule(weekday: .friday, hour: 18, offset: offset))
    }

    private func set(
        _ world: FundingWorld,
        _ guardian: FundingWorld.Person,
        _ child: FundingWorld.Person,
        _ amount: UInt64 = 1_000,
        at now: Instant? = nil
    ) async throws {
        try await world.server.orders.setAllowance(
            of: FundingWorld.euros(amount),
            try schedule(),
            for: child.key,
            by: guardian.key,
            at: now ?? world.now
        )
    }
}

extension FundingWorld {
    /// Moves the clock to a moment and does what is due then.
    func run(to moment: Instant) async {
        clock.advance(by: moment.since(now))
        await server.orders.run(at: now)
    }
}
