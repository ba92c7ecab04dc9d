// SPDX-License-Identifier: Apache-2.0

import Kernel

extension MailWording {
    /// To somebody for whom an issuer has made a card.
    func cardIssued(
        to email: String,
        by issuer: String,
        _ password: OneTimePassword,
        at now: Instant
    ) -> MailMessage {
        MailMessage(
            to: email,
            subject: "Your virtual card is ready",
            body: """
                \(issuer) has made a virtual card for you.

                Log on with the user identifier that you were told, and this one-time password,
                with its dashes:

                    \(password.grouped)

                \(logonURL)

                It works once, within 24 hours. You then choose the password that you will use
                from now on. If you come later, ask there for a new one-time password.

                """,
            madeAt: now
        )
    }
}
