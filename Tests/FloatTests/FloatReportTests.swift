// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Simulation
import Synchronization
import Testing

/// What an issuer owes its cardholders, and what of it nobody uses.
@Suite struct FloatReportTests {
    private func months(_ count: Int64) -> Duration { .seconds(count * 31 * 86_400) }

    private func due(_ float: FloatWorld, at moment: Instant) async throws -> [DueValue] {
        let found = Mutex<[DueValue]>([])
        _ = try await float.reporter.report(
            at: moment,
            due: { value in found.withLock { $0.append(value) } }
        )
        return found.withLock { $0 }
    }

    @Test func `what is outstanding is what is on the cards, by use and by expiry`()
        async throws
    {
        let float = try await FloatWorld(cardValues: [10_000, 500, 0])
        _ = try await float.buy(0)
        let report = try await float.reporter.report(at: float.world.now)
        let sums = try #require(report.sums.values.first)
        #expect(report.sums.count == 1 && report.damaged == 0)
        #expect(sums.all == .init(cards: 3, value: 10_350))
        #expect(sums.byAge[.underOne] == .init(cards: 2, value: 10_350))
        #expect(sums.byAge[.never] == .init(cards: 1, value: 0))
        #expect(sums.byExpiry.values.map(\.value).reduce(0, +) == 10_350)
        #expect(sums.dormant.cards == 0 && sums.expired.cards == 0)
    }

    @Test func `value without a movement is dormant by the rule, until its card expires`()
        async throws
    {
        let float = try await FloatWorld(cardValues: [10_000])
        let issuer = float.world.cards[0].issuer
        let rule = try #require(DormancyRule(months: 3, dormant: .moved, expired: .reported))
        try await float.reporter.set(rule, of: issuer)
        #expect(try await float.reporter.rule(of: issuer) == rule)
        let now = float.world.now
        let early = try await float.reporter.report(at: now.adding(months(2)))
        #expect(early.sums.values.first?.dormant.cards == 0)
        let late = now.adding(months(4))
        let sums = try #require(try await float.reporter.report(at: late).sums.values.first)
        #expect(sums.dormant == .init(cards: 1, value: 10_000))
        #expect(sums.byAge[.underSix] == .init(cards: 1, value: 10_000))
        let moved = try await due(float, at: late)
        #expect(moved.map(\.reason) == [.dormant] && moved.first?.amount.minorUnits == 10_000)
        let ended = now.adding(months(130))
        let last = try #require(try await float.reporter.report(at: ended).sums.values.first)
        #expect(last.expired == .init(cards: 1, value: 10_000) && last.dormant.cards == 0)
        #expect(try await due(float, at: ended).isEmpty)
    }

    @Test func `expired value is due where the rule moves it`() async throws {
        let float = try await FloatWorld(cardValues: [10_000, 0])
        let rule = DormancyRule(
            months: 600,
            monthsExpired: 0,
            dormant: .reported,
            expired: .moved
        )
        try await float.reporter.set(try #require(rule), of: float.world.cards[0].issuer)
        let values = try await due(float, at: float.world.now.adding(months(130)))
        #expect(values.map(\.reason) == [.expired])
    }

    @Test func `a rule waits so many months behind the last valid day`() throws {
        let rule = DormancyRule(months: 1, monthsExpired: 2, dormant: .moved, expired: .moved)
        let expiry = try #require(CardDate(bcd: 0x27_1231))
        func due(_ year: Int, _ month: Int, _ day: Int) throws -> SweepReason? {
            let date = try #require(CivilDate(year: year, month: month, dayOfMonth: day))
            return rule?.due(
                onCardExpiring: expiry,
                lastUsed: Instant(milliseconds: 1_829_000_000_000),
                at: Instant(milliseconds: date.day * 86_400_000)
            )
        }
        // Last used on 2027-12-16.
        #expect(try due(2027, 12, 31) == nil)
        #expect(try due(2028, 1, 20) == nil)
        #expect(try due(2028, 2, 28) == nil)
        #expect(try due(2028, 2, 29) == .expired)
        // What came back on 2028-02-20 has two months more.
        let back = try #require(CivilDate(year: 2028, month: 2, dayOfMonth: 20))
        let late = try [(4, 19), (4, 20)].map { month, day in
            let date = try #require(CivilDate(year: 2028, month: month, dayOfMonth: day))
            return rule?.due(
                onCardExpiring: expiry,
                lastUsed: Instant(milliseconds: back.day * 86_400_000),
                at: Instant(milliseconds: date.day * 86_400_000)
            )
        }
        #expect(late == [nil, .expired])
        let never = rule?.due(
            onCardExpiring: expiry,
            lastUsed: nil,
            at: Instant(milliseconds: 1_829_000_000_000)
        )
        #expect(never == nil)
    }

    @Test func `a rule of before leaves a year to renew an expired card`() throws {
        let rule = try DormancyRuleRecord.read([1, 0, 3, 1, 0])
        #expect(rule == DormancyRule(months: 3, dormant: .moved, expired: .reported))
        #expect(rule.monthsExpired == 12)
        let other = DormancyRule(
            months: 3,
            monthsExpired: 0,
            dormant: .moved,
            expired: .moved
        )
        let bytes = DormancyRuleRecord.bytes(try #require(other))
        #expect(bytes == [2, 0, 3, 1, 1, 0, 0])
        #expect(try DormancyRuleRecord.read(bytes) == other)
        let long = DormancyRule(
            months: 3,
            monthsExpired: 601,
            dormant: .moved,
            expired: .moved
        )
        #expect(long == nil)
    }

    @Test func `months are those of the calendar`() throws {
        func day(_ month: Int, _ day: Int) throws -> Instant {
            let date = try #require(CivilDate(year: 2027, month: month, dayOfMonth: day))
            return Instant(milliseconds: date.day * 86_400_000)
        }
        #expect(DormancyRule.months(from: try day(1, 31), to: try day(2, 28)) == 1)
        #expect(DormancyRule.months(from: try day(1, 31), to: try day(2, 27)) == 0)
        #expect(DormancyRule.months(from: try day(1, 15), to: try day(4, 14)) == 2)
        #expect(DormancyRule.months(from: try day(4, 14), to: try day(1, 15)) == 0)
        #expect(DormancyRule(months: 0, dormant: .moved, expired: .moved) == nil)
    }
}
