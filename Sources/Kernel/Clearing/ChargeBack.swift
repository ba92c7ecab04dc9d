// SPDX-License-Identifier: Apache-2.0

/// What the issuer has a merchant give back: a refund that the issuer begins
/// (`docs/decisions/0034`).
package struct ChargeBack: Hashable, Sendable {
    /// Which refund of the sale it is, in ``RefundOrder/chargeBackNumbers``.
    package let number: UInt8
    /// In the currency and at the exponent of the sale.
    package let amount: Money

    /// - Returns: nil for a number that is none of a charge-back, or an amount of nothing.
    package init?(number: UInt8, amount: Money) {
        guard RefundOrder.chargeBackNumbers.contains(number), amount.minorUnits > 0 else {
            return nil
        }
        self.number = number
        self.amount = amount
    }
}
