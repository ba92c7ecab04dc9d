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

    package init(
        transaction: TransactionIdentifier,
        merchant: MerchantIdentifier,
        amount: Money,
        policy: ComparisonPolicy,
        madeAt: Instant,
        statusURL: String
    ) {
        self.transaction = transaction
        self.merchant = merchant
        self.amount = amount
        self.policy = policy
        self.madeAt = madeAt
        self.statusURL = statusURL
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
