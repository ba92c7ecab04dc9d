// SPDX-License-Identifier: Apache-2.0

import Kernel

/// What the mails of user verification say. None of them names the user identifier.
package struct MailWording: Sendable {
    /// Where a user logs on, for instance `https://card.example/logon`.
    private let logonURL: String

    package init(logonURL: String) {
        precondition(logonURL.utf8.count <= 1024)
        self.logonURL = logonURL
    }

    /// The confirmation of a sign-up (FIG. 10, step 502).
    func confirmation(to email: String, _ password: OneTimePassword, at now: Instant) -> MailMessage
    {
        MailMessage(
            to: email,
            subject: "Set up your virtual card",
            body: """
                Welcome.

                Log on with your user identifier and this one-time password:

                    \(password.grouped)

                \(logonURL)

                It works once, within 24 hours. You then choose the password that you will use
                from now on, and your virtual card is made.

                If you did not sign up, do nothing: without this password nothing happens.

                """,
            madeAt: now
        )
    }

    /// A new one-time password for a user who asked for it.
    func reminder(to email: String, _ password: OneTimePassword, at now: Instant) -> MailMessage {
        MailMessage(
            to: email,
            subject: "Your one-time password",
            body: """
                Somebody, probably you, asked for a new password for your virtual card.

                Log on with your user identifier and this one-time password, with its dashes:

                    \(password.grouped)

                \(logonURL)

                It works once, within 24 hours. You then choose a new password.

                If you did not ask for it, do nothing: your password stays as it is.

                """,
            madeAt: now
        )
    }

    /// To a user whose identifier somebody wanted to sign up with.
    func repeatedSignUp(to email: String, at now: Instant) -> MailMessage {
        MailMessage(
            to: email,
            subject: "Somebody tried to sign up with your user identifier",
            body: """
                Somebody tried to sign up with the user identifier of your virtual card. Nothing
                was changed.

                If it was you: you have a card already. Log on here, or ask there for a new
                password if you have lost yours:

                \(logonURL)

                If it was not you, you need not do anything.

                """,
            madeAt: now
        )
    }

    /// To a person whose sign-up came to nothing.
    func notSignedUp(to email: String, at now: Instant) -> MailMessage {
        MailMessage(
            to: email,
            subject: "Your sign-up was not completed",
            body: """
                A virtual card could not be set up as asked. Please sign up once more and choose
                another user identifier:

                \(logonURL)

                Your funding account was not charged. If you did not sign up, do nothing.

                """,
            madeAt: now
        )
    }

    /// To a user whose password has just been changed.
    func passwordChanged(to email: String, at now: Instant) -> MailMessage {
        MailMessage(
            to: email,
            subject: "Your password was changed",
            body: """
                The password of your virtual card was changed.

                If it was not you, ask for a new password at once:

                \(logonURL)

                """,
            madeAt: now
        )
    }
}
