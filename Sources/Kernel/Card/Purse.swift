// SPDX-License-Identifier: Apache-2.0

/// One purse of a card: value in one currency at one exponent.
package struct Purse: Equatable, Sendable {
    package let currency: Currency
    package let exponent: Exponent
    package private(set) var balance: UInt64
    /// BALMAX: no load may take the balance above it.
    package let balanceMax: UInt64

    package init(currency: Currency, exponent: Exponent, balance: UInt64, balanceMax: UInt64) {
        self.currency = currency
        self.exponent = exponent
        self.balance = balance
        self.balanceMax = balanceMax
    }

    /// Takes value out. The caller has asked ``Card/completion(ofDebit:at:)`` before.
    package mutating func take(_ amount: UInt64) {
        let (rest, isOverdrawn) = balance.subtractingReportingOverflow(amount)
        precondition(!isOverdrawn, "A purse is never overdrawn.")
        balance = rest
    }

    /// Puts loaded value in. The caller has asked ``Card/completion(ofLoad:at:)`` before.
    package mutating func put(_ amount: UInt64) {
        let (sum, isTooLarge) = balance.addingReportingOverflow(amount)
        precondition(!isTooLarge && sum <= balanceMax, "A load stays within the maximum balance.")
        balance = sum
    }

    /// Puts back what a debit took. It may exceed the maximum if the card was loaded in between:
    /// recovered value is never refused.
    package mutating func restore(_ amount: UInt64) {
        let (sum, isTooLarge) = balance.addingReportingOverflow(amount)
        precondition(!isTooLarge, "What comes back was taken before.")
        balance = sum
    }
}
