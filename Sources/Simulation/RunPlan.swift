// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant

/// Who loads cards in a ``Run``. It is drawn from a stream of its own, so that a run without loads
/// is what it would be if there were none anywhere.
struct LoadPlan {
    /// People who load through the bank, besides those who buy.
    let bankPeople: Int
    /// People who load from accounts on file, likewise.
    let accountPeople: Int
    /// Whether the run goes on for a week.
    let hasWeek: Bool
    let seed: UInt64

    /// Of the runs, so many ninths have no loads, and the next ones, and the last ones, a bank.
    private static let ninths = (none: 3, bank: 5, both: 7)
    /// Makes the stream another one than that of the run. Seeds that alone find a rare bug of
    /// purchases are runs without loads with it.
    private static let salt: UInt64 = 0x1C0_0000_0000

    init(seed: UInt64) {
        var generator = SplitMix64(seed: seed ^ Self.salt)
        let kind = generator.below(9)
        let hasBank =
            (Self.ninths.none..<Self.ninths.bank).contains(kind) || kind >= Self.ninths.both
        let people = 1 + generator.below(LoadCustomers.people.count)
        bankPeople = hasBank ? people : 0
        accountPeople =
            kind >= Self.ninths.bank ? 1 + generator.below(AccountCustomers.people.count) : 0
        self.seed = generator.next()
        hasWeek = accountPeople > 0 && generator.below(2) == 0
    }

    /// Adds accounts to a world.
    func add(to plan: inout WorldPlan) {
        if bankPeople > 0 { plan.accountValues = [20_000, 3_000] }
        plan.hasGateway = accountPeople > 0
    }
}

/// Whether a ``Run`` has loyalty programmes. It is drawn from a stream of its own as well.
struct PointsPlan {
    /// Members who spend points, besides those who buy; 0 where there is no programme.
    let people: Int
    let pendingDays: UInt16
    /// When the run begins: on the last day of a month, so that points expire in the midst of it.
    let start: Instant
    let seed: UInt64

    /// One run in so many has programmes.
    private static let oneIn = 4
    /// In one of so many of these the points of a purchase are pending for a day.
    private static let pendingOneIn = 4
    /// Makes the stream another one than that of the run. Seeds that alone find a rare bug of
    /// something else are runs without programmes with it.
    private static let salt: UInt64 = 0x9001_0000_4260
    /// The end of 2026-06-30, UTC.
    private static let monthEnd = Instant(milliseconds: 1_782_864_000_000)
    /// So many seconds before it, at the most.
    private static let leadMax = 150

    init(seed: UInt64) {
        var generator = SplitMix64(seed: seed ^ Self.salt)
        let hasProgramme = generator.below(Self.oneIn) == 0
        people = hasProgramme ? 2 + generator.below(PointsCustomers.people.count - 1) : 0
        pendingDays = generator.below(Self.pendingOneIn) == 0 ? 1 : 0
        let lead = Duration.seconds(generator.below(Self.leadMax))
        start = hasProgramme ? Self.monthEnd.adding(.zero - lead) : VirtualClock.noon
        self.seed = generator.next()
    }

    var hasProgramme: Bool { people > 0 }

    /// Adds programmes to a world.
    func add(to plan: inout WorldPlan) {
        plan.hasProgramme = hasProgramme
        plan.pendingDays = pendingDays
        plan.start = start
    }
}

// What a run's world is made of.
extension Run {
    /// One run in so many has terminals on other hosts, 1 to ``remoteTerminalsMax``.
    private static let remoteTerminalsOneIn = 3
    private static let remoteTerminalsMax = 3
    /// Of these, one in so many has a concentrator before them.
    private static let concentratorsOneIn = 2
    /// One run in so many has a client terminal with a card in its reader.
    private static let readersOneIn = 2

    func plan(
        _ generator: inout SplitMix64,
        _ pace: Pace,
        _ loads: LoadPlan,
        _ points: PointsPlan,
        _ clearing: ClearingDraw
    ) -> WorldPlan {
        var plan = WorldPlan()
        plan.seed = generator.next()
        plan.pace = pace
        plan.merchants = 2 + generator.below(2)
        plan.policies = (0..<plan.merchants).map { _ in
            Run.policies[generator.below(Run.policies.count)]
        }
        plan.terminals = 1 + generator.below(3)
        if generator.below(Run.remoteTerminalsOneIn) == 0 {
            plan.remoteTerminals = 1 + generator.below(Run.remoteTerminalsMax)
            // Some payment servers have none of their own.
            plan.terminals = generator.below(2)
            plan.hasConcentrator = generator.below(Run.concentratorsOneIn) == 0
        }
        if generator.below(Run.readersOneIn) == 0 { plan.readerCardValue = 3000 }
        plan.hasCardholders = true
        plan.terminalWait = .seconds(generator.below(4))
        plan.cardValues = [3000, 1500, 200, 800]
        loads.add(to: &plan)
        points.add(to: &plan)
        plan.clearing = clearing.plan
        return plan
    }
}
