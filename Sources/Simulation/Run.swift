// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Merchant
import OPALServer
import Records
import TerminalHost
import Wire

/// A seeded run: people buy while links, stores, parties and clocks fail, and the invariants are
/// checked after each commit. Then everything works again, time passes until nothing is open, and
/// they are checked once more.
package struct Run: Sendable {
    package let seed: UInt64
    /// Steps of all people together.
    package let steps: Int
    /// One message in so many meets a fault; stores and parties fail in proportion.
    package let faultsOneIn: Int
    package let kinds: FaultKinds

    package static let standardSteps = 40
    package static let standardFaults = 8
    /// Where S3 is compared: each merchant of a run takes one of these.
    package static let policies = ComparisonPolicy.allCases
    /// After the faults stop, debits and sales end within this time,
    package static let moneyTime = Duration.seconds(5 * 60)
    /// loads from accounts on file so much later, because an approval is waited for as long,
    package static let fundingTime = FundingLimits.authorizationTime
    /// and orders that nobody paid, and loads that never came, within this.
    package static let orderTime =
        PurchaseLimits.orderTime + PurchaseLimits.clockSkew + .seconds(8 * 60)
    /// So much longer some runs go on, so that standing orders are due once more,
    package static let week = Duration.seconds(8 * 86_400)
    /// or so much longer, so that pending points are the members', and others expire,
    package static let pointsTime = Duration.seconds(2 * 86_400 + 3600)
    /// or so much longer, so that what was cleared is paid out,
    package static let clearingTime = Duration.seconds(86_400 + 3600)
    /// after all batches were cleared within this;
    package static let collectionTime = Duration.seconds(30 * 60)
    /// and what was begun then ends within this: nobody looks more often in that week.
    package static let weekEndTime = Duration.seconds(4 * 3600)

    package init(
        seed: UInt64,
        steps: Int = Run.standardSteps,
        faultsOneIn: Int = Run.standardFaults,
        kinds: FaultKinds = .all
    ) {
        self.seed = seed
        self.steps = steps
        self.faultsOneIn = faultsOneIn
        self.kinds = kinds
    }

    /// How a run ended.
    package struct Report: Sendable, CustomStringConvertible {
        package let run: Run
        package let violations: [Violation]
        package let story: [String]
        /// Orders that were handed out.
        package let delivered: Int
        /// Loads through the bank, by how they ended.
        package let loads: LoadLedger.Count
        package let sights: Set<Sight>

        /// How to do it again, what does not hold, and the story.
        package var description: String {
            let found = violations.map { "  \($0)" }.joined(separator: "\n")
            let told = story.map { "  \($0)" }.joined(separator: "\n")
            return "\(run.command)\n\(found)\nThe story:\n\(told)"
        }
    }

    /// What does this run again.
    package var command: String {
        var words = ["make simulate SEED=\(seed) RUNS=1"]
        if steps != Run.standardSteps { words.append("STEPS=\(steps)") }
        if faultsOneIn != Run.standardFaults { words.append("FAULTS=\(faultsOneIn)") }
        if kinds != .all { words.append("KINDS=\(kinds)") }
        return words.joined(separator: " ")
    }

    /// Does it. The same seed gives the same story.
    ///
    /// `look`: is shown the world before anything happens in it.
    package func report(_ look: @Sendable (World) -> Void = { _ in }) async throws -> Report {
        let clock = VirtualClock(at: PointsPlan(seed: seed).start)
        let executor = SeededExecutor(seed: seed, clock: clock)
        return try await withTaskExecutorPreference(executor) {
            try await play(clock, executor, look)
        }
    }

    /// Runs `body` so that what happens at the same time happens in an order that the seed says.
    package static func inOrder<Value: Sendable>(
        seed: UInt64,
        _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withTaskExecutorPreference(SeededExecutor(seed: seed)) { try await body() }
    }

    /// The shortest story of what does not hold: as few kinds of faults, then as few steps, as
    /// still show it.
    ///
    /// - Returns: the run's own report where all holds.
    package func shortest() async throws -> Report {
        var (run, shortest) = (self, try await report())
        if shortest.violations.isEmpty { return shortest }
        for (_, kind) in FaultKinds.names where run.kinds.contains(kind) {
            let simpler = run.with(steps: run.steps, kinds: run.kinds.subtracting(kind))
            let report = try await simpler.report()
            if !report.violations.isEmpty { (run, shortest) = (simpler, report) }
        }
        for fewer in 0..<run.steps {
            let report = try await run.with(steps: fewer, kinds: run.kinds).report()
            if !report.violations.isEmpty { return report }
        }
        return shortest
    }

    private func with(steps: Int, kinds: FaultKinds) -> Run {
        Run(seed: seed, steps: steps, faultsOneIn: faultsOneIn, kinds: kinds)
    }

    // MARK: One run

    private func play(
        _ clock: VirtualClock,
        _ executor: SeededExecutor,
        _ look: (World) -> Void
    ) async throws(WorldFailure) -> Report {
        var generator = SplitMix64(seed: seed)
        let pace = Pace(clock, executor, seed: generator.next())
        let loads = LoadPlan(seed: seed)
        let points = PointsPlan(seed: seed)
        let clearing = ClearingDraw(seed: seed, start: points.start)
        let world = try await World(plan(&generator, pace, loads, points, clearing))
        look(world)
        let story = Story(clock, since: points.start)
        let customer = ReaderCustomer(world, story)
        let scenario = Scenario(
            world,
            story,
            pace,
            customer,
            steps: steps,
            seed: generator.next()
        )
        let cast = Cast(scenario, pace, loads, points, clearing, steps: steps)
        let watch = Watch(world, story)
        let housekeeping = Housekeeping(world, story, kinds, customer, seed: generator.next())
        let people = 2 + generator.below(Scenario.people.count - 1)
        await cast.members?.begin()
        Accidents(world: world, story: story, kinds: kinds, oneIn: faultsOneIn)
            .prepare(&generator, pace)
        executor.callBetweenJobs {
            watch.look()
            if !watch.violations.isEmpty { cast.stop() }
        }
        let longer = longer(loads, points, clearing)
        var open: [Violation] = []
        await withTaskGroup(of: Void.self) { parties in
            for party in world.parties { parties.addTask { await housekeeping.keep(party) } }
            parties.addTask { await housekeeping.keepTerminals() }
            // A task more would change the order of all others.
            if world.clearing != nil { parties.addTask { await housekeeping.keepCollection() } }
            parties.addTask { await housekeeping.letAccidentsHappen() }
            await cast.live(buyers: people)
            if watch.violations.isEmpty {
                story.add("— everything works again —")
                housekeeping.calm()
                world.clearFaults()
                open = await Run.settle(world, housekeeping, longer: longer) { cast.isIdle }
            }
            housekeeping.end()
        }
        executor.callBetweenJobs {}
        let violations = watch.violations + open
        if violations.isEmpty { await cast.fetchAll() }
        return await report(world, story, violations)
    }

    /// How much longer the run goes on when all is settled.
    private func longer(
        _ loads: LoadPlan,
        _ points: PointsPlan,
        _ clearing: ClearingDraw
    ) -> Duration {
        if loads.hasWeek { return Run.week }
        if points.hasProgramme { return Run.pointsTime }
        return clearing.plan == nil ? .zero : Run.clearingTime
    }

    /// What is to be said at the end; where nothing was wrong so far, it is looked at once more.
    private func report(_ world: World, _ story: Story, _ found: [Violation]) async -> Report {
        let ledger = await Ledger(world)
        var violations = found
        if violations.isEmpty {
            violations = Invariants.check(
                ledger,
                handedOut: story.handedOut,
                isSettled: true
            )
            violations += Falsehoods(story: story, ledger: ledger).violations
            violations += LoadFalsehoods(story: story.loads, ledger: ledger).violations
            violations += FundingFalsehoods(story: story.funding, ledger: ledger).violations
        }
        return Report(
            run: self,
            violations: violations,
            story: story.lines,
            delivered: ledger.orders.values.count { $0.order.state == .delivered },
            loads: ledger.loads.count,
            sights: story.sights.union(ledger.sights(hasConcentrator: world.concentrator != nil))
        )
    }

    /// Waits until nothing is open, first of the money, then of the orders.
    ///
    /// - Returns: what still is after the time for it.
    private static func settle(
        _ world: World,
        _ housekeeping: Housekeeping,
        longer: Duration,
        _ isIdle: () -> Bool
    ) async -> [Violation] {
        let step = Duration.seconds(5)
        func wait(_ time: Duration, _ isDone: () async -> Bool) async -> Bool {
            let end = world.clock.now.adding(time)
            while world.clock.now < end {
                if await isDone() { return true }
                await world.clock.sleep(for: step)
            }
            return await isDone()
        }
        let isMoneySettled = await wait(moneyTime) {
            let isQuiet = await world.isMoneyQuiet
            return isIdle() && isQuiet
        }
        if !isMoneySettled { return [.stillOpen("money, after \(moneyTime)")] }
        let areFundsSettled = await wait(fundingTime) { await world.areFundsQuiet }
        if !areFundsSettled { return [.stillOpen("funds, after \(moneyTime + fundingTime)")] }
        housekeeping.quieten()
        let areOrdersSettled = await wait(orderTime) { await world.isQuiet }
        if !areOrdersSettled { return [.stillOpen("an order, after \(orderTime)")] }
        var ledger = Ledger()
        if let clearing = world.clearing {
            housekeeping.closeBatches()
            await clearing.house.releaseLate()
            let isCleared = await wait(collectionTime) { await world.isClearingQuiet(&ledger) }
            if !isCleared { return [.stillOpen("a batch or refund, after \(collectionTime)")] }
            await FalseBatches(world).send()
        }
        guard longer > .zero else { return [] }
        housekeeping.slow(true)
        await world.clock.sleep(for: longer)
        housekeeping.slow(false)
        let isWeekSettled = await wait(weekEndTime) {
            let isCleared = await world.isClearingQuiet(&ledger)
            return await world.isQuiet && isCleared
        }
        return isWeekSettled ? [] : [.stillOpen("a load or points, \(longer) later")]
    }
}
