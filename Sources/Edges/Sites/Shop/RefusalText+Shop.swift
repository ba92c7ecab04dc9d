// SPDX-License-Identifier: Apache-2.0

import Kernel
package import Merchant

// What the shop says, in the same three parts as the card site.
extension RefusalText {
    package static let resultNotGenuine = RefusalText(
        "We could not use this result",
        what: """
            What your browser brought does not prove a payment of an order of ours. No order was \
            changed by it.
            """,
        money: """
            Nothing was taken by us. If your card was debited, your order still says so, or the \
            value comes back to your card.
            """,
        next: "Open your order again from where you began; it asks for the true result by itself."
    )

    package static let resultContradicts = RefusalText(
        "This order has ended already",
        what: "We were told before how this payment ended, and this result says otherwise.",
        money: "As it was: this result changed nothing.",
        next: "Open your order again from where you began. If it looks wrong, tell us its number."
    )

    package static let notHeardYet = RefusalText(
        "We have not heard the end yet",
        tone: .wait,
        what: """
            The payment server has not told us the end of this payment. We ask it each time this \
            page is opened, and by ourselves until it answers.
            """,
        money: """
            Pending. Either it is paid, once, or it is put back on your card. If you have not paid \
            yet, nothing was taken.
            """,
        next: """
            Wait here or come back later: then this page has your download, or says that nothing \
            was paid. Do not pay in another way meanwhile.
            """
    )

    static let notPaidYet = RefusalText(
        "This order is not paid yet",
        tone: .wait,
        what: "The goods are handed out when the payment has reached us.",
        money: "Pending, if you have paid; else nothing was taken.",
        next: "Look again to ask for the payment, or go back to the order and pay it."
    )

    /// Why the payment server gave no answer to a question; nil where the reason is another.
    package init?(unanswered failure: OrderFailure) {
        switch failure {
        case .paymentServerSilent, .paymentServerRefused, .answerUnreadable:
            self.init(
                "We cannot ask just now",
                tone: .wait,
                what: "The payment server does not answer our question about this payment.",
                money: """
                    Pending, if you have paid: nothing is lost and nothing is taken twice. If you \
                    have not paid yet, nothing was taken.
                    """,
                next: "Come back to this page in a few minutes. Do not pay in another way."
            )
        default: return nil
        }
    }

    /// No second payment: the order was paid before, at this time, which is ready for the reader.
    static func paidBefore(_ time: String?) -> RefusalText {
        RefusalText(
            "No second payment was made",
            tone: .plain,
            what: time.map { "This order was paid on \($0)." } ?? "This order was paid before.",
            money: time.map { "Taken once, on \($0). Nothing was taken now." }
                ?? "Taken once. Nothing was taken now.",
            next: "Open the receipt for what you bought."
        )
    }

    /// Why an order ended unpaid.
    ///
    /// - Parameters:
    ///   - settlement: what the Debit Result said; nil where no payment ever began.
    ///   - amount: ready for the reader.
    init(unpaid settlement: Settlement?, amount: String) {
        guard let settlement else {
            self.init(
                "This order was not paid",
                what: "No payment for it reached the payment server, and its time is over.",
                next: "Order again if you still want it."
            )
            return
        }
        if settlement.outcome == .void {
            self.init(
                "The payment was given up",
                what: "The payment server gave up this payment before your card had answered.",
                money: """
                    Nothing was taken for good: if your card was debited, \(amount) comes back \
                    to it.
                    """,
                next: "Order again if you still want it."
            )
            return
        }
        self.init(settlement.reason ?? .orderGivenUp)
        switch settlement.reason {
        case .insufficientValue: next = "Pay in another way, or order something smaller."
        // Who can renew it is known at the card site.
        case .cardExpired: next = "Look at the page of your card, or pay in another way."
        case .unknownCard, .cardDamaged, .cardBlocked, .numbersUsedUp, .cardSignatureWrong: break
        // The words for the card site send the person back to the shop, where they are now.
        default: next = "Order again, or pay in another way."
        }
    }
}
