// SPDX-License-Identifier: Apache-2.0

package import Kernel

// What people read when a load through a bank ends, in the words of the pages.
extension PageWords {
    private static let nothingLoaded =
        "Nothing was put on your card, and nothing is taken from your account."
    private static let held =
        "Held at the bank. It reaches the card once, or the bank gives it back."

    // MARK: At the OPAL server

    package static let loaded = "Loaded"

    /// `bank`: its name.
    package static func loadPending(_ bank: String) -> PageWords {
        PageWords(
            "Being settled",
            "Held at \(bank). Either it is on your card, once, or the bank gives it back. "
                + "Nothing is taken twice."
        )
    }

    /// Of a card that was not loaded.
    package init(load refusal: LoadRefusal) {
        func words(_ title: String, _ money: String = PageWords.nothingLoaded) -> PageWords {
            PageWords(title, money)
        }
        self =
            switch refusal {
            case .malformed, .unknownMessage: words("The load server was not understood")
            case .unknownLoadServer, .unknownBank, .issuerNotAccepted:
                words("This bank cannot load your card")
            case .loadForged: words("The load is not genuine")
            case .loadTooOld: words("The load is too old")
            case .alreadyLoaded:
                words(
                    "No second load was made",
                    "On the card once, and taken from your account once. Nothing was taken now."
                )
            case .loadGivenUp, .notCredited: words("The load was given up")
            case .loadInProgress: words("This load is under way already", PageWords.held)
            case .loadUnknown: words("The load is not known")
            case .belowMinimum: words("This is too little to load")
            case .unknownCard: words("Your card was not found")
            case .cardDamaged: words("Your card is stopped")
            case .cardBlocked: words("Your card is blocked")
            case .cardExpired: words("Your card has expired")
            case .currencyNotHeld: words("Your card holds another currency")
            case .aboveMaximum: words("Your card cannot hold that much")
            case .numbersUsedUp: words("Your card is used up")
            case .refusedByLimit: words("A limit of your card was reached")
            case .cardMismatch: words("This load is for another card")
            case .loadServerSignatureWrong: words("The load server could not prove itself")
            case .cardSignatureWrong: words("Your card was not believed")
            case .notProved: words("We have not heard the end yet", PageWords.held)
            case .busy: words("The load server is busy")
            case .loadServerSilent: words("The load server does not answer")
            case .storeUnavailable:
                words(
                    "We could not do it now",
                    "If the bank holds an amount for this load, it reaches the card once, or the "
                        + "bank gives it back."
                )
            case .cardChanged: words("Your card was busy")
            case .declined: words("You went back")
            }
    }

    // MARK: At the bank

    package static let loadedAtBank = "Loaded"
    package static let notLoadedAtBank = "Not loaded"
    package static let pendingAtBank = "Your load is being settled"
    package static let loadResultNotGenuine = "We could not use this result"
    package static let loadResultContradicts = "This load has ended already"
}
