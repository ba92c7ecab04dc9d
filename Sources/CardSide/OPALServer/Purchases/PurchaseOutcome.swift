// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// How a purchase ended for the person.
package enum PurchaseOutcome: Equatable, Sendable {
    /// Debited and counted; the sealed result goes to the shop.
    case paid(PurchaseReceipt)
    /// Not paid; the value is on the card.
    case refused(Refusal)
    /// Not paid, because of this limit of the card; the value is on the card.
    case refusedByLimit(SpendingRefusal)
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
    /// The balance of the other purse right after the debit of the second half of a mixed payment,
    /// where it is known.
    package let secondBalance: UInt64?
    /// What the browser takes to the shop; nil while pending.
    package let handover: Handover?

    package init(
        terms: OrderTerms,
        card: CardIdentifier,
        balance: UInt64,
        debitedAt: Instant,
        secondBalance: UInt64? = nil,
        handover: Handover?
    ) {
        self.terms = terms
        self.card = card
        self.balance = balance
        self.debitedAt = debitedAt
        self.secondBalance = secondBalance
        self.handover = handover
    }

    package func with(_ handover: Handover?) -> PurchaseReceipt {
        PurchaseReceipt(
            terms: terms,
            card: card,
            balance: balance,
            debitedAt: debitedAt,
            secondBalance: secondBalance,
            handover: handover
        )
    }

    func with(secondBalance: UInt64) -> PurchaseReceipt {
        PurchaseReceipt(
            terms: terms,
            card: card,
            balance: balance,
            debitedAt: debitedAt,
            secondBalance: secondBalance,
            handover: handover
        )
    }

    /// Debit Result M in compact form; empty where there is none yet.
    package var resultForMerchant: [UInt8] {
        if case .result(let result) = handover { result } else { [] }
    }
}

/// What the browser takes to the shop, by who has compared S3 or will compare it.
package enum Handover: Equatable, Sendable {
    /// Debit Result M in compact form: S3 was compared.
    case result([UInt8])
    /// For the client terminal, which compares: Debit Result M opens with the TSK and the S3 of the
    /// card, if that is the expected one (FIG. 7, variation).
    case locked([UInt8], Signature, SessionKeyText)
    /// For the merchant, who compares: the expected S3, sealed, and the S3 of the card (FIG. 8).
    case expectation([UInt8], Signature)
}
