// SPDX-License-Identifier: Apache-2.0

import Kernel

// Children and their guardians. None of these mails names the user identifier or an account.
extension MailWording {
    /// The confirmation of a card that a guardian opens for a child.
    func childConfirmation(
        to email: String,
        _ password: OneTimePassword,
        at now: Instant
    ) -> MailMessage {
        MailMessage(
            to: email,
            subject: "Set up the virtual card for a child",
            body: """
                Welcome.

                A guardian has opened a virtual card for a child. To set it up, log on with the
                user identifier that was chosen for the child and this one-time password:

                    \(password.grouped)

                \(logonURL)

                It works once, within 24 hours. Then a password is chosen, which the child will use
                from now on, and the card is made. The guardian loads it and sees what it is used
                for.

                If you know nothing of it, do nothing: without this password nothing happens.

                """,
            madeAt: now
        )
    }

    /// To a guardian, once the card of a child is made.
    func childOpened(to email: String, _ card: CardIdentifier, at now: Instant) -> MailMessage {
        MailMessage(
            to: email,
            subject: "Your child's card is ready",
            body: """
                The virtual card that you opened for a child is ready.

                    Card:         \(card.masked)

                You can load it, give it a weekly allowance and see its history:

                \(logonURL)

                """,
            madeAt: now
        )
    }
}
