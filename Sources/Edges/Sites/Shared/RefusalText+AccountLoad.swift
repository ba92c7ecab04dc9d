// SPDX-License-Identifier: Apache-2.0

package import Kernel

// Why a card was not loaded from the account on file.
extension RefusalText {
    /// `isForChild`: whether the card is that of a child of who pays.
    package init(
        accountLoad refusal: AccountLoadRefusal,
        _ facts: Facts = Facts(),
        isForChild: Bool = false
    ) {
        let card = isForChild ? "the child's card" : "your card"
        self =
            switch refusal {
            case .transactionReused: .otherLoad
            case .transactionForged: .confirmationChanged
            case .noFundingAccount: .noAccount
            case .accountExpired: .accountExpired(facts)
            case .notAllowed: .notYourCard
            case .unknownCard: .cardOutOfOrder(card, "was not found", facts)
            case .cardDamaged: .cardOutOfOrder(card, "is stopped", facts)
            case .cardBlocked: .cardOutOfOrder(card, "is blocked", facts)
            case .cardExpired: .cardOver(card)
            case .currencyNotHeld: .cardOutOfOrder(card, "holds another currency", facts)
            case .belowMinimum: .tooLittle
            case .aboveMaximum: .tooMuch(card)
            case .numbersUsedUp: .cardOutOfOrder(card, "is used up", facts)
            case .refusedByLimit: .cardOutOfOrder(card, "has reached a limit", facts)
            case .declined, .accountRestricted, .notPermitted: .bankDeclined
            case .insufficientFunds: .accountEmpty
            case .accountUnknown: .accountUnknown(facts)
            case .limitExceeded: .accountLimit
            case .issuerUnavailable: .bankNotReached
            case .addressMismatch: .addressDiffers(facts)
            case .verificationValueMismatch: .verificationValueDiffers
            case .cardSignatureWrong, .loadModuleSignatureWrong, .gatewayRefused: .ourFault(facts)
            case .busy: .gatewayBusy
            case .gatewaySilent: .gatewaySilent
            case .storeUnavailable: .loadNotKnown
            }
    }

    /// Too many loads came to nothing.
    static func loadsThrottled(_ until: String) -> RefusalText {
        notCharged(
            "Too many loads came to nothing",
            what: "To keep guessers away we take no further load from you for a while.",
            next: "Load again after \(until)."
        )
    }

    private static func notCharged(
        _ title: String,
        what: String,
        next: String
    ) -> RefusalText {
        RefusalText(title, what: what, money: nothingCharged, next: next)
    }

    private static let nothingCharged =
        "Nothing was put on the card, and your account is not charged."
}

// The account.
extension RefusalText {
    private static let noAccount = notCharged(
        "There is no account to load from",
        what: "No funding account is known for you.",
        next: "Load from a bank, if one is offered."
    )

    private static func accountExpired(_ facts: Facts) -> RefusalText {
        notCharged(
            "Your account has expired",
            what: "The account that you gave when you signed up has reached its last month.",
            next: "Call \(facts.issuer), or load from a bank."
        )
    }

    private static let bankDeclined = notCharged(
        "Your bank said no",
        what: "It did not approve this load, and gave us no reason that we may tell.",
        next: "Ask your bank, or load from another one."
    )

    private static let accountEmpty = notCharged(
        "There is not enough on your account",
        what: "Your bank did not approve this load, because the account does not have so much.",
        next: "Choose a smaller amount, or load later."
    )

    private static func accountUnknown(_ facts: Facts) -> RefusalText {
        notCharged(
            "Your bank does not know the account",
            what: "The account that you gave when you signed up is not there any more.",
            next: "Ask your bank, then call \(facts.issuer)."
        )
    }

    private static let accountLimit = notCharged(
        "A limit of your account was reached",
        what: "Your bank lets this account pay only so much, or so often.",
        next: "Choose a smaller amount, load later, or ask your bank about the limit."
    )

    private static let bankNotReached = notCharged(
        "Your bank could not be reached",
        what: "The funding network had no answer from it.",
        next: "Load again in a few minutes."
    )

    private static func addressDiffers(_ facts: Facts) -> RefusalText {
        notCharged(
            "Your address is not the one that your bank knows",
            what: """
                The billing address that you gave when you signed up differs from the one on file \
                at your bank, so the load was not made.
                """,
            next:
                "Ask your bank which address it has. To change the one here, call \(facts.issuer)."
        )
    }

    private static let verificationValueDiffers = notCharged(
        "The security code was not right",
        what: "Your bank has another one for this account.",
        next: "Look at the card of the account, and load again."
    )
}

// The card, and the world.
extension RefusalText {
    private static let otherLoad = notCharged(
        "This confirmation was used before",
        what: "It belongs to another load. Perhaps you went back and changed the amount.",
        next: "Begin again with the amount."
    )

    private static let confirmationChanged = notCharged(
        "This confirmation is not the one that you were shown",
        what: "It was changed on its way here, or was made for another load.",
        next: "Begin again with the amount."
    )

    private static let notYourCard = notCharged(
        "This card is not yours to load",
        what: "It is neither your card nor that of a child of yours.",
        next: "Go back to your card."
    )

    private static func cardOutOfOrder(
        _ card: String,
        _ what: String,
        _ facts: Facts
    ) -> RefusalText {
        notCharged(
            "The card cannot be loaded",
            what: "\(card.prefix(1).uppercased() + card.dropFirst()) \(what).",
            next: "Call \(facts.issuer)."
        )
    }

    private static func cardOver(_ card: String) -> RefusalText {
        notCharged(
            "The card has expired",
            what: "\(card.prefix(1).uppercased() + card.dropFirst()) has reached its last day.",
            next: "Move its value to a new card first; the page of the card offers it."
        )
    }

    private static let tooLittle = notCharged(
        "This is too little to load",
        what: "The amount is below the least that can be loaded.",
        next: "Choose a larger amount."
    )

    private static func tooMuch(_ card: String) -> RefusalText {
        notCharged(
            "The card cannot hold that much",
            what: "There is not enough room left on \(card).",
            next: "Choose a smaller amount, or spend some of it first."
        )
    }

    private static func ourFault(_ facts: Facts) -> RefusalText {
        notCharged(
            "Something is wrong on our side",
            what: "The load was stopped by a check of ours. It was not your doing.",
            next: "Load later. If it happens again, call \(facts.issuer)."
        )
    }

    private static let gatewayBusy = notCharged(
        "There is too much to do just now",
        what: "The way to your bank is busy, and nothing had begun.",
        next: "Wait a moment, then load again."
    )

    private static let gatewaySilent = RefusalText(
        "Your bank did not answer in time",
        what: "So the load was given up.",
        money: """
            Nothing was put on the card. If your bank has set something aside for it, it is given \
            back.
            """,
        next: "Wait a few minutes, then load again."
    )

    private static let loadNotKnown = RefusalText(
        "We could not do it now",
        what: "Something on our side did not answer in time.",
        money: "If the load was made after all, it is on the card once, and charged once.",
        next: "Look at the history before you load again."
    )
}
