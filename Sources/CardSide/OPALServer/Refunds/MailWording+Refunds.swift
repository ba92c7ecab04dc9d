// SPDX-License-Identifier: Apache-2.0

import Kernel

/// A refund that is on a card, as its holder is told.
struct RefundNotice: Sendable {
    let order: RefundOrder
    let card: CardIdentifier
    /// Afterwards.
    let balance: Money
}

extension MailWording {
    /// To the holder of a card that a merchant has given value back to.
    func refunded(to email: String, _ refund: RefundNotice, at now: Instant) -> MailMessage {
        let (order, amount) = (refund.order, amountText(refund.order.amount))
        return MailMessage(
            to: email,
            subject: "Refund: \(amount) from \(order.merchant.text)",
            body: """
                A shop has given back what you paid, or part of it. It is on your virtual card.

                    Amount:       \(amount)
                    Shop:         \(order.merchant.text)
                    Card:         \(refund.card.masked)
                    New balance:  \(amountText(refund.balance))
                    Payment:      \(order.transaction.text)

                \(logonURL)

                """,
            madeAt: now
        )
    }
}
