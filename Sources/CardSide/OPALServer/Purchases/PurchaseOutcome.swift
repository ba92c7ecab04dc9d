// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// How a purchase ended for the person.
package enum PurchaseOutcome: Equatable, Sendable {
    /// Debited and counted; the sealed result goes to the shop.
    case paid(PurchaseReceipt)
    /// Not paid; the value is on the card.
    case refused(Refusal)
    /// Debited, and the payment server has not yet said what became of it; or nobody knows yet
    /// whether it was debited. The payment server is asked until it answers: then the purchase is
    /// paid, or the value is on the card.
    case pending(PurchaseReceipt)
}

/// What the person gets.
package struct PurchaseReceipt: Equatable, Sendable {
    package let terms: OrderTerms
    package let card: CardIdentifier
    /// The balance right after the debit.
    package let balance: UInt64
    package let debitedAt: Instant
    /// Debit Result M in compact form, for the shop; empty while pending.
    package let resultForMerchant: [UInt8]

    package init(
        terms: OrderTerms,
        card: CardIdentifier,
        balance: UInt64,
        debitedAt: Instant,
        resultForMerchant: [UInt8]
    ) {
        self.terms = terms
        self.card = card
        self.balance = balance
        self.debitedAt = debitedAt
        self.resultForMerchant = resultForMerchant
    }
}
