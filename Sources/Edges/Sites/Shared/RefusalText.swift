// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// A refusal in three parts: what happened, where the money is, what to do next.
package struct RefusalText: Equatable, Sendable {
    package var tone: Tone
    package var title: String
    package var what: String
    package var money: String
    package var next: String

    package init(
        _ title: String,
        tone: Tone = .bad,
        what: String,
        money: String = RefusalText.untouched,
        next: String
    ) {
        self.tone = tone
        self.title = title
        self.what = what
        self.money = money
        self.next = next
    }

    package static let untouched = "Nothing was taken from your card."
    static let kept = "Nothing was taken. What is on the card stays yours."

    /// As the templates read it. The reference is what the person may read out to the issuer.
    package func values(reference: String? = nil) -> [String: Any] {
        var values: [String: Any] = [
            "tone": tone.rawValue, "title": title, "what": what, "money": money, "next": next,
        ]
        if let reference { values["reference"] = reference }
        return values
    }

    /// What is known of the card and the order, for the wording; what is not is left out.
    package struct Facts: Sendable {
        package var issuer = "your issuer"
        /// `MM/YY`.
        package var expiry: String?
        package var cardCurrency: String?
        package var orderCurrency: String?
        /// Ready for the reader.
        package var amount: String?
        /// When the order was paid, ready for the reader.
        package var paidAt: String?
        /// Who looks after the card: sets its limits, and renews it.
        package var keeper = Keeper.somebody

        package init() {}
    }

    package init(_ refusal: Refusal, _ facts: Facts = Facts()) {
        self =
            switch refusal {
            case .malformed, .unknownMessage: .notUnderstood
            case .unknownPaymentServer: .unknownPaymentServer
            case .unknownMerchant: .unknownMerchant
            case .orderForged: .orderForged
            case .orderTooOld: .orderTooOld
            case .orderAlreadyPaid: .alreadyPaid(facts)
            case .orderGivenUp: .givenUp(facts)
            case .orderInProgress: .inProgress
            case .orderUnknown: .orderUnknown
            case .policyNotSupported: .policyNotSupported
            case .unknownCard: .unknownCard(facts)
            case .cardDamaged: .cardDamaged(facts)
            case .cardBlocked: .cardBlocked(facts)
            case .cardExpired: .cardExpired(facts)
            case .currencyNotHeld: .otherCurrency(facts)
            case .insufficientValue: .insufficientValue
            case .numbersUsedUp: .numbersUsedUp(facts)
            case .refusedByLimit: .refusedByLimit(facts)
            case .issuerNotAccepted: .issuerNotAccepted(facts)
            case .cardMismatch: .cardMismatch
            case .programmeNotTaken: .programmeNotTaken
            case .keyVersionEnded: .keyVersionEnded(facts)
            case .securityCardSignatureWrong: .securityCardWrong
            case .cardSignatureWrong: .cardSignatureWrong(facts)
            case .busy: .busy
            case .paymentServerSilent: .silent
            case .storeUnavailable: .storeUnavailable
            case .cardChanged: .cardChanged
            case .notDebited: .notDebited
            }
    }
}

// The order and the payment server.
extension RefusalText {
    private static let again = "Go back to the shop and order again."

    private static let notUnderstood = RefusalText(
        "The payment server was not understood",
        what: "What it answered is not what we expect, so we went no further.",
        next: "\(again) If it happens again, tell the shop."
    )

    private static let unknownPaymentServer = RefusalText(
        "This shop cannot be paid from here",
        what: "Its payment server is not known to your issuer, so nothing was sent to it.",
        next: "Pay in another way, or tell the shop."
    )

    private static let unknownMerchant = RefusalText(
        "This shop cannot be paid from here",
        what: "Its payment server does not know the shop.",
        next: "Pay in another way, or tell the shop."
    )

    private static let orderForged = RefusalText(
        "The order is not genuine",
        what: "The order does not fit what the shop and its payment server agreed.",
        next: "\(again) If it happens again, tell the shop."
    )

    private static let orderTooOld = RefusalText(
        "The order is too old",
        what: """
            It was made too long ago, so nothing was begun.
            """,
        next: again
    )

    private static let orderUnknown = RefusalText(
        "The order is not known",
        what: "The payment server has no such order.",
        next: again
    )

    private static let policyNotSupported = RefusalText(
        "This shop cannot be paid from here",
        what: "It asks for a way of checking the payment that we do not have.",
        next: "Pay in another way, or tell the shop."
    )

    private static let inProgress = RefusalText(
        "This order is being paid already",
        tone: .wait,
        what: "A payment for this order is under way, perhaps in another window.",
        money: "Taken at most once, by the payment that is under way.",
        next: "Wait a moment and look at your history before you pay again."
    )

    private static func alreadyPaid(_ facts: Facts) -> RefusalText {
        guard let time = facts.paidAt else {
            return RefusalText(
                "No second payment was made",
                tone: .plain,
                what: "This order was paid before.",
                money: "Taken once, by the first payment. Nothing was taken now.",
                next: "Go back to the shop for what you bought."
            )
        }
        return RefusalText(
            "No second payment was made",
            tone: .plain,
            what: "This order was paid on \(time).",
            money: "Taken once, on \(time). Nothing was taken now.",
            next: "Go back to the shop for what you bought."
        )
    }

    private static func givenUp(_ facts: Facts) -> RefusalText {
        RefusalText(
            "The payment was given up",
            what: facts.amount == nil
                ? "The payment server gave up this payment before your card was debited."
                : "The payment server gave up this payment after your card was debited.",
            money: facts.amount.map { "Put back: \($0) is on your card again." }
                ?? untouched,
            next: facts.amount == nil ? orderAgain : "Order again if you still want it."
        )
    }

    /// Debited, given up, and not yet put back.
    package static func givenUpPending(_ amount: String) -> RefusalText {
        RefusalText(
            "The payment was given up",
            tone: .wait,
            what: "The payment server gave up this payment after your card was debited.",
            money: "Pending: \(amount) is on its way back to your card.",
            next: "Do nothing; it appears in your history."
        )
    }

    package static let cancelled = RefusalText(
        "You cancelled",
        tone: .plain,
        what: "You went back before agreeing.",
        next: "Order again whenever you like."
    )

    private static let securityCardWrong = RefusalText(
        "The payment server could not prove itself",
        what: "The signature of its security card was wrong, so your card gave nothing.",
        next: "Pay in another way, and tell your issuer."
    )
}

// The card, and the world.
extension RefusalText {
    private static let insufficientValue = RefusalText(
        "Your card does not hold enough",
        what: "This costs more than is on your card.",
        next: "Pay in another way, or with less."
    )

    private static func cardExpired(_ facts: Facts) -> RefusalText {
        RefusalText(
            "Your card has expired",
            what: facts.expiry.map { "It was valid until \($0)." } ?? "Its last day has passed.",
            money: kept,
            next: renewal(facts)
        )
    }

    /// How somebody whose card has expired gets another.
    static func renewal(_ facts: Facts) -> String {
        switch facts.keeper {
        case .holder: "Move its value to a new card first; the page of your card offers it."
        case .guardian: "Ask your guardian, who can move its value to a new card."
        case .somebody: "Ask \(facts.issuer) for a new card."
        }
    }

    /// Also for the page of a card that is blocked.
    package static func cardBlocked(_ facts: Facts) -> RefusalText {
        RefusalText(
            "Your card is blocked",
            what: "\(facts.issuer.capitalizedFirst) stopped this card.",
            money: kept,
            next: "Call \(facts.issuer)."
        )
    }

    private static func otherCurrency(_ facts: Facts) -> RefusalText {
        var what = "Your card does not hold the currency that the shop asks for."
        if let own = facts.cardCurrency, let other = facts.orderCurrency {
            what = "Your card holds \(own), the shop asks for \(other)."
        }
        return RefusalText(
            "The shop asks for another currency",
            what: what,
            next: "Pay in another way."
        )
    }

    private static func unknownCard(_ facts: Facts) -> RefusalText {
        RefusalText(
            "Your card was not found",
            what: "The card of your account is not in our database.",
            next: "Call \(facts.issuer)."
        )
    }

    /// Also for the page of a card whose record does not open.
    package static func cardDamaged(_ facts: Facts) -> RefusalText {
        RefusalText(
            "Your card is stopped",
            what:
                "Its record was changed from outside, so we do not use it. Others are not touched.",
            money: kept,
            next: "Call \(facts.issuer)."
        )
    }

    private static func numbersUsedUp(_ facts: Facts) -> RefusalText {
        RefusalText(
            "Your card is used up",
            what: "It has made as many payments as a card can.",
            money: kept,
            next: "Ask \(facts.issuer) for a new card."
        )
    }

    private static func refusedByLimit(_ facts: Facts) -> RefusalText {
        RefusalText(
            "This is more than your card may pay",
            what: "A limit of your card was reached.",
            next: "Pay in another way, or ask \(facts.issuer) about the limit."
        )
    }

    private static func issuerNotAccepted(_ facts: Facts) -> RefusalText {
        RefusalText(
            "The shop does not take this card",
            what: "Its payment server does not accept cards of \(facts.issuer).",
            next: "Pay in another way."
        )
    }

    private static let cardMismatch = RefusalText(
        "Another card began this payment",
        what: "The payment server saw another card for this order than yours.",
        next: again
    )

    private static let programmeNotTaken = RefusalText(
        "This shop does not take these points",
        what: "The points of a programme can be spent at its own sites alone. All of them are "
            + "still on your card.",
        next: "Go back to the shop and pay in another way."
    )

    private static func keyVersionEnded(_ facts: Facts) -> RefusalText {
        RefusalText(
            "Your card has to be renewed",
            what: "\(facts.issuer) has retired the keys that it was made with.",
            money: kept,
            next: renewal(facts)
        )
    }

    private static func cardSignatureWrong(_ facts: Facts) -> RefusalText {
        RefusalText(
            "Your card was not believed",
            what: "The payment server found the signature of your card wrong.",
            next: "Do not pay again. Call \(facts.issuer)."
        )
    }

    private static let busy = RefusalText(
        "The payment server is busy",
        what: "It had no terminal free for this payment.",
        next: "Wait a moment, then pay again."
    )

    private static let silent = RefusalText(
        "The payment server does not answer",
        what: "We could not reach it, and nothing had begun.",
        next: "Wait a moment, then pay again."
    )

    private static let storeUnavailable = RefusalText(
        "We could not do it now",
        what: "Something on our side did not answer in time.",
        money: "Nothing was taken from your card, as far as we know; your history shows it.",
        next: "Look at your history, then pay again."
    )

    private static let cardChanged = RefusalText(
        "Your card was busy",
        what: "Another payment with your card came first, so this one was given up.",
        next: orderAgain
    )

    private static let notDebited = RefusalText(
        "The payment was given up",
        what: "Your card could not be debited: something on our side did not answer in time.",
        next: orderAgain
    )

    private static let orderAgain =
        "Go back to the shop and order again: this order can no longer be paid."
}

extension String {
    var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
