// SPDX-License-Identifier: Apache-2.0

/// Days on which a purchase earns a multiple: certain weekdays, the days between two dates, or
/// certain weekdays between two dates. Days are those of UTC.
package struct BonusDays: Hashable, Sendable {
    /// Nil for every day of the week.
    package let weekday: Weekday?
    /// First and last day; nil for all days.
    package let dates: ClosedRange<CivilDate>?
    /// 15 is one and a half times the points; one of ``tenthsRange``.
    package let tenths: UInt16

    /// From a tenth more than the usual to a hundred times as much.
    package static let tenthsRange: ClosedRange<UInt16> = 11...1_000

    /// - Returns: nil where neither weekday nor dates are named, the multiplier is out of its
    ///   range, or a day lies outside the years 2000 to 2099.
    package init?(weekday: Weekday?, dates: ClosedRange<CivilDate>?, tenths: UInt16) {
        guard weekday != nil || dates != nil, BonusDays.tenthsRange.contains(tenths),
            dates.map({ $0.lowerBound.isOfCards && $0.upperBound.isOfCards }) ?? true
        else { return nil }
        self.weekday = weekday
        self.dates = dates
        self.tenths = tenths
    }

    /// `day`: days since 1970-01-01 UTC, not before.
    package func contains(_ day: Int64) -> Bool {
        (weekday.map { $0 == Weekday(day: day) } ?? true)
            && (dates?.contains(CivilDate(day: day)) ?? true)
    }
}

extension CivilDate {
    /// Whether a card can name the day in three bytes.
    package var isOfCards: Bool { (2000...2099).contains(year) }
}
