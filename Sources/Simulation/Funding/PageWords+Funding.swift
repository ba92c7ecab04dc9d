// SPDX-License-Identifier: Apache-2.0

package import Kernel

// What people read when a load from the account on file ends, in the words of the pages.
extension PageWords {
    package static let notCharged = "Nothing was put on the card, and your account is not charged."

    package static let accountLoaded = "Loaded"
    package static let accountLoadPending = PageWords(
        "Being settled",
        "Not on the card yet. Either it comes onto the card and is charged, once, or your bank "
            + "gives back what it has set aside."
    )

    /// Of a card that was not loaded from the account.
    package init(accountLoad refusal: AccountLoadRefusal) {
        func words(_ title: String, _ money: String = PageWords.notCharged) -> PageWords {
            PageWords(title, money)
        }
        self =
            switch refusal {
            case .transactionReused: words("This confirmation was used before")
            case .transactionForged:
                words("This confirmation is not the one that you were shown")
            case .noFundingAccount: words("There is no account to load from")
            case .accountExpired: words("Your account has expired")
            case .notAllowed: words("This card is not yours to load")
            case .unknownCard, .cardDamaged, .cardBlocked, .currencyNotHeld, .numbersUsedUp,
                .refusedByLimit:
                words("The card cannot be loaded")
            case .cardExpired: words("The card has expired")
            case .belowMinimum: words("This is too little to load")
            case .aboveMaximum: words("The card cannot hold that much")
            case .declined, .accountRestricted, .notPermitted: words("Your bank said no")
            case .insufficientFunds: words("There is not enough on your account")
            case .accountUnknown: words("Your bank does not know the account")
            case .limitExceeded: words("A limit of your account was reached")
            case .issuerUnavailable: words("Your bank could not be reached")
            case .addressMismatch: words("Your address is not the one that your bank knows")
            case .verificationValueMismatch: words("The security code was not right")
            case .cardSignatureWrong, .loadModuleSignatureWrong, .gatewayRefused:
                words("Something is wrong on our side")
            case .busy: words("There is too much to do just now")
            case .gatewaySilent:
                words(
                    "Your bank did not answer in time",
                    "Nothing was put on the card. If your bank has set something aside for it, it "
                        + "is given back."
                )
            case .storeUnavailable:
                words(
                    "We could not do it now",
                    "If the load was made after all, it is on the card once, and charged once."
                )
            }
    }
}
