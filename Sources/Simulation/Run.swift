// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import Records
import Wire

/// A seeded run: people buy while links and stores fail, and the invariants are checked after each
/// step. Then everything works again, time passes until nothing is open, and they are checked once
/// more.
package struct Run: Sendable {
    package let seed: UInt64
    /// Steps; up to ``togetherMax`` are done at the same time.
    package let steps: Int
    /// One call in so many fails, on each link and each store.
    package let faultsOneIn: Int
    /// Terminals on other hosts, beside those of the payment server.
    package let remoteTerminals: Int

    package static let togetherMax = 3

    package init(
        seed: UInt64,
        steps: Int = 40,
        faultsOneIn: Int = 8,
        remoteTerminals: Int = 0
    ) {
        self.seed = seed
        self.steps = steps
        self.faultsOneIn = faultsOneIn
        self.remoteTerminals = remoteTerminals
    }

    /// How a run ended.
    package struct Report: Sendable, CustomStringConvertible {
        package let seed: UInt64
        package let violations: [Violation]
        package let story: [String]
        /// Orders that were handed out.
        package let delivered: Int

        /// The seed, what does not hold, and the story.
        package var description: String {
            let found = violations.map { "  \($0)" }.joined(separator: "\n")
            let told = story.enumerated().map { "  \($0.offset + 1). \($0.element)" }
            return "SEED=\(seed)\n\(found)\nThe story:\n\(told.joined(separator: "\n"))"
        }
    }

    /// Does it. The same seed gives the same story.
    package func report() async throws -> Report {
        try await Run.inOrder(seed: seed) { try await play() }
    }

    /// Runs `body` so that what happens at the same time happens in an order that the seed says.
    package static func inOrder<Value: Sendable>(
        seed: UInt64,
        _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withTaskExecutorPreference(SeededExecutor(seed: seed)) { try await body() }
    }

    /// The same run with as few steps as still show what does not hold: the shortest story of it.
    ///
    /// - Returns: the run's own report where all holds.
    package func shortest() async throws -> Report {
        for fewer in 0..<steps {
            let run = Run(
                seed: seed,
                steps: fewer,
                faultsOneIn: faultsOneIn,
                remoteTerminals: remoteTerminals
            )
            let report = try await run.report()
            if !report.violations.isEmpty { return report }
        }
        return try await report()
    }

    private func play() async throws(WorldFailure) -> Report {
        var generator = SplitMix64(seed: seed)
        var plan = WorldPlan()
        plan.seed = generator.next()
        plan.merchants = 2
        // Each policy alone, and both at the same terminals.
        plan.policies =
            [
                [.securityCard], [.paymentServer], [.securityCard, .paymentServer],
            ][generator.below(3)]
        plan.terminals = 1 + generator.below(3)
        plan.remoteTerminals = remoteTerminals
        plan.cardValues = [3000, 1500, 200]
        let world = try await World(plan)
        let story = Story()
        let scenario = Scenario(world, seed: generator.next(), story)
        addFaults(to: world, &generator)
        var violations: [Violation] = []
        var left = steps
        while left > 0, violations.isEmpty {
            let together = min(left, 1 + generator.below(Run.togetherMax))
            left -= together
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<together { group.addTask { await scenario.step() } }
            }
            violations += await Invariants.check(world)
        }
        story.add("— everything works again —")
        let isSettled = await world.settleAll()
        await scenario.fetchAll()
        violations += await Invariants.check(world, isSettled: true)
        if !isSettled { violations.append(.stillOpen("something after all rounds")) }
        let ledger = await Ledger(world)
        violations += Run.falsehoods(story, ledger)
        return Report(
            seed: seed,
            violations: violations,
            story: story.lines,
            delivered: ledger.orders.values.count { $0.order.state == .delivered }
        )
    }

    private func addFaults(to world: World, _ generator: inout SplitMix64) {
        for link in [world.link] + world.shops.map(\.link) + world.hosts.map(\.link) {
            var faults: [FaultyLink.Fault] = [
                .refuse(.notSent), .refuse(.broken), .dropRequest, .dropResponse, .duplicate, .late,
            ]
            for _ in 0..<2 {
                faults.append(.alterRequestBit(generator.next()))
                faults.append(.alterResponseBit(generator.next()))
            }
            link.plan.chance(faults, oneIn: faultsOneIn, seed: generator.next())
        }
        for store in [world.opalStore, world.paymentStore] + world.shops.map(\.store)
            + world.hosts.map(\.store)
        {
            store.commits.chance(
                [
                    .refuse(.locked), .refuse(.diskFull), .refuse(.unavailable("a fault")),
                    .loseAnswer, .conflict,
                ],
                oneIn: faultsOneIn * 2,
                seed: generator.next()
            )
            store.reads.chance(
                [.unavailable("a fault")],
                oneIn: faultsOneIn * 4,
                seed: generator.next()
            )
        }
    }

    /// What people were told and is not true: a debit is never shown as a failure, and what was
    /// once told as paid stays paid.
    private static func falsehoods(_ story: Story, _ ledger: Ledger) -> [Violation] {
        var found: [Violation] = []
        for (claim, outcomes) in story.told {
            let draw = ledger.draws[claim.transaction]
            let isOwn = draw?.card == claim.card
            let wasToldPaid = outcomes.contains { if case .paid = $0 { true } else { false } }
            if wasToldPaid && !(isOwn && draw?.state == .sold) {
                found.append(.toldPaid(claim.transaction))
            }
            let wasToldNo = outcomes.allSatisfy { outcome in
                if case .refused(let refusal) = outcome {
                    refusal != .orderInProgress && refusal != .orderGivenUp
                } else {
                    false
                }
            }
            if isOwn && wasToldNo { found.append(.toldRefused(claim.transaction)) }
        }
        return found
    }
}
