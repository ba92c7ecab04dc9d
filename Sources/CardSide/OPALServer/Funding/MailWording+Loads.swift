// SPDX-License-Identifier: Apache-2.0

import Kernel

// Loads from a funding account.
extension MailWording {
    /// The receipt of a load, to who paid it.
    func loaded(to email: String, _ load: AccountLoadRecord, at now: Instant) -> MailMessage {
        let amount = amountText(load.amount)
        let what =
            switch load.purpose {
            case .own: "You loaded your virtual card."
            case .allowance: "The weekly allowance was loaded onto your child's card."
            case .gift: "What you gave your child is on its card."
            case .topUp: "Your virtual card was topped up, as you ordered."
            }
        return MailMessage(
            to: email,
            subject: "Receipt: \(amount) loaded",
            body: """
                \(what)

                    Amount:       \(amount)
                    Card:         \(load.card.masked)
                    Account:      \(account(of: load))
                    New balance:  \(amountText(load.balanceAfter))
                    Transaction:  \(load.transaction.text)

                \(logonURL)

                If you did not want this, log on and change your password at once.

                """,
            madeAt: now
        )
    }

    /// To a child whose card its guardian has loaded. It names no account.
    func received(to email: String, _ load: AccountLoadRecord, at now: Instant) -> MailMessage {
        let amount = amountText(load.amount)
        let what =
            load.purpose == .allowance ? "Your weekly allowance" : "Something from your guardian"
        return MailMessage(
            to: email,
            subject: "\(amount) for you",
            body: """
                \(what) is on your virtual card.

                    Amount:       \(amount)
                    Card:         \(load.card.masked)
                    New balance:  \(amountText(load.balanceAfter))

                \(logonURL)

                """,
            madeAt: now
        )
    }

    /// To who began a load that was pending and came to nothing.
    func notLoaded(
        to email: String,
        _ load: AccountLoadRecord,
        _ refusal: AccountLoadRefusal,
        at now: Instant
    ) -> MailMessage {
        let amount = amountText(load.amount)
        return MailMessage(
            to: email,
            subject: "\(amount) was not loaded",
            body: """
                A load was pending. Now it has ended: the card was not loaded, and your account is
                not charged. What your bank may have set aside for it is given back.

                    Amount:       \(amount)
                    Card:         \(load.card.masked)
                    Account:      \(account(of: load))
                    Reason:       \(reason(refusal))
                    Transaction:  \(load.transaction.text)

                If you still want it, load once more:

                \(logonURL)

                """,
            madeAt: now
        )
    }

    private func account(of load: AccountLoadRecord) -> String {
        load.account.map { "ends in \($0.lastFour), valid until \($0.expiry.text)" } ?? "none"
    }

    /// Why nothing was loaded, in a few words.
    func reason(_ refusal: AccountLoadRefusal) -> String {
        switch refusal {
        case .transactionReused, .gatewayRefused, .cardSignatureWrong, .loadModuleSignatureWrong:
            "a fault of ours"
        case .transactionForged: "the confirmation was changed"
        case .noFundingAccount: "there is no account to pay from"
        case .accountExpired: "your account has expired"
        case .notAllowed: "the card is not yours, nor that of a child of yours"
        case .unknownCard: "there is no such card"
        case .cardDamaged: "the card is out of order"
        case .cardBlocked: "the card is blocked"
        case .cardExpired: "the card has expired"
        case .currencyNotHeld: "the card holds another currency"
        case .belowMinimum: "the amount is below the minimum"
        case .aboveMaximum: "the card cannot hold so much"
        case .numbersUsedUp: "the card is used up"
        case .refusedByLimit: "a limit of the card"
        case .declined, .accountRestricted, .notPermitted: "your bank declined it"
        case .insufficientFunds: "not enough money on your account"
        case .accountUnknown: "your bank does not know the account"
        case .limitExceeded: "a limit of your account"
        case .issuerUnavailable: "your bank could not be reached"
        case .addressMismatch: "your address is not the one that your bank knows"
        case .verificationValueMismatch: "the card verification value is wrong"
        case .busy: "too much to do just then"
        case .gatewaySilent: "your bank did not answer in time"
        case .storeUnavailable: "a fault of ours"
        }
    }
}

extension AccountLoadRecord {
    var balanceAfter: Money {
        Money(minorUnits: balance, currency: amount.currency, exponent: amount.exponent)
    }
}
