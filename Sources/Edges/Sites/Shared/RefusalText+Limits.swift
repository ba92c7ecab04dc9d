// SPDX-License-Identifier: Apache-2.0

package import Kernel

// Which limit of the card refused a purchase, and what can be paid instead.
extension RefusalText {
    /// Who can change the limits of the card, and renew it.
    package enum Keeper: Sendable {
        /// Who reads this.
        case holder
        /// The guardian, who is told of the refusal.
        case guardian
        /// It is not known here.
        case somebody
    }

    /// `money`: the amount that was refused; limits are told in its currency.
    package init(
        _ refusal: SpendingRefusal,
        in money: Money,
        _ reader: Reader,
        keeper: Keeper = .somebody
    ) {
        let ask = RefusalText.ask(keeper)
        self =
            switch refusal {
            case .frozen: .frozen(keeper)
            case .otherCurrency: .otherLimitCurrency
            case .merchant(let merchant): .merchantNotAllowed(merchant, ask)
            case .category(let category): .categoryNotAllowed(category, ask)
            case .hour(let opens): .hourNotOpen(opens, ask, reader)
            case .purchase(let most): .purchaseTooDear(reader.amount(money.with(most)), ask)
            case .count(let period, let most, let renews):
                .paidOften(period, most, "\(RefusalText.wait(renews, reader)) \(ask)")
            case .amount(let period, let most, let left, let renews):
                .littleLeft(
                    period,
                    "\(reader.amount(money.with(left))) of \(reader.amount(money.with(most)))",
                    "\(RefusalText.wait(renews, reader)) \(ask)"
                )
            }
    }

    private static func frozen(_ keeper: Keeper) -> RefusalText {
        let next =
            switch keeper {
            case .holder: "Unfreeze it on the page of your card, then pay again."
            case .guardian: "Your guardian is told. Ask to have it unfrozen, then pay again."
            case .somebody: "Ask who looks after your card to unfreeze it, then pay again."
            }
        return RefusalText(
            "Your card is frozen",
            what: "It pays nothing until it is unfrozen.",
            next: next
        )
    }

    private static let otherLimitCurrency = RefusalText(
        "Your card may not pay in this currency",
        what: "Its limits are set in another currency.",
        next: "Pay in another way."
    )

    private static func merchantNotAllowed(
        _ merchant: MerchantIdentifier,
        _ ask: String
    ) -> RefusalText {
        RefusalText(
            "Your card may not pay this shop",
            what: "\(merchant.text) is not one of the shops that your card may pay.",
            next: ask
        )
    }

    private static func categoryNotAllowed(
        _ category: MerchantCategory?,
        _ ask: String
    ) -> RefusalText {
        RefusalText(
            "Your card may not pay shops of this kind",
            what: category.map { "The shop is of category \($0.digits)." }
                ?? "We do not know what this shop sells, and your card pays some kinds only.",
            next: ask
        )
    }

    private static func hourNotOpen(
        _ opens: Instant?,
        _ ask: String,
        _ reader: Reader
    ) -> RefusalText {
        RefusalText(
            "Your card does not pay at this hour",
            what: opens.map { "It pays again from \(reader.timeText($0)) on." }
                ?? "No hour is open for it.",
            next: ask
        )
    }

    private static func purchaseTooDear(_ most: String, _ ask: String) -> RefusalText {
        RefusalText(
            "This is more than one purchase may cost",
            what: "With your card one purchase may cost \(most) at the most.",
            next: ask
        )
    }

    private static func paidOften(
        _ period: SpendingPeriod,
        _ most: UInt32,
        _ next: String
    ) -> RefusalText {
        RefusalText(
            "Your card has paid often enough this \(period.word)",
            what: "It may pay \(most) \(most == 1 ? "time" : "times") a \(period.word).",
            next: next
        )
    }

    private static func littleLeft(
        _ period: SpendingPeriod,
        _ left: String,
        _ next: String
    ) -> RefusalText {
        RefusalText(
            "This is more than is left for this \(period.word)",
            what: "\(left) is left for this \(period.word).",
            next: next
        )
    }

    private static func ask(_ keeper: Keeper) -> String {
        switch keeper {
        case .holder: "You can change the limits of your card on its page."
        case .guardian: "Your guardian is told, and can allow it once. Then pay again."
        case .somebody: "Who looks after your card can allow it once."
        }
    }

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
