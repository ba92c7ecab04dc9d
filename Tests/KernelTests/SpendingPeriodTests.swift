// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

/// When a day, a week and a month end, and which hour it is.
@Suite struct SpendingPeriodTests {
    /// The last moment of a period and the first one of the next, by the clock of a place.
    struct Turn: Sendable, CustomTestStringConvertible {
        let says: String
        var minutes = 0
        let last: String
        let first: String
        let turns: [SpendingPeriod]

        var testDescription: String { says }
    }

    static let table: [Turn] = [
        Turn(
            says: "a midnight",
            last: "2026-11-24 23:59:59.999",
            first: "2026-11-25",
            turns: [.day]
        ),
        Turn(
            says: "the midnight before Sunday, which ends no week",
            last: "2026-11-21 23:59:59.999",
            first: "2026-11-22",
            turns: [.day]
        ),
        Turn(
            says: "the midnight before Monday",
            last: "2026-11-22 23:59:59.999",
            first: "2026-11-23",
            turns: [.day, .week]
        ),
        Turn(
            says: "the first of a month, a Tuesday",
            last: "2026-11-30 23:59:59.999",
            first: "2026-12-01",
            turns: [.day, .month]
        ),
        Turn(
            says: "the first of a year, a Friday",
            last: "2026-12-31 23:59:59.999",
            first: "2027-01-01",
            turns: [.day, .month]
        ),
        Turn(
            says: "the first of a month that is a Monday",
            last: "2027-01-31 23:59:59.999",
            first: "2027-02-01",
            turns: [.day, .week, .month]
        ),
        Turn(
            says: "28 February of a common year",
            last: "2027-02-28 23:59:59.999",
            first: "2027-03-01",
            turns: [.day, .week, .month]
        ),
        Turn(
            says: "28 February of a leap year",
            last: "2028-02-28 23:59:59.999",
            first: "2028-02-29",
            turns: [.day]
        ),
        Turn(
            says: "the leap day",
            last: "2028-02-29 23:59:59.999",
            first: "2028-03-01",
            turns: [.day, .month]
        ),
        Turn(
            says: "midnight two hours ahead of UTC",
            minutes: 120,
            last: "2026-11-24 21:59:59.999",
            first: "2026-11-24 22:00",
            turns: [.day]
        ),
        Turn(
            says: "Monday half an hour behind UTC",
            minutes: -30,
            last: "2026-11-23 00:29:59.999",
            first: "2026-11-23 00:30",
            turns: [.day, .week]
        ),
        Turn(
            says: "the first of a month where the day begins first",
            minutes: 840,
            last: "2026-11-30 09:59:59.999",
            first: "2026-11-30 10:00",
            turns: [.day, .month]
        ),
        Turn(
            says: "the first of a month where the day begins last",
            minutes: -720,
            last: "2026-12-01 11:59:59.999",
            first: "2026-12-01 12:00",
            turns: [.day, .month]
        ),
    ]

    @Test(arguments: table) func `a period ends where its table says, and not before`(
        turn: Turn
    ) throws {
        let offset = try #require(LocalOffset(minutes: turn.minutes))
        let (last, first) = (try Limits.moment(turn.last), try Limits.moment(turn.first))
        for period in SpendingPeriod.allCases {
            let number = period.number(at: last, offset)
            let next = period.number(at: first, offset)
            #expect(next == number + (turn.turns.contains(period) ? 1 : 0), "\(period)")
            if turn.turns.contains(period) { #expect(period.end(of: number, offset) == first) }
            #expect(first < period.end(of: next, offset))
        }
    }

    @Test func `each moment has a period, however far it lies`() {
        for milliseconds in [Int64.min, -1, 0, 253_402_300_799_999, .max] {
            for minutes in [LocalOffset.range.lowerBound, 0, LocalOffset.range.upperBound] {
                guard let offset = LocalOffset(minutes: minutes) else { continue }
                for period in SpendingPeriod.allCases {
                    let moment = Instant(milliseconds: milliseconds)
                    let number = period.number(at: moment, offset)
                    #expect(period.numbers.contains(number), "\(period) \(milliseconds)")
                    _ = period.end(of: number, offset)
                }
            }
        }
        for minutes in [-721, 841] { #expect(LocalOffset(minutes: minutes) == nil) }
    }

    @Test func `hours are those of the place, on its day of the week`() throws {
        var hours = SpendingHours.never
        hours.insert(.monday, hours: 7..<9)
        hours.insert(.saturday, hours: 23..<24)
        let offset = try #require(LocalOffset(minutes: 60))
        for (text, isOpen) in [
            ("2026-11-23 05:59:59.999", false), ("2026-11-23 06:00", true),
            ("2026-11-23 07:59:59.999", true), ("2026-11-23 08:00", false),
            ("2026-11-24 06:00", false), ("2026-11-28 21:59:59.999", false),
            ("2026-11-28 22:00", true), ("2026-11-28 22:59:59.999", true),
            ("2026-11-28 23:00", false),
        ] {
            #expect(hours.contains(try Limits.moment(text), offset) == isOpen, "\(text)")
        }
    }

    @Test func `the next hour that is open is found, also a week ahead`() throws {
        var hours = SpendingHours.never
        #expect(hours.next(after: try Limits.moment("2026-11-23"), .utc) == nil)
        hours.insert(.monday, hours: 7..<9)
        for (text, next) in [
            ("2026-11-22 12:00", "2026-11-23 07:00"), ("2026-11-23 06:59", "2026-11-23 07:00"),
            ("2026-11-23 07:30", "2026-11-23 08:00"), ("2026-11-23 08:00", "2026-11-30 07:00"),
            ("2026-11-23 09:00", "2026-11-30 07:00"),
        ] {
            #expect(
                hours.next(after: try Limits.moment(text), .utc) == (try Limits.moment(next)),
                "\(text)"
            )
        }
        #expect(SpendingHours.always.days.allSatisfy { $0 == 0xFF_FFFF })
    }

    @Test func `hours are seven days of 24 bits and nothing else`() {
        #expect(SpendingHours(bits: Array(repeating: 0xFF_FFFF, count: 7)) == .always)
        #expect(SpendingHours(bits: Array(repeating: 0, count: 6)) == nil)
        #expect(SpendingHours(bits: Array(repeating: 0, count: 8)) == nil)
        #expect(SpendingHours(bits: Array(repeating: 0x100_0000, count: 7)) == nil)
    }

    @Test func `hours are written in words, and read as they were written`() throws {
        for text in [
            "always", "never", "mon-fri 7-20", "mon-fri 7-20, sat 9-12", "sun 0-24",
            "mon-tue 8-9, mon-tue 10-12, wed 0-1, fri-sun 23-24",
        ] {
            #expect(SpendingHours(text)?.text == text)
        }
        #expect(SpendingHours("mon 7-9, mon 8-12, tue 07-12")?.text == "mon-tue 7-12")
        #expect(SpendingHours("mon-sun 0-24") == .always)
        var random = Seeded(11)
        for _ in 0..<500 {
            let bits = (0..<7).map { _ in UInt32.random(in: 0...0xFF_FFFF, using: &random) }
            let hours = try #require(SpendingHours(bits: bits))
            #expect(SpendingHours(hours.text) == hours)
        }
    }

    @Test func `what says no hours is refused`() {
        for text in [
            "", ",", "mon", "mon 7", "mon 7-7", "mon 9-7", "mon 7-25", "mon -7", "mon 7-",
            "mon -1-7", "mon 7-8-9", "fri-mon 7-8", "mon-tue-wed 7-8", "day 7-8", "mon 7-8,",
            "Mon 7-8", "mon 007-8", "mon ٧-8", "mon 7-8 x", "never, mon 7-8",
            Array(repeating: "mon 7-8", count: 85).joined(separator: ","),
        ] {
            #expect(SpendingHours(text) == nil, "\(text)")
        }
    }

    @Test func `a category has four decimal digits`() {
        #expect(MerchantCategory("5812")?.digits == "5812")
        #expect(MerchantCategory("0742")?.bcd == 0x0742)
        for text in ["581", "58120", "58A2", ""] { #expect(MerchantCategory(text) == nil) }
        #expect(MerchantCategory(bcd: 0x58A2) == nil)
    }
}
