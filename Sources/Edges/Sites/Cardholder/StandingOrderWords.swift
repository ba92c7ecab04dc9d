// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import SecurityModule
import Wire

extension StandingOrderRefusal {
    /// A sentence beside the amount; nil where another one would be refused as well.
    func problem(
        _ funding: CardholderFunding,
        _ purse: BalanceAnswer,
        _ reader: Reader
    ) -> String? {
        func text(_ units: UInt64) -> String {
            reader.amount(
                Money(
                    minorUnits: units,
                    currency: purse.balance.currency,
                    exponent: purse.balance.exponent
                )
            )
        }
        return switch self {
        case .belowMinimum: "At least \(text(funding.loads.settings.minimum)) can be loaded."
        case .aboveMaximum: "The card can hold at most \(text(purse.balanceMax))."
        default: nil
        }
    }
}

extension RefusalText {
    /// Why a standing order is not taken, whatever its amount is.
    init(order refusal: StandingOrderRefusal) {
        let what: String
        let next: String
        switch refusal {
        case .noFundingAccount:
            (what, next) = ("No funding account is known for you.", "Load from a bank instead.")
        case .cardNotUsable:
            (what, next) = (
                "The card is blocked, has expired or is used up.",
                "Look at the page of the card."
            )
        case .currencyNotHeld:
            (what, next) = ("The card holds another currency.", "Look at the page of the card.")
        case .notYourChild, .noCardYet, .belowMinimum, .aboveMaximum, .unavailable:
            (what, next) = ("It cannot be set for this card now.", "Set it later.")
        }
        self.init(
            "This cannot be set",
            what: what,
            money: "Nothing was changed.",
            next: next
        )
    }
}
