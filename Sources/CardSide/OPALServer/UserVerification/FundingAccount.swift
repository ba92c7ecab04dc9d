// SPDX-License-Identifier: Apache-2.0

/// The account from which a user loads value (FIG. 10, step 502). Its number never prints.
package struct FundingAccount: Equatable, Sendable {
    /// 12 to 19 digits, with a right check digit.
    package let number: String
    package let expiry: AccountExpiry

    init(number: String, expiry: AccountExpiry) {
        self.number = number
        self.expiry = expiry
    }

    package var lastFour: String { String(number.suffix(4)) }

    /// The check digit of ISO/IEC 7812-1, annex B (Luhn).
    static func hasRightCheckDigit(_ digits: String) -> Bool {
        var sum = 0
        for (position, character) in digits.utf8.reversed().enumerated() {
            let digit = Int(character) - 0x30
            let weighted = position.isMultiple(of: 2) ? digit : digit * 2
            sum += weighted > 9 ? weighted - 9 : weighted
        }
        return sum.isMultiple(of: 10)
    }
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
}

/// CVV2: given to the account check and forgotten; it is never stored, as the card schemes demand.
package struct CardVerificationValue: Sendable {
    /// 3 or 4 digits, for the message to the funding network.
    package let digits: String

    init(digits: String) {
        self.digits = digits
    }
}

extension CardVerificationValue: CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    package var description: String { "(CVV2)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Where the statements of the funding account go.
package struct BillingAddress: Equatable, Sendable {
    package let street: String
    package let city: String
    package let postalCode: String
    /// ISO 3166-1, two capitals.
    package let country: String

    init(street: String, city: String, postalCode: String, country: String) {
        self.street = street
        self.city = city
        self.postalCode = postalCode
        self.country = country
    }
}

extension BillingAddress: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "(billing address)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Asks the funding network whether an account belongs to the person who signs up: a zero-value
/// authorisation with address verification.
package protocol FundingAccountCheck: Sendable {
    func check(
        _ account: FundingAccount,
        _ verificationValue: CardVerificationValue,
        _ address: BillingAddress
    ) async -> FundingAccountAnswer
}

package enum FundingAccountAnswer: Equatable, Sendable {
    case accepted
    case refused(FundingAccountRefusal)
    /// No answer; the person may try again later.
    case unavailable
}

package enum FundingAccountRefusal: Equatable, Sendable {
    case unknownAccount
    case expired
    case verificationValueWrong
    case addressWrong
    /// The network gives no reason.
    case declined
}
