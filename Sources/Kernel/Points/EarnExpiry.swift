// SPDX-License-Identifier: Apache-2.0

/// When points expire.
package enum EarnExpiry: Hashable, Sendable {
    case never
    /// With the end of the month so many months after that of the earning; one of ``monthsRange``.
    case months(UInt8)

    /// So that the days of one member's points find a place in ``PointsTranches``.
    package static let monthsRange: ClosedRange<UInt8> = 0...60

    /// 2000-01-01: cards know no earlier day.
    private static let firstDay: Int64 = 10_957

    package var isValid: Bool {
        switch self {
        case .never: true
        case .months(let months): EarnExpiry.monthsRange.contains(months)
        }
    }

    /// The last day of points that are earned on this day, at the latest the last that a card
    /// knows.
    package func lastDay(ofPointsEarnedOn date: CivilDate) -> CardDate {
        guard case .months(let months) = self else { return PointsTranche.never }
        let month = date.year * 12 + date.month - 1 + Int(months)
        let (year, monthOfYear) = (month / 12, month % 12 + 1)
        let day = CivilDate.lastDay(of: monthOfYear, in: year)
        guard let last = CivilDate(year: year, month: monthOfYear, dayOfMonth: day),
            last.year <= 2099
        else { return PointsTranche.never }
        return CardDate(last.isOfCards ? last : CivilDate(day: EarnExpiry.firstDay))
    }
}
