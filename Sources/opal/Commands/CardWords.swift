// SPDX-License-Identifier: Apache-2.0

import ClientCode
import Kernel
import Wire

/// What a person reads who pays with a card in a reader: what happened, and where the money is.
enum CardWords {
    static let nothing = "Nothing was taken from the card."

    /// Why a payment does not go on, as one sentence.
    static func text(_ problem: CardPaymentProblem) -> String {
        switch problem {
        case .refused(let refusal): text(refusal)
        case .reader(.removed): "There is no card in the reader."
        case .reader(.broken(let text)):
            text.hasSuffix(".") ? text : "The reader says: \(text)."
        case .cardNotUnderstood: "The card answers what no card of the profile answers."
        case .otherCard(let expected): "This is not the card \(expected), which is needed."
        case .notAgreed: "You did not agree."
        case .notRemembered(let failure): failure.text
        case .paymentServerSilent:
            "The payment server does not answer, or its certificate is not trusted."
        case .resultNotGenuine:
            "What answers at the payment server's address is not the one of this order."
        case .notDebited: "The card says that it was not debited."
        case .notPutBack(let status):
            "The card does not put the value back (it says \(hexadecimal(status)))."
        }
    }

    private static func hexadecimal(_ status: StatusWord) -> String {
        String(status.bits, radix: 16, uppercase: true)
    }

    private static func text(_ refusal: Refusal) -> String {
        switch refusal {
        case .malformed, .unknownMessage: "The payment server did not understand the payment."
        case .unknownPaymentServer: "The payment server is not known."
        case .unknownMerchant: "The payment server does not know this shop."
        case .orderForged: "The order is not what the shop and the payment server agreed on."
        case .orderTooOld: "The order is too old to be paid. Order again at the shop."
        case .orderAlreadyPaid: "This order is paid already."
        case .orderGivenUp: "The payment server gave this order up. Order again at the shop."
        case .orderInProgress:
            "This order is being paid elsewhere. Look at it again in two minutes."
        case .orderUnknown: "The payment server does not know this order."
        case .policyNotSupported:
            "For this shop the signature is compared where a card in a reader cannot be used yet."
        case .unknownCard: "The card is not known."
        case .cardDamaged: "The card's memory does not answer."
        case .cardBlocked: "The card is blocked. Ask its issuer."
        case .cardExpired: "The card has expired."
        case .currencyNotHeld: "The card holds no value in the currency of this order."
        case .insufficientValue: "There is too little value on the card."
        case .notDebited: "The card could not be debited. Order again at the shop."
        case .numbersUsedUp: "The card's transaction numbers are used up. Ask its issuer."
        case .refusedByLimit: "A limit of the card refuses this purchase."
        case .issuerNotAccepted: "The payment server does not take cards of this issuer."
        case .cardMismatch: "The card is not the one that began the payment."
        case .programmeNotTaken: "This shop does not take points of this programme."
        case .keyVersionEnded: "The issuer has retired the keys of the card: it must be renewed."
        case .securityCardSignatureWrong:
            "The card refused the payment server's signature: it is not genuine."
        case .cardSignatureWrong: "The payment server refused the card's signature."
        case .busy: "The payment server is busy. Try again in a minute."
        case .paymentServerSilent: "The payment server does not answer."
        case .storeUnavailable: "A database did not answer. Try again in a minute."
        case .cardChanged: "The card was used elsewhere meanwhile. Try again."
        }
    }
}
