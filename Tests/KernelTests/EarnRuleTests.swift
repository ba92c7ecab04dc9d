// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

@Suite struct EarnRuleTests {
    private func rule(
        points: UInt64 = 1,
        per cents: UInt64 = 10,
        _ currency: Currency = .euro,
        rounding: EarnRounding = .down,
        bonus: [BonusDays] = [],
        pendingDays: UInt16 = 0,
        expiry: EarnExpiry = .never
    ) throws(EarnRuleRefusal) -> EarnRule {
        try EarnRule(
            points: points,
            per: Money(minorUnits: cents, currency: currency, exponent: .cents),
            rounding: rounding,
            bonus: bonus,
            pendingDays: pendingDays,
            expiry: expiry
        )
    }

    private func euros(_ cents: UInt64) -> Money {
        Money(minorUnits: cents, currency: .euro, exponent: .cents)
    }

    /// 2026-03-04, a Wednesday.
    private let wednesday = Instant(milliseconds: 1_772_625_600_000)

    @Test(
        arguments: [
            (EarnRounding.down, 0, 0), (.down, 9, 0), (.down, 10, 1), (.down, 19, 1),
            (.nearest, 4, 0), (.nearest, 5, 1), (.nearest, 14, 1), (.nearest, 15, 2),
            (.up, 0, 0), (.up, 1, 1), (.up, 10, 1), (.up, 11, 2),
        ] as [(EarnRounding, UInt64, UInt64)]
    )
    func `a purchase is rounded once`(
        rounding: EarnRounding,
        cents: UInt64,
        points: UInt64
    ) throws {
        #expect(try rule(rounding: rounding).earned(by: euros(cents), at: wednesday) == points)
    }

    @Test func `the highest multiplier of a day counts, and is rounded with the rest`() throws {
        let first = try #require(CivilDate(year: 2026, month: 3, dayOfMonth: 1))
        let last = try #require(CivilDate(year: 2026, month: 3, dayOfMonth: 5))
        let rule = try rule(bonus: [
            try #require(BonusDays(weekday: .wednesday, dates: nil, tenths: 15)),
            try #require(BonusDays(weekday: nil, dates: first...last, tenths: 20)),
            try #require(BonusDays(weekday: .wednesday, dates: first...last, tenths: 11)),
        ])
        func earned(_ days: Int64) throws -> UInt64 {
            try rule.earned(
                by: euros(15),
                at: wednesday.adding(.seconds(days * 86_400))
            )
        }
        #expect(try earned(0) == 3 && earned(1) == 3 && earned(-3) == 3)
        #expect(try earned(2) == 1 && earned(-4) == 1)
        // Another Wednesday: 1.5 × 1.5 = 2.25.
        #expect(try earned(7) == 2)
    }

    @Test func `another currency or exponent earns nothing`() throws {
        let rule = try rule()
        let dollars = Money(minorUnits: 100, currency: .dollar, exponent: .cents)
        let micros = Money(minorUnits: 100, currency: .euro, exponent: .micros)
        for amount in [dollars, micros] {
            #expect(try rule.earned(by: amount, at: wednesday) == 0)
        }
    }

    @Test func `points can be used after the pending days, and until the end of a month`() throws {
        let rule = try rule(pendingDays: 14)
        #expect(rule.matures(wednesday).day == wednesday.day + 14)
        let day = try #require(CivilDate(year: 2026, month: 12, dayOfMonth: 31))
        let cases: [(EarnExpiry, UInt32)] = [
            (.months(0), 0x26_1231), (.months(1), 0x27_0131), (.months(2), 0x27_0228),
            (.months(14), 0x28_0229), (.months(60), 0x31_1231), (.never, 0x99_1231),
        ]
        for (expiry, last) in cases {
            #expect(expiry.lastDay(ofPointsEarnedOn: day).bcd == last)
        }
        let late = try #require(CivilDate(year: 2099, month: 6, dayOfMonth: 1))
        #expect(EarnExpiry.months(12).lastDay(ofPointsEarnedOn: late) == PointsTranche.never)
        let early = CivilDate(day: 0)
        #expect(EarnExpiry.months(12).lastDay(ofPointsEarnedOn: early).bcd == 0x00_0101)
        let last = Instant(milliseconds: 253_402_300_799_999)
        #expect(rule.matures(last) == last)
    }

    @Test func `what is no rule is refused in the order of precedence`() throws {
        let days = try #require(BonusDays(weekday: .sunday, dates: nil, tenths: 20))
        let many = Array(repeating: days, count: EarnRule.bonusMax + 1)
        let programme = try #require(Currency(bcd: 0x9001))
        #expect(throws: EarnRuleRefusal.empty) { try rule(points: 0, bonus: many) }
        #expect(throws: EarnRuleRefusal.empty) { try rule(per: 0) }
        #expect(throws: EarnRuleRefusal.empty) { try rule(programme) }
        #expect(throws: EarnRuleRefusal.tooManyBonusDays) {
            try rule(points: .max, bonus: many, pendingDays: 367)
        }
        #expect(throws: EarnRuleRefusal.pendingTooLong) {
            try rule(points: .max, pendingDays: 367, expiry: .months(61))
        }
        #expect(throws: EarnRuleRefusal.expiryTooFar) {
            try rule(points: .max, expiry: .months(61))
        }
        #expect(throws: EarnRuleRefusal.overflow) { try rule(points: .max) }
    }

    @Test func `a rule that overflows with the largest purchase is none`() throws {
        // 10^12 cents at 1000 points a cent are 10^15.
        _ = try rule(points: 1_000, per: 1)
        #expect(throws: EarnRuleRefusal.overflow) { try rule(points: 1_001, per: 1) }
        let best = try #require(BonusDays(weekday: .sunday, dates: nil, tenths: 1_000))
        #expect(throws: EarnRuleRefusal.overflow) {
            try rule(points: 1_000, per: 1, bonus: [best])
        }
        _ = try rule(points: 1_000, per: 100, bonus: [best])
    }

    @Test func `a larger purchase is refused where it would earn too much, and never traps`()
        throws
    {
        let rule = try rule(points: 1_000, per: 1)
        #expect(throws: EarnRuleRefusal.overflow) {
            try rule.earned(by: euros(.max), at: wednesday)
        }
        let small = try self.rule(points: 1, per: .max, rounding: .up)
        #expect(try small.earned(by: euros(.max), at: wednesday) == 1)
        #expect(try small.earned(by: euros(1), at: Instant(milliseconds: .min / 2)) == 1)
    }

    @Test(arguments: 0..<10)
    func `rules of any numbers give points or a refusal`(seed: UInt64) throws {
        var random = Seeded(seed)
        for _ in 0..<2_000 {
            func number() -> UInt64 { random.next() >> UInt64.random(in: 0...63, using: &random) }
            guard let rounding = EarnRounding.allCases.randomElement(using: &random),
                let rule = try? rule(points: number(), per: number(), rounding: rounding)
            else { continue }
            let cents = number()
            guard let earned = try? rule.earned(by: euros(cents), at: wednesday) else { continue }
            let exact = UInt128(cents) * UInt128(rule.points)
            let low = exact / UInt128(rule.per.minorUnits)
            #expect(UInt128(earned) >= low && UInt128(earned) <= low + 1)
        }
    }

    @Test func `bonus days name a weekday or dates, and a multiplier within bounds`() throws {
        let first = try #require(CivilDate(year: 2026, month: 1, dayOfMonth: 1))
        let before = try #require(CivilDate(year: 1999, month: 1, dayOfMonth: 1))
        #expect(BonusDays(weekday: nil, dates: nil, tenths: 20) == nil)
        #expect(BonusDays(weekday: .monday, dates: nil, tenths: 10) == nil)
        #expect(BonusDays(weekday: .monday, dates: nil, tenths: 1_001) == nil)
        #expect(BonusDays(weekday: .monday, dates: before...first, tenths: 20) == nil)
        #expect(
            BonusDays(weekday: nil, dates: first...first, tenths: 11)?.contains(first.day) == true
        )
    }
}
