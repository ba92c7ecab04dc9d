// SPDX-License-Identifier: Apache-2.0

import Foundation
package import Hummingbird
package import Kernel
import Synchronization

/// How amounts and times are written, in each language that a reader may prefer. The pages
/// themselves are in English.
package final class Wording: Sendable {
    private struct Key: Hashable {
        let language: Language
        let currency: Currency
    }

    private let styles = Mutex<[Key: AmountStyle]>([:])

    package init() {}

    /// The reader's language, by what the browser says.
    package func reader(_ request: Request) -> Reader {
        Reader(Language(accepted: request.headers[.acceptLanguage]), self)
    }

    package func reader(_ language: Language) -> Reader { Reader(language, self) }

    /// Asking the system for a style is slow, and there are few.
    func style(_ language: Language, _ currency: Currency) -> AmountStyle {
        let key = Key(language: language, currency: currency)
        if let known = styles.withLock({ $0[key] }) { return known }
        let style = AmountStyle(language, currency)
        styles.withLock { styles in
            // Currencies come from outside; a style more or less is made again.
            if styles.count < Wording.stylesMax { styles[key] = style }
        }
        return style
    }

    private static let stylesMax = 256
}

/// A language in which amounts and dates are written.
package enum Language: String, CaseIterable, Sendable {
    case english = "en"
    case american = "en-US"
    case german = "de"
    case french = "fr"
    case spanish = "es"

    /// The first language of an `Accept-Language` header that we know, by its weight (RFC 9110
    /// §12.5.4); English where there is none.
    package init(accepted header: String?) {
        var best: (language: Language, weight: Double)?
        for range in (header ?? "").prefix(Language.headerMax).split(separator: ",") {
            let parts = range.split(separator: ";").map { $0.filter { $0 != " " } }
            guard let tag = parts.first?.lowercased(),
                let language = Language(tag: tag)
            else { continue }
            let weight =
                parts.dropFirst().first { $0.hasPrefix("q=") }
                .flatMap { Double($0.dropFirst(2)) } ?? 1
            if weight > best?.weight ?? 0 { best = (language, weight) }
        }
        self = best?.language ?? .english
    }

    private static let headerMax = 200

    private init?(tag: String) {
        if tag == "en-us" {
            self = .american
            return
        }
        guard
            let language = tag.split(separator: "-").first.flatMap({
                Language(rawValue: String($0))
            })
        else { return nil }
        self = language
    }

    var locale: String {
        switch self {
        case .english: "en_GB"
        case .american: "en_US"
        case .german: "de_DE"
        case .french: "fr_FR"
        case .spanish: "es_ES"
        }
    }
}

/// Writes for one reader.
package struct Reader: Sendable {
    package let language: Language
    private let wording: Wording

    init(_ language: Language, _ wording: Wording) {
        self.language = language
        self.wording = wording
    }

    /// `€0.80`, `0,80 €`.
    package func amount(_ money: Money) -> String {
        wording.style(language, money.currency).text(money)
    }

    /// The same with a minus sign.
    package func debit(_ money: Money) -> String { signed("−", money) }

    /// The same with a plus sign.
    package func credit(_ money: Money) -> String { signed("+", money) }

    private func signed(_ sign: String, _ money: Money) -> String { sign + amount(money) }

    /// The name of a currency, for instance `EUR`.
    package func currency(_ currency: Currency) -> String {
        CurrencyCodes.code(currency) ?? currency.digits
    }

    // MARK: Times, in UTC

    /// `22 Nov 2026, 16:14 UTC`, as a `Time` of the templates.
    package func time(_ instant: Instant) -> [String: Any] {
        ["iso": iso(instant), "text": timeText(instant)]
    }

    package func timeText(_ instant: Instant) -> String {
        "\(day(instant)), \(clockText(instant)) UTC"
    }

    /// `16:14 UTC`, as a `Time` of the templates.
    package func clock(_ instant: Instant) -> [String: Any] {
        ["iso": iso(instant), "text": "\(clockText(instant)) UTC"]
    }

    /// `22 Nov 2026`.
    package func day(_ instant: Instant) -> String {
        day(CivilDate(day: instant.day))
    }

    package func day(_ date: CivilDate) -> String {
        let month = DateWords.months(language)[date.month - 1]
        return switch language {
        case .american: "\(month) \(date.dayOfMonth), \(date.year)"
        case .german: "\(date.dayOfMonth). \(month) \(date.year)"
        case .english, .french, .spanish: "\(date.dayOfMonth) \(month) \(date.year)"
        }
    }

    /// RFC 3339, in UTC.
    package func iso(_ instant: Instant) -> String {
        let date = CivilDate(day: instant.day)
        let second = secondOfDay(instant)
        let clock = [second / 3600, second / 60 % 60, second % 60].map(DateWords.two)
        return "\(DateWords.iso(date))T\(clock.joined(separator: ":"))Z"
    }

    private func clockText(_ instant: Instant) -> String {
        let minute = secondOfDay(instant) / 60
        return DateWords.two(minute / 60) + ":" + DateWords.two(minute % 60)
    }

    private func secondOfDay(_ instant: Instant) -> Int {
        Int((instant.milliseconds - instant.day * 86_400_000) / 1000)
    }
}

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
