// SPDX-License-Identifier: Apache-2.0

package import Kernel

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

    /// Points of a programme with its name: `1,200 Skylark Miles`.
    package func amount(_ points: Money, of programme: String) -> String {
        // Names are long, and may stand in the next line.
        wording.style(language, points.currency).number(points) + " " + programme
    }

    /// The number alone, without what it counts.
    package func number(_ amount: Money) -> String {
        wording.style(language, amount.currency).number(amount)
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

    /// `22 Nov 2026, 16:14:07.250 UTC`: where steps follow each other within a second.
    ///
    /// - Parameters:
    ///   - instant: when it was.
    ///   - toSecond: whether no more than the second is known.
    package func preciseTime(_ instant: Instant, toSecond: Bool = false) -> [String: Any] {
        let second = DateWords.two(secondOfDay(instant) % 60)
        let thousandth = Int(((instant.milliseconds % 1000) + 1000) % 1000)
        let fraction = toSecond ? "" : "." + String(1000 + thousandth).dropFirst()
        let text = "\(day(instant)), \(clockText(instant)):\(second)\(fraction) UTC"
        return ["iso": iso(instant), "text": text]
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

    /// The month of a day: `Nov 2026`.
    package func month(_ date: CivilDate) -> String {
        "\(DateWords.months(language)[date.month - 1]) \(date.year)"
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
