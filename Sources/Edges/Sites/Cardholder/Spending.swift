// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Wire

/// What was spent on each of the last thirty days; what was put back does not count.
struct Spending {
    private static let days = 30
    /// The picture is 300 × 60 units; a day is 10 wide, and the largest bar 54 high.
    private static let (left, width, floor, height) = (1.5, 10.0, 58.0, 54.0)

    private var units = Array(repeating: UInt64(0), count: days)
    private let today: Int64
    private let purse: Money

    init(_ rows: CardRows, on card: CardDescription, today now: Instant) async throws(SiteFailure) {
        today = now.day
        purse = card.purses[0].balance
        let first = today - Int64(Self.days) + 1
        var (units, putBack): ([UInt64], Set<TransactionIdentifier>) = (units, [])
        let purse = purse
        try await rows.scan { row in
            let entry = row.entry
            guard entry.moment.day >= first else { return false }
            guard let movement = entry.movement else { return true }
            switch entry.kind {
            case .recovery: putBack.insert(movement.transaction)
            case .payment:
                let day = Int(entry.moment.day - first)
                if movement.amount.isComparable(to: purse), units.indices.contains(day),
                    !putBack.contains(movement.transaction)
                {
                    units[day] += movement.amount.minorUnits
                }
            case .load, .allowance, .refund, .moved, .swept, .expired, .setting, .proof: break
            }
            return true
        }
        self.units = units
    }

    /// `Spending` of the template; nil where nothing was spent.
    func values(_ reader: Reader) -> [String: Any]? {
        guard let largest = units.max(), largest > 0 else { return nil }
        let total = reader.amount(money(units.reduce(0, +)))
        let spentDays = units.count { $0 > 0 }
        return [
            "total": total,
            "summary": """
            \(total) in the last 30 days, on \(spentDays) \(spentDays == 1 ? "day" : "days"); \
            at the most \(reader.amount(money(largest))) on one day.
            """,
            "firstDay": day(0, reader), "lastDay": day(Self.days - 1, reader),
            "bars": units.indices.filter { units[$0] > 0 }.map { bar($0, largest, reader) },
        ]
    }

    private func bar(_ index: Int, _ largest: UInt64, _ reader: Reader) -> [String: Any] {
        let height = Self.height * Double(units[index]) / Double(largest)
        return [
            "x": Self.number(Self.width * Double(index) + Self.left),
            "y": Self.number(Self.floor - height), "height": Self.number(height),
            "label": "\(day(index, reader)): \(reader.amount(money(units[index])))",
        ]
    }

    private func day(_ index: Int, _ reader: Reader) -> String {
        reader.day(CivilDate(day: today - Int64(Self.days - 1 - index)))
    }

    private func money(_ units: UInt64) -> Money {
        Money(minorUnits: units, currency: purse.currency, exponent: purse.exponent)
    }

    /// With one decimal and a point.
    private static func number(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
