// SPDX-License-Identifier: Apache-2.0

import Kernel

// What holders are told of their disputes.
extension MailWording {
    /// To the holder, or the guardian, of a dispute that stands anew.
    ///
    /// - Returns: nil for a state of which nobody needs to know.
    func disputed(to email: String, _ dispute: Dispute, at now: Instant) -> MailMessage? {
        guard let (subject, what) = news(of: dispute) else { return nil }
        let sale = dispute.sale
        return MailMessage(
            to: email,
            subject: subject,
            body: """
                \(what)

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

    /// Subject, and what has happened.
    private func news(of dispute: Dispute) -> (String, String)? {
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
                We have looked into it, and nothing is given back.\(quoted(dispute.decision))
                """
            )
        case .withdrawn:
            return (
                "Your dispute is withdrawn",
                """
                You have taken back what you told us about a purchase. Nothing more happens, and
                the shop keeps what you paid.
                """
            )
        }
    }

    private func quoted(_ decision: Dispute.Decision?) -> String {
        guard let words = decision?.words, !words.isEmpty else { return "" }
        return "\n\n    \(words)"
    }
}
