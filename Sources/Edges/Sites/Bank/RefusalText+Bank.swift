// SPDX-License-Identifier: Apache-2.0

package import Bank
import Kernel

// What the bank says, in the same three parts as the card site.
extension RefusalText {
    private static let nothingHeld = "Nothing was held on your account and nothing was taken."

    /// Why a card cannot be loaded from an account; nil for failures that no page tells of in its
    /// own words.
    ///
    /// `account`: whose amounts are named; without it they are left out.
    package init?(bank failure: BankFailure, _ reader: Reader, _ account: Account? = nil) {
        let problem = failure.problem(reader, account)
        switch failure {
        case .notAnswered: self = .notAnswered
        case .informationTooOld: self = .informationTooOld
        case .currencyDiffers: self = .currencyDiffers
        case .issuerUnknown: self = .issuerUnknown
        case .aboveMaximum: self = .cardFull(problem)
        case .insufficientFunds: self = .insufficientFunds(problem)
        case .belowMinimum: self = .tooLittle(problem)
        case .amountTooLarge: self = .tooMuch
        case .tooOld: self = .loadOver
        case .resultForged, .resultMismatch: self = .loadResultNotGenuine
        case .resultContradicts: self = .loadResultContradicts
        case .loadServerSilent, .loadServerRefused, .answerUnreadable:
            self = .loadServerNotHeard
        case .unknownAccount, .accountExists, .ownerUnreadable, .unknownInquiry, .unknownLoad,
            .damaged,
            .alreadyBegun, .notOpen, .busy, .store, .module:
            return nil
        }
    }

    private static let again = "Go to your accounts and press Load my card again."

    private static let notAnswered = RefusalText(
        "The card was not asked yet",
        what: "Your browser has not brought us what your card holds.",
        money: nothingHeld,
        next: again
    )

    private static let informationTooOld = RefusalText(
        "That took too long",
        what: "What your card told us is some minutes old, and may have changed since.",
        money: nothingHeld,
        next: again
    )

    private static let currencyDiffers = RefusalText(
        "Your card holds another currency",
        what: "It does not hold the currency of this account.",
        money: nothingHeld,
        next: "Load it from an account in its currency."
    )

    private static let issuerUnknown = RefusalText(
        "We cannot load this card",
        what: "We have no agreement with the issuer of your card.",
        money: nothingHeld,
        next: "Load it from another bank."
    )

    private static func cardFull(_ problem: String?) -> RefusalText {
        RefusalText(
            "Your card is full",
            what: problem ?? "Your card can hold no more.",
            money: nothingHeld,
            next: "Spend something first, then load again."
        )
    }

    private static func insufficientFunds(_ problem: String?) -> RefusalText {
        RefusalText(
            "Your account does not have enough",
            what: problem ?? "There is less on it than can be loaded.",
            money: nothingHeld,
            next: "Pay something in, or load from another account."
        )
    }

    private static func tooLittle(_ problem: String?) -> RefusalText {
        RefusalText(
            "This is too little to load",
            what: problem ?? "It is less than we load.",
            money: nothingHeld,
            next: "Choose a larger amount."
        )
    }

    private static let tooMuch = RefusalText(
        "This is too much",
        what: "The amount is larger than an account can hold.",
        money: nothingHeld,
        next: "Choose a smaller amount."
    )

    private static let loadOver = RefusalText(
        "The load is too old",
        what: "It was begun too long ago to be carried out now.",
        money: "What is held for it is free again as soon as its end is known.",
        next: "Look at your statement, then begin again."
    )

    /// Why the load server gave no answer to a question; nil where the reason is another.
    init?(loadUnanswered failure: BankFailure) {
        switch failure {
        case .loadServerSilent, .loadServerRefused, .answerUnreadable: self = .loadServerNotHeard
        default: return nil
        }
    }

    static let informationNotGenuine = RefusalText(
        "We could not use this answer",
        what: "What your browser brought is no answer of a card to a question of ours.",
        money: nothingHeld,
        next: "Go to your accounts and press Load my card again."
    )

    package static let loadResultNotGenuine = RefusalText(
        "We could not use this result",
        what: """
            What your browser brought does not prove the end of a load of ours. No account was \
            changed by it.
            """,
        money: "What is held for a load stays held until its true end is known.",
        next: "Open your statement: it shows what is held, and asks for the true result."
    )

    package static let loadResultContradicts = RefusalText(
        "This load has ended already",
        what: "We were told before how it ended, and this result says otherwise.",
        money: "As it was: this result changed nothing.",
        next: "Look at your statement. If it looks wrong, tell us the transaction."
    )

    static let loadNotHeardYet = RefusalText(
        "We have not heard the end yet",
        tone: .wait,
        what: """
            The load server has not told us the end of this load. We ask it each time this page is \
            opened, and by ourselves until it answers.
            """,
        money: """
            Held on your account. Either it reaches your card, once, or it is free again when the \
            load's time is over.
            """,
        next: "Go on at the card site if you have not agreed there yet; else wait here."
    )

    private static let loadServerNotHeard = RefusalText(
        "We cannot ask just now",
        tone: .wait,
        what: "The load server does not answer our question about this load.",
        money: "Held on your account. Nothing is lost and nothing is taken twice.",
        next: "Come back to this page in a few minutes. Do not load again meanwhile."
    )
}

extension BankFailure {
    /// What is wrong with an amount, in one sentence; nil for other failures.
    func problem(_ reader: Reader, _ account: Account?) -> String? {
        guard let account else { return nil }
        func text(_ minorUnits: UInt64) -> String { reader.amount(account.money(minorUnits)) }
        return switch self {
        case .belowMinimum(let least): "At least \(text(least)) can be loaded."
        case .aboveMaximum(let most): "Your card can take at most \(text(most))."
        case .insufficientFunds(let available): "Your account has \(text(available)) to load."
        default: nil
        }
    }
}
