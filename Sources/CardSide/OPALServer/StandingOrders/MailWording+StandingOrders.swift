// SPDX-License-Identifier: Apache-2.0

import Kernel

// Standing orders, and the successor of a card.
extension MailWording {
    /// To a guardian who has ordered an allowance, or changed one.
    func allowanceSet(to email: String, _ amount: Money, at now: Instant) -> MailMessage {
        standing(
            to: email,
            subject: "A weekly allowance was set",
            """
            From now on \(amountText(amount)) a week are loaded onto your child's card, from your
            account.
            """,
            at: now
        )
    }

    /// To a user who has ordered a top-up, or changed it.
    func topUpSet(to email: String, _ rule: TopUpRule, at now: Instant) -> MailMessage {
        func money(_ minorUnits: UInt64) -> String {
            amountText(
                Money(
                    minorUnits: minorUnits,
                    currency: rule.amount.currency,
                    exponent: rule.amount.exponent
                )
            )
        }
        return standing(
            to: email,
            subject: "A standing top-up was set",
            """
            From now on your card is loaded with \(amountText(rule.amount)) from your account when
            there is less than \(money(rule.threshold)) on it, and at most \(money(rule.monthMax)) a
            month.
            """,
            at: now
        )
    }

    private func standing(
        to email: String,
        subject: String,
        _ what: String,
        at now: Instant
    ) -> MailMessage {
        MailMessage(
            to: email,
            subject: subject,
            body: """
                \(what)

                You can change or end it at any time:

                \(logonURL)

                If it was not you, log on, end it and change your password at once.

                """,
            madeAt: now
        )
    }

    /// To a guardian whose allowance came to nothing.
    func allowanceFailed(
        to email: String,
        _ amount: Money,
        _ refusal: AccountLoadRefusal,
        isRepeated: Bool,
        at now: Instant
    ) -> MailMessage {
        failed(
            to: email,
            "The weekly allowance for your child",
            amount,
            refusal,
            isRepeated
                ? "It will be tried again within a day."
                : "It will not be tried again before the next week.",
            at: now
        )
    }

    /// To a user whose standing top-up came to nothing.
    func topUpFailed(
        to email: String,
        _ amount: Money,
        _ refusal: AccountLoadRefusal,
        isRepeated: Bool,
        at now: Instant
    ) -> MailMessage {
        failed(
            to: email,
            "The standing top-up of your card",
            amount,
            refusal,
            isRepeated
                ? "It will be tried again within a day."
                : "It is stopped now, until you set it again.",
            at: now
        )
    }

    private func failed(
        to email: String,
        _ what: String,
        _ amount: Money,
        _ refusal: AccountLoadRefusal,
        _ next: String,
        at now: Instant
    ) -> MailMessage {
        MailMessage(
            to: email,
            subject: "\(amountText(amount)) was not loaded",
            body: """
                \(what) was not loaded. Your account is not charged.

                    Amount:       \(amountText(amount))
                    Reason:       \(reason(refusal))

                \(next)

                \(logonURL)

                """,
            madeAt: now
        )
    }

    /// To the holder of a card that has expired and was renewed.
    func cardRenewed(
        to email: String,
        _ successor: CardIdentifier,
        _ moved: Money,
        at now: Instant
    ) -> MailMessage {
        MailMessage(
            to: email,
            subject: "Your card was renewed",
            body: """
                Your virtual card had expired. Here is the new one, with what was on the old one:

                    New card:     \(successor.masked)
                    Value:        \(amountText(moved))

                User identifier and password are the same:

                \(logonURL)

                """,
            madeAt: now
        )
    }
}
