// SPDX-License-Identifier: Apache-2.0

package import Kernel

// Which limit of the card refused a purchase, and what can be paid instead.
extension RefusalText {
    /// `money`: the amount that was refused; limits are told in its currency.
    package init(_ refusal: SpendingRefusal, in money: Money, _ reader: Reader) {
        self =
            switch refusal {
            case .frozen: .frozen
            case .otherCurrency: .otherLimitCurrency
            case .merchant(let merchant): .merchantNotAllowed(merchant)
            case .category(let category): .categoryNotAllowed(category)
            case .hour(let opens): .hourNotOpen(opens, reader)
            case .purchase(let most): .purchaseTooDear(reader.amount(money.with(most)))
            case .count(let period, let most, let renews):
                .paidOften(period, most, renews, reader)
            case .amount(let period, let most, let left, let renews):
                .littleLeft(
                    period,
                    "\(reader.amount(money.with(left))) of \(reader.amount(money.with(most)))",
                    renews,
                    reader
                )
            }
    }

    private static let frozen = RefusalText(
        "Your card is frozen",
        what: "It pays nothing until it is unfrozen.",
        next: "Ask who looks after your card to unfreeze it, then pay again."
    )

    private static let otherLimitCurrency = RefusalText(
        "Your card may not pay in this currency",
        what: "Its limits are set in another currency.",
        next: "Pay in another way."
    )

    private static func merchantNotAllowed(_ merchant: MerchantIdentifier) -> RefusalText {
        RefusalText(
            "Your card may not pay this shop",
            what: "\(merchant.text) is not one of the shops that your card may pay.",
            next: ask
        )
    }

    private static func categoryNotAllowed(_ category: MerchantCategory?) -> RefusalText {
        RefusalText(
            "Your card may not pay shops of this kind",
            what: category.map { "The shop is of category \($0.digits)." }
                ?? "We do not know what this shop sells, and your card pays some kinds only.",
            next: ask
        )
    }

    private static func hourNotOpen(_ opens: Instant?, _ reader: Reader) -> RefusalText {
        RefusalText(
            "Your card does not pay at this hour",
            what: opens.map { "It pays again from \(reader.timeText($0)) on." }
                ?? "No hour is open for it.",
            next: ask
        )
    }

    private static func purchaseTooDear(_ most: String) -> RefusalText {
        RefusalText(
            "This is more than one purchase may cost",
            what: "With your card one purchase may cost \(most) at the most.",
            next: ask
        )
    }

    private static func paidOften(
        _ period: SpendingPeriod,
        _ most: UInt32,
        _ renews: Instant,
        _ reader: Reader
    ) -> RefusalText {
        RefusalText(
            "Your card has paid often enough this \(period.word)",
            what: "It may pay \(most) \(most == 1 ? "time" : "times") a \(period.word).",
            next: "\(wait(renews, reader)) \(ask)"
        )
    }

    private static func littleLeft(
        _ period: SpendingPeriod,
        _ left: String,
        _ renews: Instant,
        _ reader: Reader
    ) -> RefusalText {
        RefusalText(
            "This is more than is left for this \(period.word)",
            what: "\(left) is left for this \(period.word).",
            next: "\(wait(renews, reader)) \(ask)"
        )
    }

    private static let ask = "Who looks after your card can allow it once."

    private static func wait(_ renews: Instant, _ reader: Reader) -> String {
        "It starts again on \(reader.timeText(renews))."
    }
}

extension Money {
    /// So many minor units of the same currency.
    fileprivate func with(_ minorUnits: UInt64) -> Money {
        Money(minorUnits: minorUnits, currency: currency, exponent: exponent)
    }
}
