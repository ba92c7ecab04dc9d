// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel

/// How one currency is written in one language: what the system's formatter does with an example,
/// so that amounts are then written without it, exact for every exponent.
struct AmountStyle: Sendable {
    private let prefix: String
    private let suffix: String
    private let point: String
    private let grouping: String
    /// From so many digits on, thousands are grouped: five in Spanish.
    private let groupedDigitsMin: Int
    /// Decimals that are always shown; further ones only where they are not zero.
    private let decimalsMin: Int

    init(_ language: Language, _ currency: Currency) {
        let formatter = NumberFormatter()
        formatter.locale = Locale(identifier: language.locale)
        formatter.numberStyle = .currency
        let code = CurrencyCodes.code(currency)
        formatter.currencyCode = code ?? "XXX"
        let decimals = formatter.maximumFractionDigits
        formatter.minimumFractionDigits = 0
        formatter.maximumFractionDigits = 0
        point = formatter.currencyDecimalSeparator ?? formatter.decimalSeparator ?? "."
        grouping = formatter.currencyGroupingSeparator ?? formatter.groupingSeparator ?? ","
        let example = formatter.string(from: 1234) ?? ""
        groupedDigitsMin = example.contains(grouping) ? 4 : 5
        if currency.isProgramme {
            (prefix, suffix, decimalsMin) = ("", "\u{A0}points", 0)
        } else if code == nil {
            // Not in the table of ISO 4217: the number is better than a guess.
            (prefix, suffix, decimalsMin) = ("", "\u{A0}(\(currency.digits))", 0)
        } else {
            (prefix, suffix) = Self.around(formatter.string(from: 0) ?? "0")
            decimalsMin = decimals
        }
    }

    /// What stands before and behind the digit of an example.
    private static func around(_ example: String) -> (String, String) {
        guard let zero = example.firstIndex(of: "0") else { return ("", "") }
        return (String(example[..<zero]), String(example[example.index(after: zero)...]))
    }

    func text(_ money: Money) -> String { prefix + number(money) + suffix }

    /// The number alone, without what it counts.
    func number(_ money: Money) -> String {
        var units = money.minorUnits
        var decimals: [UInt8] = []
        for _ in 0..<money.exponent.decimals {
            decimals.append(UInt8(ascii: "0") + UInt8(units % 10))
            units /= 10
        }
        decimals.reverse()
        while decimals.count > decimalsMin, money.exponent.decimals > 2,
            decimals.last == UInt8(ascii: "0")
        {
            decimals.removeLast()
        }
        var text = grouped(String(units))
        if !decimals.isEmpty { text += point + String(decoding: decimals, as: UTF8.self) }
        return text
    }

    private func grouped(_ digits: String) -> String {
        let count = digits.utf8.count
        guard count >= groupedDigitsMin else { return digits }
        var text = ""
        for (position, digit) in digits.enumerated() {
            if position > 0, (count - position).isMultiple(of: 3) { text += grouping }
            text.append(digit)
        }
        return text
    }
}
