// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What people read when a purchase ends: the title of the page, and where the money is. In the
/// words of the pages, which a test of the sites compares, because the simulation has no pages.
package struct PageWords: Equatable, Sendable {
    package let title: String
    package let money: String

    package init(_ title: String, _ money: String = PageWords.untouched) {
        self.title = title
        self.money = money
    }

    package static let untouched = "Nothing was taken from your card."
    private static let kept = "Nothing was taken. What is on the card stays yours."

    // MARK: At the OPAL server

    package static let paid = "Paid"
    package static let pending = PageWords(
        "Being settled",
        "Pending. Either it is paid, once, or it is put back on your card. Nothing is taken twice."
    )

    /// A payment that was given up after the card was debited.
    ///
    /// `amount`: ready for the reader.
    package static func putBack(_ amount: String) -> PageWords {
        PageWords("The payment was given up", "Put back: \(amount) is on your card again.")
    }

    // MARK: At the shop

    package static let receipt = "Paid, and it is yours"
    package static let resultNotGenuine = "We could not use this result"
    package static let resultContradicts = "This order has ended already"
    package static let notHeardYet = "We have not heard the end yet"
    package static let cannotAsk = "We cannot ask just now"
    package static let givenUp = "The payment was given up"
    /// The shop's own store does not answer.
    package static let broken = "Something broke on our side"
}

extension PageWords {
    /// Of a refusal of which nothing more is known.
    package init(_ refusal: Refusal) {
        let cannotPay = "This shop cannot be paid from here"
        switch refusal {
        case .malformed, .unknownMessage: self.init("The payment server was not understood")
        case .unknownPaymentServer, .unknownMerchant, .policyNotSupported: self.init(cannotPay)
        case .orderForged: self.init("The order is not genuine")
        case .orderTooOld: self.init("The order is too old")
        case .orderAlreadyPaid:
            self.init(
                "No second payment was made",
                "Taken once, by the first payment. Nothing was taken now."
            )
        case .orderGivenUp, .notDebited: self.init("The payment was given up")
        case .orderInProgress:
            self.init(
                "This order is being paid already",
                "Taken at most once, by the payment that is under way."
            )
        case .orderUnknown: self.init("The order is not known")
        case .unknownCard: self.init("Your card was not found")
        case .cardDamaged: self.init("Your card is stopped", Self.kept)
        case .cardBlocked: self.init("Your card is blocked", Self.kept)
        case .cardExpired: self.init("Your card has expired", Self.kept)
        case .currencyNotHeld: self.init("The shop asks for another currency")
        case .insufficientValue: self.init("Your card does not hold enough")
        case .numbersUsedUp: self.init("Your card is used up", Self.kept)
        case .refusedByLimit: self.init("This is more than your card may pay")
        case .issuerNotAccepted: self.init("The shop does not take this card")
        case .cardMismatch: self.init("Another card began this payment")
        case .programmeNotTaken: self.init("This shop does not take these points")
        case .keyVersionEnded: self.init("Your card has to be renewed", Self.kept)
        case .securityCardSignatureWrong:
            self.init("The payment server could not prove itself")
        case .cardSignatureWrong: self.init("Your card was not believed")
        case .busy: self.init("The payment server is busy")
        case .paymentServerSilent: self.init("The payment server does not answer")
        case .storeUnavailable:
            self.init(
                "We could not do it now",
                "Nothing was taken from your card, as far as we know; your history shows it."
            )
        case .cardChanged: self.init("Your card was busy")
        }
    }
}
