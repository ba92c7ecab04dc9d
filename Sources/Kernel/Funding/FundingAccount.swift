// SPDX-License-Identifier: Apache-2.0

/// The account from which a user loads value (FIG. 10, step 502). Its number never prints.
package struct FundingAccount: Equatable, Sendable {
    /// Digits of an account number (ISO/IEC 7812).
    package static let digits = FundingAccountNumber.digitsRange

    package let number: String
    package let expiry: AccountExpiry

    /// - Returns: nil unless the number has as many decimal digits as ``digits`` says. The check
    ///   digit is not looked at: see ``FundingAccountNumber/hasRightCheckDigit(_:)``.
    package init?(number: String, expiry: AccountExpiry) {
        guard FundingAccount.digits.contains(number.utf8.count),
            number.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        self.number = number
        self.expiry = expiry
    }

    package var lastFour: String { String(number.suffix(4)) }
}

extension FundingAccount: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "•••• \(lastFour)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// The last month in which an account can be used.
package struct AccountExpiry: Equatable, Sendable {
    /// Four digits.
    package let year: Int
    package let month: Int

    /// - Returns: nil for a month that the calendar lacks.
    package init?(year: Int, month: Int) {
        guard (1...12).contains(month), (2000...9999).contains(year) else { return nil }
        self.year = year
        self.month = month
    }

    /// `MM/YY`.
    package var text: String {
        let short = year % 100
        return "\(month < 10 ? "0" : "")\(month)/\(short < 10 ? "0" : "")\(short)"
    }

    /// Whether the account can no longer be used. It can until its month ends, UTC.
    package func isPast(at now: Instant) -> Bool {
        let today = CivilDate(day: now.day)
        return (year, month) < (today.year, today.month)
    }
}
