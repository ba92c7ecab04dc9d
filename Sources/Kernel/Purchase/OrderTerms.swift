// SPDX-License-Identifier: Apache-2.0

/// What merchant and payment server agree on for one order; the order token covers all of it
/// (FIG. 11A, step 606).
package struct OrderTerms: Hashable, Sendable {
    package let transaction: TransactionIdentifier
    package let merchant: MerchantIdentifier
    package let amount: Money
    package let policy: ComparisonPolicy
    /// When the merchant made the order; it is too old after ``PurchaseLimits/orderTime``.
    package let madeAt: Instant
    /// Where the browser brings the sealed result, at most ``PurchaseLimits/statusURLBytesMax``.
    package let statusURL: String
    /// The other half of a mixed payment; nil where this order is all.
    package let otherHalf: OtherHalf?

    package init(
        transaction: TransactionIdentifier,
        merchant: MerchantIdentifier,
        amount: Money,
        policy: ComparisonPolicy,
        madeAt: Instant,
        statusURL: String,
        otherHalf: OtherHalf? = nil
    ) {
        self.transaction = transaction
        self.merchant = merchant
        self.amount = amount
        self.policy = policy
        self.madeAt = madeAt
        self.statusURL = statusURL
        self.otherHalf = otherHalf
    }

    /// TI: currency 0999 asks for a proof of identity (FIG. 16), any other for value.
    package var type: TransactionType {
        amount.currency == .nothing ? .authentication : .purchase
    }

    /// Whether the terms can be anybody's: a proof is of nothing and by itself, and the halves of a
    /// mixed payment are of two currencies and compared by the payment server, which alone can
    /// count both or neither.
    package var isSound: Bool {
        if type == .authentication { return amount == .proof && otherHalf == nil }
        guard let otherHalf else { return true }
        return otherHalf.transaction != transaction && otherHalf.amount.currency != amount.currency
            && otherHalf.amount.currency != .nothing && policy == .paymentServer
    }

    /// The terms of the other half of a mixed payment.
    package var ofOtherHalf: OrderTerms? {
        otherHalf.map { half in
            OrderTerms(
                transaction: half.transaction,
                merchant: merchant,
                amount: half.amount,
                policy: policy,
                madeAt: madeAt,
                statusURL: statusURL,
                otherHalf: OtherHalf(
                    transaction: transaction,
                    amount: amount,
                    isFirst: !half.isFirst
                )
            )
        }
    }

    /// Whether the order was made too long ago, or by a clock that is far ahead.
    package func isStale(at now: Instant) -> Bool {
        madeAt.adding(PurchaseLimits.orderTime) < now
            || now.adding(PurchaseLimits.clockSkew) < madeAt
    }

    /// Whether it was made so long ago that it is too old for good, by any clock within the agreed
    /// skew.
    package func isOver(at now: Instant) -> Bool {
        madeAt.adding(PurchaseLimits.orderTime + PurchaseLimits.clockSkew) < now
    }
}

/// The other half of a mixed payment, seen from one half: the payment server counts both or
/// neither. The first one is the order that the merchant knows.
package struct OtherHalf: Hashable, Sendable {
    package let transaction: TransactionIdentifier
    package let amount: Money
    /// Whether it is the first one.
    package let isFirst: Bool

    package init(transaction: TransactionIdentifier, amount: Money, isFirst: Bool) {
        self.transaction = transaction
        self.amount = amount
        self.isFirst = isFirst
    }
}

/// The bounds of a purchase.
package enum PurchaseLimits {
    /// How long an order may be paid after it was made.
    package static let orderTime = Duration.seconds(30 * 60)
    /// How far the clocks of two parties may be apart.
    package static let clockSkew = Duration.seconds(2 * 60)
    /// How long a terminal is held for the card's answer before the sale is given up.
    package static let saleTime = Duration.seconds(60)
    /// How long a sale that is sold may wait for its security card to count it (FIGS. 6–8) before
    /// the operator is told.
    package static let countTime = Duration.seconds(10 * 60)
    package static let statusURLBytesMax = 512
    package static let keyNameBytesMax = 16
    package static let descriptionBytesMax = 120
    package static let certificateBytesMax = 2048
}
