// SPDX-License-Identifier: Apache-2.0

package import Kernel

// Why a card was not loaded, in the same three parts, for the card site and for the bank's. "The
// bank" is said in both, because a person may read either.
extension RefusalText {
    static let nothingLoaded =
        "Nothing was put on your card, and nothing is taken from your account."

    package init(load refusal: LoadRefusal, _ facts: Facts = Facts()) {
        self =
            switch refusal {
            case .malformed, .unknownMessage: .loadNotUnderstood
            case .unknownLoadServer: .unknownLoadServer
            case .unknownBank: .unknownBank
            case .loadForged: .loadForged
            case .loadTooOld: .loadTooOld
            case .alreadyLoaded: .alreadyLoaded
            case .loadGivenUp: .loadGivenUp
            case .loadInProgress: .loadInProgress
            case .loadUnknown: .loadUnknown
            case .belowMinimum: .belowMinimum
            case .unknownCard: .noCard(facts)
            case .cardDamaged: .damagedCard(facts)
            case .cardBlocked: .blockedCard(facts)
            case .cardExpired: .expiredCard(facts)
            case .currencyNotHeld: .otherCurrencyOfCard
            case .aboveMaximum: .aboveMaximum
            case .numbersUsedUp: .usedUp(facts)
            case .refusedByLimit: .aboveLimit(facts)
            case .issuerNotAccepted: .issuerOfCardNotAccepted(facts)
            case .cardMismatch: .otherCard
            case .loadServerSignatureWrong: .loadServerWrong
            case .cardSignatureWrong: .cardNotBelieved(facts)
            case .notProved: .notProved
            case .busy: .loadServerBusy
            case .loadServerSilent: .loadServerSilent
            case .storeUnavailable: .loadUnavailable
            case .cardChanged: .cardInUse
            case .notCredited: .notCredited
            case .declined: .loadDeclined
            }
    }
}

// The load and the load server.
extension RefusalText {
    private static let beginAgain = "Go back to the bank and begin again."

    private static func notLoaded(
        _ title: String,
        tone: Tone = .bad,
        what: String,
        next: String
    ) -> RefusalText {
        RefusalText(title, tone: tone, what: what, money: nothingLoaded, next: next)
    }

    private static let loadNotUnderstood = notLoaded(
        "The load server was not understood",
        what: "What it answered is not what we expect, so your card was not loaded.",
        next: "\(beginAgain) If it happens again, tell the bank."
    )

    private static let unknownLoadServer = notLoaded(
        "This bank cannot load your card",
        what: "Its load server is not known to your issuer, so nothing was sent to it.",
        next: "Load from another bank, or tell this one."
    )

    private static let unknownBank = notLoaded(
        "This bank cannot load your card",
        what: "The load server does not know the bank.",
        next: "Load from another bank, or tell this one."
    )

    private static let loadForged = notLoaded(
        "The load is not genuine",
        what: "It does not fit what the bank and the load server agreed.",
        next: "\(beginAgain) If it happens again, tell the bank."
    )

    private static let loadTooOld = notLoaded(
        "The load is too old",
        what: "It was begun at the bank too long ago, so it was not carried out.",
        next: beginAgain
    )

    private static let loadUnknown = notLoaded(
        "The load is not known",
        what: "The load server has no such load.",
        next: beginAgain
    )

    private static let alreadyLoaded = RefusalText(
        "No second load was made",
        tone: .plain,
        what: "This load was carried out before.",
        money: "On the card once, and taken from your account once. Nothing was taken now.",
        next: "Look at your history at the card site, or at your statement at the bank."
    )

    private static let loadGivenUp = notLoaded(
        "The load was given up",
        what: "This load ended before your card was loaded.",
        next: "\(beginAgain) This load can no longer be carried out."
    )

    private static let loadInProgress = RefusalText(
        "This load is under way already",
        tone: .wait,
        what: "It is being carried out, perhaps in another window or with another card.",
        money: "Held at the bank. It reaches the card once, or the bank gives it back.",
        next: "Wait a moment and look at your history before you load again."
    )

    private static let belowMinimum = notLoaded(
        "This is too little to load",
        what: "The amount is below the least that can be loaded.",
        next: "Go back to the bank and choose a larger amount."
    )

    private static let loadServerWrong = notLoaded(
        "The load server could not prove itself",
        what: "Its signature was wrong, so your card took nothing from it.",
        next: "Tell your issuer, and do not load from this bank until it has answered."
    )

    private static let notProved = RefusalText(
        "We have not heard the end yet",
        tone: .wait,
        what: "The load server waits for your card's proof of how this load ended.",
        money: "Held at the bank. It reaches the card once, or the bank gives it back.",
        next: "Do nothing: it is asked for again until it has ended. Your history shows it."
    )

    private static let loadServerBusy = notLoaded(
        "The load server is busy",
        what: "It could not take this load now, and nothing had begun.",
        next: "Wait a moment, then load again from the same page."
    )

    private static let loadServerSilent = notLoaded(
        "The load server does not answer",
        what: "We could not reach it, and nothing had begun.",
        next: "Wait a moment, then load again from the same page."
    )

    private static let loadDeclined = RefusalText(
        "You went back",
        tone: .plain,
        what: "You went back before agreeing, so your card was not loaded.",
        money: nothingLoaded,
        next: "Load again whenever you like."
    )

    /// The person went back before the bank was told anything.
    static let notTold = RefusalText(
        "You went back",
        tone: .plain,
        what: "You did not agree, so the bank was not told what your card holds.",
        money: nothingLoaded,
        next: "Begin again at the bank whenever you like."
    )
}

// The card, and the world.
extension RefusalText {
    private static func noCard(_ facts: Facts) -> RefusalText {
        notLoaded(
            "Your card was not found",
            what: "The card of your account is not in our database.",
            next: "Call \(facts.issuer)."
        )
    }

    private static func damagedCard(_ facts: Facts) -> RefusalText {
        notLoaded(
            "Your card is stopped",
            what: "Its record was changed from outside, so we do not use it.",
            next: "Call \(facts.issuer)."
        )
    }

    private static func blockedCard(_ facts: Facts) -> RefusalText {
        notLoaded(
            "Your card is blocked",
            what: "The card was stopped by \(facts.issuer).",
            next: "Call \(facts.issuer)."
        )
    }

    private static func expiredCard(_ facts: Facts) -> RefusalText {
        notLoaded(
            "Your card has expired",
            what: facts.expiry.map { "It was valid until \($0)." } ?? "Its last day has passed.",
            next: renewal(facts)
        )
    }

    private static let otherCurrencyOfCard = notLoaded(
        "Your card holds another currency",
        what: "It does not hold the currency of your account.",
        next: "Load from an account in the currency of your card."
    )

    private static let aboveMaximum = notLoaded(
        "Your card cannot hold that much",
        what: "With this amount the card would hold more than its maximum balance.",
        next: "Go back to the bank and choose a smaller amount."
    )

    private static func usedUp(_ facts: Facts) -> RefusalText {
        notLoaded(
            "Your card is used up",
            what: "It has made as many transactions as a card can.",
            next: "Ask \(facts.issuer) for a new card."
        )
    }

    private static func aboveLimit(_ facts: Facts) -> RefusalText {
        notLoaded(
            "A limit of your card was reached",
            what: "Your card may not be loaded with this.",
            next: "Choose a smaller amount, or ask \(facts.issuer) about the limit."
        )
    }

    private static func issuerOfCardNotAccepted(_ facts: Facts) -> RefusalText {
        notLoaded(
            "This bank cannot load your card",
            what: "Its load server does not load cards of \(facts.issuer).",
            next: "Load from another bank."
        )
    }

    private static let otherCard = notLoaded(
        "This load is for another card",
        what: "The bank began it for another card than the one you are signed in with.",
        next: "Sign in with that card, or go back to the bank and begin again."
    )

    private static func cardNotBelieved(_ facts: Facts) -> RefusalText {
        notLoaded(
            "Your card was not believed",
            what: "The load server found the signature of your card wrong.",
            next: "Do not load again. Call \(facts.issuer)."
        )
    }

    private static let loadUnavailable = RefusalText(
        "We could not do it now",
        what: "Something on our side did not answer in time.",
        money: """
            If the bank holds an amount for this load, it reaches the card once, or the bank gives \
            it back.
            """,
        next: "Look at your history, then load again from the same page."
    )

    private static let cardInUse = notLoaded(
        "Your card was busy",
        what: "Something else was done with your card first, so this load was given up.",
        next: beginAgain
    )

    private static let notCredited = notLoaded(
        "The load was given up",
        what: "Your card could not be loaded: something did not answer in time.",
        next: beginAgain
    )
}
