// SPDX-License-Identifier: Apache-2.0

import Kernel

// What guardians are told of purchases that limits have refused.
extension MailWording {
    /// To a guardian. The text of the shop is left out: nobody vouches for it.
    ///
    /// `name`: what the guardian calls the child.
    func purchaseRefused(
        to email: String,
        _ refused: RefusedPurchase,
        of name: String?,
        at now: Instant
    ) -> MailMessage {
        MailMessage(
            to: email,
            subject: "A purchase of your child was refused",
            body: """
                \(name ?? "Your child") wanted to pay for something, and a limit of the card did not
                let it.

                    Shop:         \(refused.merchant.text)
                    Amount:       \(amountText(refused.amount))
                    Reason:       \(reason(refused.reason))

                Nothing was taken from the card. If it is all right with you, log on and allow it
                once, or change the limits. You find it under Children:

                \(logonURL)

                If you do nothing, it stays refused.

                """,
            madeAt: now
        )
    }

    /// Which limit it was, in a few words.
    private func reason(_ refusal: SpendingRefusal) -> String {
        switch refusal {
        case .frozen: "the card is frozen"
        case .otherCurrency: "the limits are in another currency"
        case .merchant: "this shop is not allowed"
        case .category: "this kind of shop is not allowed"
        case .hour: "the card does not pay at this hour"
        case .purchase: "more than one purchase may cost"
        case .count(let period, _, _): "as many purchases as this \(period.word) may have"
        case .amount(let period, _, _, _): "more than is left for this \(period.word)"
        }
    }
}
