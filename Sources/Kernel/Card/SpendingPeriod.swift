// SPDX-License-Identifier: Apache-2.0

/// A stretch of time in which spending is added up. Its periods are numbered, so that two moments
/// can be compared by the period in which they lie.
package enum SpendingPeriod: UInt8, CaseIterable, Sendable {
    /// From midnight to midnight.
    case day
    /// From Monday to Monday.
    case week
    /// From the first to the first.
    case month

    /// The numbers that a period can have, from 1970 to 9999.
    package var numbers: ClosedRange<Int64> {
        switch self {
        case .day: 0...2_932_896
        case .week: 0...418_985
        case .month: 23_640...119_999
        }
    }

    /// The number of the period in which a moment lies.
    package func number(at moment: Instant, _ offset: LocalOffset) -> Int64 {
        let day = offset.day(of: moment)
        switch self {
        case .day: return day
        // 1970-01-01 was a Thursday.
        case .week: return (day + 3) / 7
        case .month:
            let date = CivilDate(day: day)
            return Int64(date.year) * 12 + Int64(date.month) - 1
        }
    }

    /// The first moment behind a period.
    ///
    /// `number`: one of ``numbers``.
    package func end(of number: Int64, _ offset: LocalOffset) -> Instant {
        precondition(numbers.contains(number))
        let next = number + 1
        switch self {
        case .day: return offset.moment(ofDay: next)
        case .week: return offset.moment(ofDay: next * 7 - 3)
        case .month:
            let first = CivilDate(
                year: Int(next / 12),
                month: Int(next % 12) + 1,
                dayOfMonth: 1
            )
            // Behind the last month of 9999 there is none.
            return offset.moment(ofDay: first?.day ?? SpendingPeriod.day.numbers.upperBound + 1)
        }
    }
}
