// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel
import Testing

@Suite struct CalendarTests {
    private func calendar() throws -> Calendar {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
        return calendar
    }

    /// From 1583, since when Foundation's calendar is Gregorian, to 9999.
    @Test func `days are those of Foundation's calendar`() throws {
        let calendar = try calendar()
        var random = Seeded(10)
        let first = try #require(CivilDate(year: 1583, month: 1, dayOfMonth: 1)).day
        let last = try #require(CivilDate(year: 9999, month: 12, dayOfMonth: 31)).day
        let edges = [first, last, -1, 0, 1, 59, 10_956, 11_016, 11_017]
        let days = edges + (0..<5_000).map { _ in Int64.random(in: first...last, using: &random) }
        for day in days {
            let date = Date(timeIntervalSince1970: TimeInterval(day * 86_400))
            let expected = calendar.dateComponents([.year, .month, .day], from: date)
            let civil = CivilDate(day: day)
            #expect(civil.year == expected.year)
            #expect(civil.month == expected.month)
            #expect(civil.dayOfMonth == expected.day)
            #expect(civil.day == day)
        }
    }

    @Test func `each day follows the day before, through four centuries`() throws {
        var day = try #require(CivilDate(year: 1970, month: 1, dayOfMonth: 1)).day
        #expect(day == 0)
        for year in 1970..<2370 {
            for month in 1...12 {
                for dayOfMonth in 1...CivilDate.lastDay(of: month, in: year) {
                    let date = try #require(
                        CivilDate(year: year, month: month, dayOfMonth: dayOfMonth)
                    )
                    if date.day != day || CivilDate(day: day) != date {
                        Issue.record("\(date) is not day \(day)")
                    }
                    day += 1
                }
            }
        }
    }

    @Test func `a day that the calendar lacks is none`() {
        #expect(CivilDate(year: 2027, month: 2, dayOfMonth: 29) == nil)
        #expect(CivilDate(year: 2028, month: 2, dayOfMonth: 29) != nil)
        #expect(CivilDate(year: 2100, month: 2, dayOfMonth: 29) == nil)
        #expect(CivilDate(year: 2000, month: 2, dayOfMonth: 29) != nil)
        #expect(CivilDate(year: 2026, month: 4, dayOfMonth: 31) == nil)
        #expect(CivilDate(year: 2026, month: 13, dayOfMonth: 1) == nil)
        #expect(CivilDate(year: 2026, month: 0, dayOfMonth: 1) == nil)
        #expect(CivilDate(year: 2026, month: 1, dayOfMonth: 0) == nil)
        #expect(CivilDate(year: 0, month: 1, dayOfMonth: 1) == nil)
        #expect(CivilDate(year: 10_000, month: 1, dayOfMonth: 1) == nil)
    }

    @Test func `a card time is the same second as Foundation's`() throws {
        let calendar = try calendar()
        var random = Seeded(11)
        for _ in 0..<2_000 {
            let milliseconds = Int64.random(
                in: -5_000_000_000_000...253_402_300_799_999,
                using: &random
            )
            let instant = Instant(milliseconds: milliseconds)
            let seconds = (Double(milliseconds) / 1000).rounded(.down)
            let parts = calendar.dateComponents(
                [.year, .month, .day, .hour, .minute, .second],
                from: Date(timeIntervalSince1970: seconds)
            )
            let text = [
                (parts.year, 4), (parts.month, 2), (parts.day, 2), (parts.hour, 2),
                (parts.minute, 2), (parts.second, 2),
            ].map { part, width in
                let digits = String(part ?? 0)
                return String(repeating: "0", count: max(0, width - digits.count)) + digits
            }.joined()
            let time = CardTime(instant)
            #expect(BCD.digits(time.bcd, count: 14) == text)
            #expect(CardTime(bcd: time.bcd) == time)
            #expect(time.instant == Instant(milliseconds: Int64(seconds) * 1000))
        }
    }

    @Test(arguments: [
        UInt64(0x2026_0229_0000_00), 0x2026_1122_2400_00, 0x2026_1122_1060_00, 0x2026_1122_1000_60,
        0x2026_1322_0000_00, 0x2026_1100_0000_00, 0x0000_0101_0000_00, 0x2026_112A_0000_00,
        0x0120_2611_2210_1530,
    ])
    func `a time that the clock lacks is none`(bcd: UInt64) {
        #expect(CardTime(bcd: bcd) == nil)
    }

    @Test(arguments: [UInt32(0x27_0229), 0x27_0013, 0x27_1301, 0x27_0100, 0x2A_0101, 0x0127_0101])
    func `a last valid day that the calendar lacks is none`(bcd: UInt32) {
        #expect(CardDate(bcd: bcd) == nil)
    }

    @Test func `the last valid day is valid to its last second`() throws {
        let expiry = try #require(CardDate(bcd: 0x27_1231))
        let cases: [(UInt64, Bool)] = [
            (0x2027_1230_2359_59, false), (0x2027_1231_0000_00, false),
            (0x2027_1231_2359_59, false), (0x2028_0101_0000_00, true),
            (0x1999_1231_2359_59, false), (0x2127_1231_0000_00, true),
        ]
        for (bcd, isPast) in cases {
            #expect(expiry.isPast(at: try #require(CardTime(bcd: bcd))) == isPast)
        }
    }

    @Test func `the expiry boundary is the midnight behind the day, for any day`() throws {
        var random = Seeded(12)
        let first = try #require(CivilDate(year: 2000, month: 1, dayOfMonth: 1)).day
        let last = try #require(CivilDate(year: 2099, month: 12, dayOfMonth: 31)).day
        for _ in 0..<2_000 {
            let day = Int64.random(in: first...last, using: &random)
            let expiry = CardDate(CivilDate(day: day))
            let midnight = Instant(milliseconds: (day + 1) * 86_400_000)
            #expect(CardDate(bcd: expiry.bcd) == expiry)
            #expect(expiry.isPast(at: CardTime(midnight)))
            #expect(!expiry.isPast(at: CardTime(midnight.subtracting(.milliseconds(1)))))
        }
    }

    @Test func `the front of a card shows month and year`() throws {
        #expect(try #require(CardDate(bcd: 0x29_0228)).monthAndYear == "02/29")
    }

    @Test func `a last valid day outside of this century is a fault of the program`() async {
        await #expect(processExitsWith: .failure) {
            guard let day = CivilDate(year: 2100, month: 1, dayOfMonth: 1) else { return }
            _ = CardDate(day)
        }
    }

    @Test func `an instant counts days towards the past, too`() {
        #expect(Instant(milliseconds: 0).day == 0)
        #expect(Instant(milliseconds: 86_399_999).day == 0)
        #expect(Instant(milliseconds: 86_400_000).day == 1)
        #expect(Instant(milliseconds: -1).day == -1)
        #expect(Instant(milliseconds: -86_400_000).day == -1)
        #expect(Instant(milliseconds: -86_400_001).day == -2)
    }

    @Test func `durations are added in whole milliseconds`() {
        let noon = Instant(milliseconds: 1_000)
        #expect(noon.adding(.seconds(2)).milliseconds == 3_000)
        #expect(noon.adding(.milliseconds(2)).milliseconds == 1_002)
        #expect(noon.subtracting(.seconds(3)).milliseconds == -2_000)
        #expect(noon.adding(.microseconds(1_500)).milliseconds == 1_001)
        #expect(Instant(milliseconds: 1) < Instant(milliseconds: 2))
    }
}
