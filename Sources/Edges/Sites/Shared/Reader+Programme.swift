// SPDX-License-Identifier: Apache-2.0

import Foundation
package import Kernel

// Programmes in words.
extension Reader {
    /// A rule in one line.
    package func words(_ rule: EarnRule, of programme: Programme) -> String {
        let points = amount(programme.points(rule.points), of: programme.name)
        var parts = ["\(points) for each \(amount(rule.per)), rounded \(rule.rounding.name)"]
        parts += rule.bonus.map { words($0) }
        if rule.pendingDays > 0 {
            parts.append(
                "pending for \(rule.pendingDays) \(rule.pendingDays == 1 ? "day" : "days")"
            )
        }
        switch rule.expiry {
        case .never: parts.append("never expire")
        case .months(0): parts.append("expire at the end of the month")
        case .months(let months):
            parts.append("expire after \(months) \(months == 1 ? "month" : "months")")
        }
        return parts.joined(separator: "; ")
    }

    private func words(_ bonus: BonusDays) -> String {
        var days: [String] = []
        if let weekday = bonus.weekday { days.append("\(weekday)".capitalized + "s") }
        if let dates = bonus.dates {
            days.append("from \(day(dates.lowerBound)) to \(day(dates.upperBound))")
        }
        let when = days.joined(separator: " ")
        return "×\(bonus.tenths / 10).\(bonus.tenths % 10) "
            + (bonus.weekday == nil ? when : "on \(when)")
    }

    /// A number of lines, members or pieces: `60,000`.
    func count(_ number: UInt64) -> String {
        self.number(Money(minorUnits: number, currency: .euro, exponent: .units))
    }

    /// How many of a list there are, of which so many were looked at: `1,000 or more`.
    func count(_ number: Int, of limit: Int) -> String {
        count(UInt64(number)) + (number < limit ? "" : " or more")
    }

    /// A price of a benefit: `500 Skylark Miles + €12.00`.
    func price(points: Money?, money: Money?, of programme: String) -> String {
        [points.map { amount($0, of: programme) }, money.map { amount($0) }]
            .compactMap { $0 }.joined(separator: " + ")
    }
}

extension Programme.Home {
    /// As it is typed.
    package var name: String {
        switch self {
        case .card: "card"
        case .database: "database"
        }
    }

    /// Where points are.
    var words: String {
        switch self {
        case .card: "on cards"
        case .database: "in the database"
        }
    }
}

extension EarnRounding {
    /// As it is typed.
    package var name: String { "\(self)" }
}
