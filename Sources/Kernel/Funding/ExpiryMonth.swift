// SPDX-License-Identifier: Apache-2.0

/// The last month in which a funding account can be used, in the years 2000 to 2099.
package struct ExpiryMonth: Hashable, Comparable, Sendable {
    /// Months since January 2000.
    package let month: UInt16

    /// - Returns: nil for a month that the calendar lacks.
    package init?(year: Int, month: Int) {
        guard (1...12).contains(month), (2000...2099).contains(year) else { return nil }
        self.month = UInt16((year - 2000) * 12 + month - 1)
    }

    /// - Parameter digits: YYMM.
    package init?(digits: String) {
        guard let bcd = BCD.parse(digits, count: 4) else { return nil }
        let value = Int(BCD.value(bcd))
        self.init(year: 2000 + value / 100, month: value % 100)
    }

    /// The month of a moment, UTC.
    package init?(_ instant: Instant) {
        let date = CivilDate(day: instant.day)
        self.init(year: date.year, month: date.month)
    }

    /// YYMM.
    package var digits: String {
        BCD.digits(BCD.pack(UInt64(month / 12 * 100 + month % 12 + 1)), count: 4)
    }

    package static func < (left: ExpiryMonth, right: ExpiryMonth) -> Bool {
        left.month < right.month
    }
}
