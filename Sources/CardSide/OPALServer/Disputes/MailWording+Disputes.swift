// SPDX-License-Identifier: Apache-2.0

import Kernel

// What holders are told of their disputes.
extension MailWording {
    /// To the holder, or the guardian, of a dispute that stands anew.
    ///
    /// `given`: what the merchant has given back by itself, in minor units.
    /// Returns nil for a state of which nobody needs to know.
    func disputed(
        to email: String,
        _ dispute: Dispute,
        givenByMerchant given: UInt64,
        at now: Instant
    ) -> MailMessage? {
        guard let (subject, what) = news(of: dispute, given > 0) else { return nil }
        let sale = dispute.sale
        return MailMessage(
            to: email,
            subject: subject,
            body: """
                \(what)\(besides(given, dispute))

                    Shop:     \(sale.merchant.text)
                    Paid:     \(amountText(sale.paid))
                    Card:     \(sale.card.masked)
                    Payment:  \(sale.transaction.text)

                The page of the purchase shows how it stands. You find it under History:

                \(logonURL)

                """,
            madeAt: now
        )
    }

    /// What the shop has given back by itself, where the news do not say it.
    private func besides(_ given: UInt64, _ dispute: Dispute) -> String {
        guard given > 0, dispute.state != .givenBack else { return "" }
        let amount = Money(minorUnits: given, as: dispute.sale.paid)
        return "\n\nThe shop has given back \(amountText(amount)) of it by itself."
    }

    /// Subject, and what has happened.
    ///
    /// `isGiven`: whether the shop has given back a part by itself.
    private func news(of dispute: Dispute, _ isGiven: Bool) -> (String, String)? {
        let shop = dispute.sale.merchant.text
        switch dispute.state {
        case .filed:
            return (
                "We look into your purchase at \(shop)",
                """
                You have told us that something is wrong with a purchase. We ask the shop, and then
                decide. You hear of each step by mail.
                """
            )
        case .merchantAsked:
            return (
                "The shop \(shop) is asked",
                "The shop was told what is wrong, and has some days for an answer."
            )
        case .merchantAnswered:
            return (
                "The shop \(shop) has answered",
                "The shop has answered. Now we decide, and you hear of it by mail."
            )
        case .decided(let back):
            return (
                "Decided for you: \(amountText(back.amount)) from \(shop)",
                """
                You get \(amountText(back.amount)) back. It is on its way to your card, and you need
                not do anything.\(quoted(dispute.decision))
                """
            )
        case .cameToNothing: return nil
        case .refunded(let back):
            return (
                "\(amountText(back.amount)) is on your card again",
                "What was decided for you is on your virtual card: \(amountText(back.amount))."
            )
        case .rejected:
            return (
                "Decided: your purchase at \(shop)",
                """
                We have looked into it, and nothing\(isGiven ? " more" : "") is given back.\(
                    quoted(dispute.decision))
                """
            )
        case .withdrawn:
            return (
                "Your dispute is withdrawn",
                """
                You have taken back what you told us about a purchase. Nothing more happens, and
                the shop keeps \(isGiven ? "the rest of what" : "what") you paid.
                """
            )
        case .givenBack: return givenBack(dispute.sale)
        }
    }

    private func givenBack(_ sale: Dispute.Sale) -> (String, String) {
        let amount = amountText(sale.paid)
        return (
            "The shop \(sale.merchant.text) has given back \(amount)",
            """
            The shop has given back all that you paid, and \(amount) is on your card again. With
            that your dispute has ended, and you need not do anything.
            """
        )
    }

    private func quoted(_ decision: Dispute.Decision?) -> String {
        guard let words = decision?.words, !words.isEmpty else { return "" }
        return "\n\n    \(words)"
    }
}
