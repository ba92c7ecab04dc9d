// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer

/// What a programme owes, drawn: a bar for each month in which points expire, in three parts.
struct LiabilityChart {
    /// The picture is 1,000 units high; a month is 10 wide.
    private static let (height, slot, width): (UInt64, Int, Int) = (1_000, 10, 7)
    /// With fewer months each would be a wall.
    private static let slotsMin = 12

    private struct Month {
        let lastDay: CardDate
        let part: Liability.Part

        var total: UInt64 { part.here.upTo64(part.inPostings).upTo64(part.onCards) }
        var isNever: Bool { lastDay == PointsTranche.never }
    }

    private let months: [Month]
    private let programme: Programme
    /// All that is outstanding.
    let total: UInt64

    init(_ liability: Liability, _ programme: Programme) {
        months = liability.months.map { Month(lastDay: $0.lastDay, part: $0.part) }
        total = months.reduce(0) { $0.upTo64($1.total) }
        self.programme = programme
    }

    /// `Liability` of the template; nil where nothing is outstanding.
    func values(_ reader: Reader) -> [String: Any]? {
        guard let largest = months.max(by: { $0.total < $1.total }), largest.total > 0,
            let first = months.first, let last = months.last
        else { return nil }
        func sum(_ part: KeyPath<Liability.Part, UInt64>) -> String {
            number(months.reduce(0) { $0.upTo64($1.part[keyPath: part]) }, reader)
        }
        let total = reader.amount(programme.points(total), of: programme.name)
        let count = months.count
        let span = count == 1 ? "one month of expiry" : "\(count) months of expiry"
        var values: [String: Any] = [
            "total": total,
            "summary": """
            \(total) outstanding, over \(span): \(sum(\.here)) with the programme, \
            \(sum(\.inPostings)) on the way to cards, \(sum(\.onCards)) on cards. The most, \
            \(number(largest.total, reader)), \(expire(largest, reader)).
            """,
            "width": "\(max(count, Self.slotsMin) * Self.slot)", "height": "\(Self.height)",
            "bars": months.enumerated().flatMap { bars($0.offset, $0.element, largest, reader) },
            "firstMonth": name(first, reader),
            "months": ["rows": months.map { row($0, reader) }],
        ]
        // Fewer bars than there is room for do not reach the end of the axis.
        if count >= Self.slotsMin { values["lastMonth"] = name(last, reader) }
        return values
    }

    /// The parts of one bar, from the floor up.
    private func bars(
        _ index: Int,
        _ month: Month,
        _ largest: Month,
        _ reader: Reader
    ) -> [[String: Any]] {
        var floor = Self.height
        var bars: [[String: Any]] = []
        for (kind, words, amount) in [
            ("here", "with the programme", month.part.here),
            ("way", "on the way to cards", month.part.inPostings),
            ("cards", "on cards", month.part.onCards),
        ] where amount > 0 {
            let share = amount.multipliedFullWidth(by: Self.height)
            // A part is at most the largest bar, so that the quotient fits.
            let height = min(floor, max(4, largest.total.dividingFullWidth(share).quotient))
            floor -= height
            bars.append([
                "kind": kind, "x": "\(index * Self.slot + 1)", "y": "\(floor)",
                "width": "\(Self.width)", "height": "\(height)",
                "label": "\(name(month, reader)): \(number(amount, reader)) \(words)",
            ])
        }
        return bars
    }

    private func row(_ month: Month, _ reader: Reader) -> [String: Any] {
        [
            "month": name(month, reader), "here": number(month.part.here, reader),
            "way": number(month.part.inPostings, reader),
            "cards": number(month.part.onCards, reader), "total": number(month.total, reader),
        ]
    }

    private func name(_ month: Month, _ reader: Reader) -> String {
        month.isNever ? "No expiry" : reader.month(month.lastDay.civilDate)
    }

    private func expire(_ month: Month, _ reader: Reader) -> String {
        month.isNever ? "never expire" : "expire in \(reader.month(month.lastDay.civilDate))"
    }

    private func number(_ points: UInt64, _ reader: Reader) -> String {
        reader.number(programme.points(points))
    }
}

extension UInt64 {
    /// A sum for people, which stops where 64 bits end.
    fileprivate func upTo64(_ other: UInt64) -> UInt64 {
        let (sum, isTooLarge) = addingReportingOverflow(other)
        return isTooLarge ? .max : sum
    }
}
