// SPDX-License-Identifier: Apache-2.0

/// What a merchant gives back of one sale (`docs/decisions/0030`). Sale and number name it at all
/// parties: whoever gets the same one again answers the same.
package struct RefundOrder: Hashable, Sendable {
    /// TRX of the sale.
    package let transaction: TransactionIdentifier
    /// MERCH, who has made the sale.
    package let merchant: MerchantIdentifier
    /// Which refund of this sale it is, in ``numbers`` or ``chargeBackNumbers``.
    package let number: UInt8
    /// In the currency and at the exponent of the sale.
    package let amount: Money

    /// The numbers of the refunds that the merchant of a sale begins.
    package static let numbers: ClosedRange<UInt8> = 1...100
    /// The numbers of those that the issuer begins (`docs/decisions/0034`).
    package static let chargeBackNumbers: ClosedRange<UInt8> = 101...110

    /// Whether the issuer has begun it.
    package var isChargeBack: Bool { RefundOrder.chargeBackNumbers.contains(number) }

    /// - Returns: nil for a number that is none, or an amount of nothing.
    package init?(
        transaction: TransactionIdentifier,
        merchant: MerchantIdentifier,
        number: UInt8,
        amount: Money
    ) {
        guard RefundOrder.isNumber(number), amount.minorUnits > 0 else { return nil }
        self.transaction = transaction
        self.merchant = merchant
        self.number = number
        self.amount = amount
    }

    /// Whether it is the number of a refund, whoever begins it.
    package static func isNumber(_ number: UInt8) -> Bool {
        numbers.contains(number) || chargeBackNumbers.contains(number)
    }
}

/// What became of a refund.
package enum RefundOutcome: Hashable, Sendable {
    /// Somebody still works on it; whoever asked asks again.
    case pending
    /// It is on the card.
    case refunded
    /// It never comes onto the card, and the merchant keeps its amount.
    case refused(RefundRefusal)

    package var isFinal: Bool { self != .pending }
}
