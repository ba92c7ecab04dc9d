// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

/// Accounts, and what standing orders go by.
@Suite struct FundingRuleTests {
    private static func instant(_ day: Int64, _ hour: Int64, _ offset: Int64 = 0) -> Instant {
        Instant(milliseconds: day * 86_400_000 + hour * 3_600_000 + offset)
    }

    @Test func `an account has 12 to 19 digits and prints the last four`() throws {
        let expiry = try #require(AccountExpiry(year: 2027, month: 12))
        for (number, isOne) in [
            ("12345678901", false), ("123456789012", true), ("1234567890123456789", true),
            ("12345678901234567890", false), ("12345678901x", false), ("", false),
            ("١٢٣٤٥٦٧٨٩٠١٢", false),
        ] {
            #expect((FundingAccount(number: number, expiry: expiry) != nil) == isOne)
        }
        let account = try #require(FundingAccount(number: "4111111111111111", expiry: expiry))
        var dumped = ""
        dump(account, to: &dumped)
        #expect("\(account)" == "•••• 1111")
        #expect(!dumped.contains("41111"))
        #expect(!String(reflecting: account).contains("41111"))
    }

    @Test func `an account can be used until its month ends`() throws {
        let expiry = try #require(AccountExpiry(year: 1970 + 57, month: 12))
        let end = try #require(CivilDate(year: 2028, month: 1, dayOfMonth: 1)).day
        #expect(!expiry.isPast(at: Self.instant(end, 0, -1)))
        #expect(expiry.isPast(at: Self.instant(end, 0)))
    }

    @Test func `a verification value has 3 or 4 digits and never prints`() throws {
        for (digits, isOne) in [
            ("12", false), ("123", true), ("1234", true), ("12345", false), ("12a", false),
        ] {
            #expect((CardVerificationValue(digits: digits) != nil) == isOne)
        }
        let value = try #require(CardVerificationValue(digits: "739"))
        var dumped = ""
        dump(value, to: &dumped)
        #expect(!"\(value) \(dumped)".contains("739"))
    }

    @Test func `a word belongs to one decline`() {
        #expect(Set(FundingDecline.allCases.map(\.word)).count == FundingDecline.allCases.count)
        for decline in FundingDecline.allCases {
            #expect(FundingDecline(word: decline.word) == decline)
        }
        #expect(FundingDecline(word: "no") == nil)
        let words = Set(AccountLoadRefusal.allCases.map(\.word))
        #expect(words.count == AccountLoadRefusal.allCases.count)
    }

    /// Each hour of three weeks, for each day, hour and three offsets: the latest moment is at most
    /// a week ago, has the day and hour, and the next one is a week later.
    @Test func `a weekly moment comes once in each week`() throws {
        for minutes in [-720, 0, 345] {
            let offset = try #require(LocalOffset(minutes: minutes))
            for weekday in Weekday.allCases {
                for hour in [0, 13, 23] {
                    let schedule = try #require(
                        WeeklySchedule(weekday: weekday, hour: hour, offset: offset)
                    )
                    for step in Int64(0)..<21 * 24 {
                        let now = Self.instant(20_000, step, step)
                        let latest = schedule.latest(at: now)
                        #expect(latest <= now && now.since(latest) < .seconds(7 * 86_400))
                        #expect(Weekday(day: offset.day(of: latest)) == weekday)
                        #expect(offset.hour(of: latest) == hour)
                        #expect(schedule.latest(at: latest) == latest)
                        #expect(schedule.next(after: now) > now)
                        #expect(schedule.latest(at: schedule.next(after: now)) != latest)
                    }
                }
            }
        }
        #expect(WeeklySchedule(weekday: .monday, hour: 24, offset: .utc) == nil)
    }

    @Test(
        arguments: [
            (999, 0, true), (1_000, 0, false), (0, 8_000, true), (0, 8_001, false),
            (0, .max, false),
        ] as [(UInt64, UInt64, Bool)]
    )
    func `a top-up is due below its threshold and within its month`(
        _ balance: UInt64,
        _ loaded: UInt64,
        _ isDue: Bool
    ) throws {
        let rule = try #require(Self.rule(1_000, 2_000, 10_000))
        #expect(rule.isDue(balance: balance, loadedThisMonth: loaded) == isDue)
    }

    @Test func `a top-up has a threshold, and an amount that its month holds`() throws {
        #expect(Self.rule(0, 2_000, 10_000) == nil)
        #expect(Self.rule(1_000, 0, 10_000) == nil)
        #expect(Self.rule(1_000, 2_000, 1_999) == nil)
        let rule = try #require(Self.rule(1_000, 2_000, 2_000))
        #expect(rule.fits(balanceMax: 2_999))
        #expect(!rule.fits(balanceMax: 2_998))
        #expect(!(try #require(Self.rule(.max, .max, .max))).fits(balanceMax: .max))
    }

    @Test func `a month begins by the clock of the person`() throws {
        let july = try #require(CivilDate(year: 2026, month: 7, dayOfMonth: 1)).day
        let rule = try #require(Self.rule(1, 1, 1, minutes: 120))
        #expect(rule.month(of: Self.instant(july, -2, -1)) == 2026 * 12 + 5)
        #expect(rule.month(of: Self.instant(july, -2)) == 2026 * 12 + 6)
    }

    private static func rule(
        _ threshold: UInt64,
        _ amount: UInt64,
        _ monthMax: UInt64,
        minutes: Int = 0
    ) -> TopUpRule? {
        LocalOffset(minutes: minutes).flatMap {
            TopUpRule(
                threshold: threshold,
                amount: Money(minorUnits: amount, currency: .euro, exponent: .cents),
                monthMax: monthMax,
                offset: $0
            )
        }
    }

    // MARK: An expired card

    @Test func `value moves from a card that has expired, in the order of the reasons not to`()
        throws
    {
        let expiry = try #require(CardDate(bcd: 0x26_0630))
        let now = CardTime(
            Self.instant(try #require(CivilDate(year: 2026, month: 7, dayOfMonth: 1)).day, 0)
        )
        let before = CardTime(
            Self.instant(try #require(CivilDate(year: 2026, month: 6, dayOfMonth: 30)).day, 23)
        )
        var card = Card(
            identifier: try #require(CardIdentifier("4123450000000001")),
            expiry: expiry,
            purchaseKeyVersion: 1,
            loadKeyVersion: 1,
            lastNumber: 9,
            purses: [Purse(currency: .euro, exponent: .cents, balance: 500, balanceMax: 1_000)]
        )
        func euros(_ units: UInt64) -> Money {
            Money(minorUnits: units, currency: .euro, exponent: .cents)
        }
        let points = Money(minorUnits: 1, currency: .dollar, exponent: .cents)
        #expect(card.refusal(toMove: euros(500), at: now) == nil)
        #expect(card.refusal(toMove: euros(501), at: now) == .amountAboveBalance)
        #expect(card.refusal(toMove: points, at: now) == .noSuchPurse)
        #expect(card.refusal(toMove: points, at: before) == .notExpired)
        card.block()
        #expect(card.refusal(toMove: points, at: before) == .blocked)
        card.unblock()
        card.moveOut(euros(200))
        #expect(card.balance(.euro, .cents) == 300)
        #expect(card.lastNumber == 9)
    }
}
