// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// A day of settlement: everything that was credited before its cut-off and not paid yet.
package struct BusinessDay: Hashable, Comparable, Sendable {
    /// Days since 1970-01-01.
    package let number: UInt32

    /// The last day of the year 9999.
    private static let last: UInt32 = 2_932_896

    /// - Returns: nil behind the year 9999.
    package init?(_ number: UInt32) {
        guard number <= BusinessDay.last else { return nil }
        self.number = number
    }

    package init(_ date: CivilDate) {
        precondition(date.year >= 1970)
        number = UInt32(date.day)
    }

    package var date: CivilDate { CivilDate(day: Int64(number)) }

    /// - Parameter digits: `YYYYMMDD`; nil where that is no day of the calendar from 1970 on.
    package init?(digits: String) {
        guard let bcd = BCD.parse(digits, count: 8) else { return nil }
        let value = Int(BCD.value(bcd))
        guard
            let date = CivilDate(
                year: value / 10_000,
                month: value / 100 % 100,
                dayOfMonth: value % 100
            ), date.year >= 1970
        else { return nil }
        self.init(date)
    }

    /// `YYYYMMDD`.
    package var digits: String {
        let date = date
        return BCD.digits(
            BCD.pack(UInt64(date.year * 10_000 + date.month * 100 + date.dayOfMonth)),
            count: 8
        )
    }

    /// The day on which a payment that leaves now has its value: so many days later, and on a
    /// Saturday or Sunday the Monday after.
    package func valueDate(after days: UInt8) -> CivilDate {
        var day = Int64(number)
        for _ in 0..<days { day = BusinessDay.workday(from: day + 1) }
        return CivilDate(day: BusinessDay.workday(from: day))
    }

    private static func workday(from day: Int64) -> Int64 {
        switch Weekday(day: day) {
        case .saturday: day + 2
        case .sunday: day + 1
        default: day
        }
    }

    package static func < (one: BusinessDay, two: BusinessDay) -> Bool { one.number < two.number }
}
