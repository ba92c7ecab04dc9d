// SPDX-License-Identifier: Apache-2.0

/// The hours of the week in which a card pays: 24 for each of seven days.
package struct SpendingHours: Equatable, Sendable {
    package static let always = SpendingHours(days: Array(repeating: everyHour, count: 7))
    package static let never = SpendingHours(days: Array(repeating: 0, count: 7))

    /// From Monday; bit 0 is the hour from 0:00 to 1:00.
    package private(set) var days: [UInt32]

    private static let everyHour: UInt32 = 0xFF_FFFF

    private init(days: [UInt32]) {
        self.days = days
    }

    /// `bits`: 24 bits for each day from Monday, bit 0 for the hour from 0:00.
    /// Returns nil for another number of days, or with a bit above the 24th.
    package init?(bits: [UInt32]) {
        guard bits.count == Weekday.allCases.count,
            bits.allSatisfy({ $0 <= SpendingHours.everyHour })
        else { return nil }
        days = bits
    }

    /// `hour`: 0 to 23.
    package func contains(_ weekday: Weekday, hour: Int) -> Bool {
        precondition((0..<24).contains(hour))
        return days[weekday.rawValue] >> UInt32(hour) & 1 == 1
    }

    /// Adds full hours of a day: `7..<20` is from 7:00 to 20:00.
    package mutating func insert(_ weekday: Weekday, hours: Range<Int>) {
        precondition(hours.lowerBound >= 0 && hours.upperBound <= 24)
        for hour in hours { days[weekday.rawValue] |= 1 << UInt32(hour) }
    }

    package func contains(_ moment: Instant, _ offset: LocalOffset) -> Bool {
        contains(Weekday(day: offset.day(of: moment)), hour: offset.hour(of: moment))
    }

    /// When the next of these hours begins, behind the hour in which a moment lies.
    ///
    /// - Returns: nil where there is none in a week.
    package func next(after moment: Instant, _ offset: LocalOffset) -> Instant? {
        var (day, hour) = (offset.day(of: moment), offset.hour(of: moment))
        for _ in 0..<Weekday.allCases.count * 24 {
            hour += 1
            if hour == 24 { (day, hour) = (day + 1, 0) }
            if contains(Weekday(day: day), hour: hour) {
                return offset.moment(ofDay: day, hour: hour)
            }
        }
        return nil
    }
}
