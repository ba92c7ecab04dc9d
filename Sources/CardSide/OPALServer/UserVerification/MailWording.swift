// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Wire

/// What the mails to cardholders say. None of them names the user identifier.
package struct MailWording: Sendable {
    /// Where a user logs on, for instance `https://card.example/logon`.
    let logonURL: String
    let amountText: @Sendable (Money) -> String

    /// `amountText`: writes an amount for people.
    package init(
        logonURL: String,
        amountText: @escaping @Sendable (Money) -> String = MailWording.plain
    ) {
        precondition(logonURL.utf8.count <= 1024)
        self.logonURL = logonURL
        self.amountText = amountText
    }

    /// `1.50 (currency 0978)`: exact, for who knows no other way.
    package static let plain: @Sendable (Money) -> String = { money in
        let decimals = Int(money.exponent.decimals)
        let digits = String(money.minorUnits)
        let padded =
            String(repeating: "0", count: max(0, decimals + 1 - digits.utf8.count)) + digits
        let point = decimals > 0 ? "." : ""
        let number = padded.dropLast(decimals) + point + padded.suffix(decimals)
        return "\(number) (currency \(money.currency.digits))"
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

// Payments.
extension MailWording {
    /// To a cardholder whose payment was pending and has now ended, as sold or as recovered.
    func settled(to email: String, _ draw: DrawRecord, at now: Instant) -> MailMessage {
        let isSold = draw.state == .sold
        let shop = draw.terms.merchant.text
        let amount = amountText(draw.terms.amount)
        let what =
            isSold
            ? "It was paid, once. What you bought is at the shop: open your order there."
            : """
            It was given up, and the amount is on your card again. The shop got nothing. If you
            still want what you ordered, order it again at the shop.
            """
        return MailMessage(
            to: email,
            subject: isSold
                ? "Your payment to \(shop) is paid" : "Your payment to \(shop) was put back",
            body: """
                A payment with your virtual card was pending. Now it has ended.

                \(what)

                    Amount:       \(amount)
                    Shop:         \(shop)
                    For:          \(draw.description)
                    Card:         \(draw.card.masked)
                    Transaction:  \(draw.terms.transaction.text)

                Your history shows it, too:

                \(logonURL)

                You need not do anything.

                """,
            madeAt: now
        )
    }
}

// Loads.
extension MailWording {
    /// The receipt of a load, to the holder of the card.
    func loaded(to email: String, _ load: LoadRecord, at now: Instant) -> MailMessage {
        let amount = load.terms.amount
        let balance = load.answer.map { answer in
            amountText(
                Money(
                    minorUnits: answer.balance,
                    currency: amount.currency,
                    exponent: amount.exponent
                )
            )
        }
        return MailMessage(
            to: email,
            subject: "Your card was loaded with \(amountText(amount))",
            body: """
                Your virtual card was loaded from your bank.

                    Amount:        \(amountText(amount))
                    Balance then:  \(balance ?? "see your card")
                    Bank:          \(load.page.bankName)
                    Card:          \(load.card.masked)
                    Transaction:   \(load.terms.transaction.text)

                Your history shows it, too:

                \(logonURL)

                If it was not you, tell your bank and the issuer of your card.

                """,
            madeAt: now
        )
    }
}
