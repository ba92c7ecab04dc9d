// SPDX-License-Identifier: Apache-2.0

package import Kernel

// Which limit of the card refused a purchase, and what can be paid instead.
extension RefusalText {
    /// `money`: the amount that was refused; limits are told in its currency.
    package init(_ refusal: SpendingRefusal, in money: Money, _ reader: Reader) {
        func amount(_ minorUnits: UInt64) -> String {
            reader.amount(
                Money(
                    minorUnits: minorUnits,
                    currency: money.currency,
                    exponent: money.exponent
                )
            )
        }
        switch refusal {
        case .frozen:
            self.init(
                "Your card is frozen",
                what: "It pays nothing until it is unfrozen.",
                next: "Ask who looks after your card to unfreeze it, then pay again."
            )
        case .otherCurrency:
            self.init(
                "Your card may not pay in this currency",
                what: "Its limits are set in another currency.",
                next: "Pay in another way."
            )
        case .merchant(let merchant):
            self.init(
                "Your card may not pay this shop",
                what: "\(merchant.text) is not one of the shops that your card may pay.",
                next: Self.ask
            )
        case .category(let category):
            self.init(
                "Your card may not pay shops of this kind",
                what: category.map { "The shop is of category \($0.digits)." }
                    ?? "We do not know what this shop sells, and your card pays some kinds only.",
                next: Self.ask
            )
        case .hour(let opens):
            self.init(
                "Your card does not pay at this hour",
                what: opens.map { "It pays again from \(reader.timeText($0)) on." }
                    ?? "No hour is open for it.",
                next: Self.ask
            )
        case .purchase(let most):
            self.init(
                "This is more than one purchase may cost",
                what: "With your card one purchase may cost \(amount(most)) at the most.",
                next: Self.ask
            )
        case .count(let period, let most, let renews):
            self.init(
                "Your card has paid often enough this \(period.word)",
                what: "It may pay \(most) \(most == 1 ? "time" : "times") a \(period.word).",
                next: "\(Self.wait(renews, reader)) \(Self.ask)"
            )
        case .amount(let period, let most, let left, let renews):
            self.init(
                "This is more than is left for this \(period.word)",
                what: "\(amount(left)) of \(amount(most)) is left for this \(period.word).",
                next: "\(Self.wait(renews, reader)) \(Self.ask)"
            )
        }
    }

    private static let ask = "Who looks after your card can allow it once."

    private static func wait(_ renews: Instant, _ reader: Reader) -> String {
        "It starts again on \(reader.timeText(renews))."
    }
}
