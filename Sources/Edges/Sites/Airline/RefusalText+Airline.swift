// SPDX-License-Identifier: Apache-2.0

import Merchant

// What the airline says, in the same three parts as the card site: what happened, where points and
// money are, what to do next.
extension RefusalText {
    static let nothingTaken = "No points and no money were taken."

    // MARK: Signing in

    package static let proofNotGenuine = RefusalText(
        "We could not use this result",
        what: """
            What your browser brought was not sealed for us, or not for an order of ours. It \
            opened nothing and changed nothing.
            """,
        money: """
            A proof of who you are takes no points and no money. If you paid for a benefit, its \
            page still says so.
            """,
        next: "Go to the start page and begin again there."
    )

    package static let proofUsed = RefusalText(
        "This proof was used before",
        what: "Each proof opens one session, once. This one opened a session earlier.",
        money: nothingTaken,
        next: "Sign in with your card again; that makes a new proof."
    )

    package static let proofElsewhere = RefusalText(
        "This sign-in was not begun here",
        what: """
            A sign-in ends in the browser that began it, and this browser did not begin this one, \
            or it took too long.
            """,
        money: nothingTaken,
        next: """
            Sign in with your card from the start page. If somebody sent you here, close the page.
            """
    )

    package static let proofNotBrought = RefusalText(
        "The proof did not come by this browser",
        what: """
            Your card proved who you are, but not to this browser: the page after it was closed, \
            or the proof was made elsewhere. It opens nothing.
            """,
        money: nothingTaken,
        next: "Sign in again from the start page, and stay in one browser."
    )

    package static let otherMember = RefusalText(
        "Your card has another member number",
        what: "The number on the card is not the one that we know of this card.",
        money: "Your points stay where they are. Nothing was taken.",
        next: "Call us with your card at hand. We put the numbers right."
    )

    static let proofNotHeard = RefusalText(
        "We have not heard from your card yet",
        tone: .wait,
        what: "You have not agreed at your card yet, or the answer is still on its way.",
        money: nothingTaken,
        next: "Look again in a moment, or begin again from the start page."
    )

    /// Why a proof of identity did not come about.
    ///
    /// - Parameter settlement: what the result said; nil where no card ever answered.
    init(unproved settlement: Settlement?) {
        self.init(unpaid: settlement, amount: "")
        if settlement?.reason == nil {
            title = "Your card did not answer"
            what = "No proof of who you are reached us in time."
        }
        money = RefusalText.nothingTaken
        next = "Sign in with your card again."
    }

    static let programmeClosed = RefusalText(
        "This programme takes no new members",
        what: "It is closed. Whoever has points in it keeps them.",
        money: nothingTaken,
        next: "Look at our other programmes."
    )

    // MARK: Benefits

    package static let benefitSoldOut = RefusalText(
        "Nothing is left of it",
        tone: .wait,
        what: "Others were faster: the last piece is taken, or kept for somebody who is paying.",
        money: "Your points and your money are where they were. Nothing was taken.",
        next: "Look again in half an hour, when what was kept may be back, or choose another."
    )

    package static let benefitWithdrawn = RefusalText(
        "We no longer offer this",
        tone: .plain,
        what: "It was taken out of our benefits.",
        money: nothingTaken,
        next: "Choose another benefit. What you redeemed before stays yours."
    )

    static let tooManyOpen = RefusalText(
        "Finish what you began first",
        tone: .wait,
        what: "We keep some benefits for you that you have not paid for.",
        money: nothingTaken,
        next: "Pay for one of them, or wait half an hour; then they are free again."
    )

    /// `have`: what the member has, ready for the reader.
    static func notEnoughPoints(_ have: String) -> RefusalText {
        RefusalText(
            "You have not enough points",
            tone: .plain,
            what: "This costs more than the \(have) that you have with us.",
            money: nothingTaken,
            next: "Collect some more, or choose another benefit."
        )
    }

    /// The points were spent, or expired, between order and proof.
    static let pointsGone = RefusalText(
        "Your points were not enough any more",
        what: "Between your order and your proof, points were spent or expired.",
        money: nothingTaken,
        next: "Look at your points, then choose what they are enough for."
    )

    static let anotherCard = RefusalText(
        "Another card answered",
        what: "The card that answered is not the one of the member who ordered this.",
        money: "No points of either card were taken, and no money.",
        next: "Order again, and choose the card that you signed in with."
    )

    static let pointsHeld = RefusalText(
        "Your card did not take the points yet",
        tone: .wait,
        what: "We tried to put points on your card, and it could not take them.",
        money: "They are kept for you here. None is lost.",
        next: "Look at your card; an expired or blocked card takes no points. We try again."
    )

    init(_ obstacle: RedemptionDesk.Obstacle, _ points: (UInt64) -> String) {
        switch obstacle {
        case .unknown, .withdrawn: self = .benefitWithdrawn
        case .soldOut: self = .benefitSoldOut
        case .tooManyOpen: self = .tooManyOpen
        case .notEnough(let available): self = .notEnoughPoints(points(available))
        }
    }

    /// The same where points may be taken beside money.
    var forPoints: RefusalText {
        var text = self
        if text.money == RefusalText.untouched { text.money = RefusalText.nothingTaken }
        return text
    }
}
