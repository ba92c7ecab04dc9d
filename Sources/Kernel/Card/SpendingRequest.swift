// SPDX-License-Identifier: Apache-2.0

/// A purchase, as the limits of a card see it.
package struct SpendingRequest: Equatable, Sendable {
    package let amount: Money
    package let merchant: MerchantIdentifier
    /// Nil where it is not known.
    package let category: MerchantCategory?

    package init(
        amount: Money,
        merchant: MerchantIdentifier,
        category: MerchantCategory? = nil
    ) {
        self.amount = amount
        self.merchant = merchant
        self.category = category
    }
}

/// What the limits of a card say to a purchase.
package enum SpendingVerdict: Equatable, Sendable {
    /// `exception`: the number of the one that is used up by it, where a limit would refuse.
    case allowed(exception: UInt32?)
    case refused(SpendingRefusal)
}

/// Which limit of a card refuses a purchase, in the order in which the limits are asked. It holds
/// what a person has to know to pay something else, or later. Amounts are in minor units.
package enum SpendingRefusal: Equatable, Sendable {
    /// The card is frozen.
    case frozen
    /// The limits count another currency, so that this amount cannot be weighed.
    case otherCurrency
    case merchant(MerchantIdentifier)
    /// Nil where the merchant's category is not known.
    case category(MerchantCategory?)
    /// Outside of the hours; when the next one begins, if any does.
    case hour(opens: Instant?)
    /// More than one purchase may cost.
    case purchase(most: UInt64)
    /// As many purchases as a period may have; when the next period begins.
    case count(SpendingPeriod, most: UInt32, renews: Instant)
    /// More than is left of a period; when the next one begins.
    case amount(SpendingPeriod, most: UInt64, left: UInt64, renews: Instant)

    /// The word for this in JSON and other text that machines read; it never changes.
    package var word: String {
        switch self {
        case .frozen: "frozen"
        case .otherCurrency: "other-currency"
        case .merchant: "merchant"
        case .category: "category"
        case .hour: "hour"
        case .purchase: "purchase"
        case .count(let period, _, _): "count-\(period.word)"
        case .amount(let period, _, _, _): "amount-\(period.word)"
        }
    }
}

extension SpendingPeriod {
    /// The word for this in text that machines read.
    package var word: String {
        switch self {
        case .day: "day"
        case .week: "week"
        case .month: "month"
        }
    }
}
