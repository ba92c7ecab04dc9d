// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

/// What counts against the limits, and when it no longer does.
@Suite struct SpendingUsageTests {
    private func left(
        _ spending: CardSpending,
        at text: String,
        _ place: SourceLocation = #_sourceLocation
    ) throws -> [UInt64] {
        let usage = try #require(spending.usage, sourceLocation: place)
        let offset = try #require(spending.policy.limits?.offset)
        let moment = try Limits.moment(text)
        return SpendingPeriod.allCases.map {
            usage.total(of: $0, at: moment, offset).minorUnits
        }
    }

    @Test func `a debit counts in its day, its week and its month`() throws {
        var spending = try Limits.spending(at: try Limits.moment("2026-11-27")) { _ in }
        spending.pay(100, transaction: 1, at: try Limits.moment("2026-11-27 10:00"))
        spending.pay(20, transaction: 2, at: try Limits.moment("2026-11-29 10:00"))
        #expect(try left(spending, at: "2026-11-29 23:59") == [20, 120, 120])
        #expect(try left(spending, at: "2026-11-30") == [0, 0, 120])
        #expect(try left(spending, at: "2026-12-01") == [0, 0, 0])
        spending.pay(3, transaction: 3, at: try Limits.moment("2026-12-01 10:00"))
        #expect(try left(spending, at: "2026-12-01 11:00") == [3, 3, 3])
        #expect(spending.usage?.week.purchases == 1)
    }

    @Test func `a clock that is set back opens no period a second time`() throws {
        let tuesday = try Limits.moment("2026-12-01 00:00")
        let monday = try Limits.moment("2026-11-30 23:59:59.999")
        var spending = try Limits.spending(at: monday) {
            for period in SpendingPeriod.allCases { $0[period].purchasesMax = 2 }
        }
        spending.pay(100, transaction: 1, at: tuesday)
        // Back on Monday it is still Tuesday's purchases that count.
        #expect(spending.refusal(of: try Limits.request(), at: monday) == nil)
        spending.pay(100, transaction: 2, at: monday)
        let end = try Limits.moment("2026-12-02")
        for moment in [monday, tuesday, try Limits.moment("2026-12-01 23:59:59.999")] {
            #expect(
                spending.refusal(of: try Limits.request(), at: moment)
                    == .count(.day, most: 2, renews: end)
            )
        }
        #expect(spending.usage?.day.purchases == 2)
        // A year back is no other period, either.
        let longAgo = try Limits.moment("2025-01-01")
        #expect(spending.refusal(of: try Limits.request(), at: longAgo) != nil)
    }

    @Test func `a policy that is set begins with the present periods, also for a clock set back`()
        throws
    {
        var spending = try Limits.spending(at: try Limits.moment("2026-12-01 12:00")) {
            $0.day.minorUnitsMax = 100
        }
        spending.pay(100, transaction: 1, at: try Limits.moment("2026-11-01"))
        #expect(try left(spending, at: "2026-12-01 13:00") == [100, 100, 100])
    }

    @Test func `an offset that changes opens no period a second time`() throws {
        let evening = try Limits.moment("2026-11-24 23:30")
        var spending = try Limits.spending(offset: 60, at: evening) {
            $0.day.minorUnitsMax = 100
        }
        // By this clock it is the 25th.
        spending.pay(100, transaction: 1, at: evening)
        let west = try Limits.limits(offset: 0) { $0.day.minorUnitsMax = 100 }
        let moved = try #require(
            CardSpending.setting(
                SpendingPolicy(limits: west),
                after: spending,
                at: evening,
                nextTransaction: 2
            )
        )
        #expect(moved.refusal(of: try Limits.request(1), at: evening) != nil)
        let next = try Limits.moment("2026-11-25 23:59:59.999")
        #expect(moved.refusal(of: try Limits.request(1), at: next) != nil)
        #expect(
            moved.refusal(of: try Limits.request(1), at: try Limits.moment("2026-11-26")) == nil
        )
    }

    // MARK: What is put back

    @Test func `what is put back is given back in the periods of its debit that are present`()
        throws
    {
        var spending = try Limits.spending(at: try Limits.moment("2026-11-26")) { _ in }
        spending.pay(100, transaction: 1, at: try Limits.moment("2026-11-26 10:00"))
        spending.pay(20, transaction: 2, at: try Limits.moment("2026-11-27 10:00"))
        spending.giveBack(Limits.euros(100), transaction: 1)
        #expect(try left(spending, at: "2026-11-27 11:00") == [20, 20, 20])
        #expect(spending.usage?.day.purchases == 1)
        #expect(spending.usage?.week.purchases == 1)
        spending.giveBack(Limits.euros(20), transaction: 2)
        #expect(try left(spending, at: "2026-11-27 11:00") == [0, 0, 0])
        #expect(spending.usage?.month.purchases == 0)
    }

    @Test func `what is put back in a later period gives nothing back there`() throws {
        var spending = try Limits.spending(at: try Limits.moment("2026-11-30")) { _ in }
        spending.pay(100, transaction: 1, at: try Limits.moment("2026-11-30 10:00"))
        spending.pay(20, transaction: 2, at: try Limits.moment("2026-12-01 10:00"))
        spending.giveBack(Limits.euros(100), transaction: 1)
        #expect(try left(spending, at: "2026-12-01 11:00") == [20, 20, 20])
        // Nor does it where nothing was paid since.
        spending.giveBack(Limits.euros(20), transaction: 2)
        #expect(try left(spending, at: "2026-12-02") == [0, 0, 0])
        spending.pay(7, transaction: 3, at: try Limits.moment("2026-12-02 10:00"))
        #expect(try left(spending, at: "2026-12-02 11:00") == [7, 7, 7])
    }

    @Test func `what was paid before the policy was set gives nothing back`() throws {
        let noon = try Limits.moment("2026-11-26 12:00")
        var spending = try #require(
            CardSpending.setting(
                SpendingPolicy(limits: try Limits.limits()),
                after: nil,
                at: noon,
                nextTransaction: 8
            )
        )
        spending.pay(100, transaction: 8, at: noon)
        spending.giveBack(Limits.euros(100), transaction: 7)
        #expect(try left(spending, at: "2026-11-26 13:00") == [100, 100, 100])
    }

    @Test func `sums that no longer fit stay at the largest, and let nothing through`() throws {
        let noon = try Limits.moment("2026-11-26 12:00")
        var spending = try Limits.spending(at: noon) { $0.month.minorUnitsMax = .max }
        spending.pay(.max, transaction: 1, at: noon)
        spending.pay(1, transaction: 2, at: noon)
        #expect(spending.usage?.month.minorUnits == .max)
        #expect(spending.refusal(of: try Limits.request(1), at: noon) != nil)
    }

    // MARK: Random walks

    /// However debits, recoveries and the clock go: what counts is what was paid and not put back
    /// since the period began, and no more than the limit.
    @Test(arguments: 0..<20) func `what counts is what was paid and not put back`(seed: UInt64)
        throws
    {
        var random = Seeded(seed)
        let start = try Limits.moment("2028-02-25")
        var spending = try Limits.spending(at: start) {
            $0.day.minorUnitsMax = 500
            $0.week.minorUnitsMax = 1_500
            $0.month.purchasesMax = 40
        }
        var now = start
        var reached = start
        var paid: [(number: UInt32, amount: UInt64, moment: Instant)] = []
        for number in UInt32(1)...400 {
            now = Instant(
                milliseconds: now.milliseconds
                    + Int64.random(in: -7_200_000...9_000_000, using: &random)
            )
            let amount = UInt64.random(in: 0...300, using: &random)
            if spending.refusal(of: try Limits.request(amount), at: now) == nil {
                reached = max(reached, now)
                spending.pay(amount, transaction: number, at: now)
                paid.append((number, amount, reached))
            }
            if Int.random(in: 0..<6, using: &random) == 0, let back = paid.popLast() {
                spending.giveBack(Limits.euros(back.amount), transaction: back.number)
            }
            for period in SpendingPeriod.allCases {
                let present = period.number(at: reached, .utc)
                let counted = paid.filter { period.number(at: $0.moment, .utc) == present }
                let usage = try #require(spending.usage)
                let total = usage.total(of: period, at: reached, .utc)
                #expect(total.minorUnits == counted.reduce(0) { $0 + $1.amount })
                #expect(Int(total.purchases) == counted.count)
            }
            #expect(spending.usage?.day.minorUnits ?? 0 <= 500)
            #expect(spending.usage?.week.minorUnits ?? 0 <= 1_500)
            #expect(spending.usage?.month.purchases ?? 0 <= 40)
        }
    }
}
