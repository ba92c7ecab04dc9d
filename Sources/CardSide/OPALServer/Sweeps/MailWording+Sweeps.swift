// SPDX-License-Identifier: Apache-2.0

import Kernel

extension MailWording {
    /// To the holder of a card whose value nobody used.
    func swept(to email: String, _ sweep: SweepRecord, _ reason: SweepReason) -> MailMessage {
        let amount = amountText(sweep.amount)
        let why =
            switch reason {
            case .dormant: "Your virtual card was not used for a long time."
            case .expired: "Your virtual card has expired long ago."
            }
        return MailMessage(
            to: email,
            subject: "\(amount) on your virtual card were not used",
            body: """
                \(why) What was left on it is with your issuer now.

                    Amount:     \(amount)
                    Card:       \(sweep.card.masked)
                    Reference:  \(sweep.number)

                You can have it back: write to your issuer, and name the reference. An expired
                card has to be renewed first.

                \(logonURL)

                """,
            madeAt: sweep.moment
        )
    }

    /// To the holder of a card that got back what was swept.
    func givenBack(to email: String, _ back: SweepRecord) -> MailMessage {
        let amount = amountText(back.amount)
        return MailMessage(
            to: email,
            subject: "\(amount) are on your virtual card again",
            body: """
                Your issuer has given back what was not used.

                    Amount:  \(amount)
                    Card:    \(back.card.masked)

                \(logonURL)

                """,
            madeAt: back.moment
        )
    }
}
