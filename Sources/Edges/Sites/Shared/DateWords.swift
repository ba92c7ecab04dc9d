// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel

/// The parts of dates.
enum DateWords {
    private static let symbols: [Language: [String]] = Dictionary(
        uniqueKeysWithValues: Language.allCases.map { language in
            let formatter = DateFormatter()
            formatter.locale = Locale(identifier: language.locale)
            // A short month of each language, as it stands within a date.
            return (language, formatter.shortMonthSymbols)
        }
    )

    static func months(_ language: Language) -> [String] {
        guard let months = symbols[language], months.count == 12 else {
            return (1...12).map(two)
        }
        return months
    }

    static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// `2026-11-22`.
    static func iso(_ date: CivilDate) -> String {
        "\(date.year)-\(two(date.month))-\(two(date.dayOfMonth))"
    }

    /// - Returns: nil unless it is a day as ``iso(_:)`` writes it.
    static func date(_ text: String) -> CivilDate? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count == 4, parts[1].utf8.count == 2,
            parts[2].utf8.count == 2,
            text.utf8.allSatisfy({ $0 == 0x2D || (0x30...0x39).contains($0) }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
        else { return nil }
        return CivilDate(year: year, month: month, dayOfMonth: day)
    }
}
