// SPDX-License-Identifier: Apache-2.0

/// Why a party does not go on with a purchase, in the order in which the reasons are looked for
/// (a replay is recognised before all of them and gets its earlier answer). Value can have left the
/// card in two cases only, `orderGivenUp` and `cardSignatureWrong`; then it comes back with SV.
package enum Refusal: UInt8, Error, CaseIterable, Sendable {
    // The message itself.
    case malformed = 0x01
    case unknownMessage = 0x02
    // Who asks, and for what.
    case unknownPaymentServer = 0x10
    case unknownMerchant = 0x11
    case orderForged = 0x12
    case orderTooOld = 0x13
    case orderAlreadyPaid = 0x14
    case orderGivenUp = 0x15
    case orderInProgress = 0x16
    case orderUnknown = 0x17
    case policyNotSupported = 0x18
    // The card.
    case unknownCard = 0x20
    case cardDamaged = 0x21
    case cardBlocked = 0x22
    case cardExpired = 0x23
    case currencyNotHeld = 0x24
    case insufficientValue = 0x25
    case numbersUsedUp = 0x26
    case refusedByLimit = 0x27
    case issuerNotAccepted = 0x28
    case cardMismatch = 0x29
    /// Points of a programme are taken at its own sites alone.
    case programmeNotTaken = 0x2A
    /// VKP of the card was retired: the holder gets another card, and what is on it moves there.
    case keyVersionEnded = 0x2B
    // Signatures.
    case securityCardSignatureWrong = 0x30
    case cardSignatureWrong = 0x31
    // The world: trying again may help, but with the last two only by a new order.
    case busy = 0x40
    case paymentServerSilent = 0x41
    case storeUnavailable = 0x42
    case cardChanged = 0x43
    /// The card could not be debited though the payment server had begun the sale, which is given
    /// up then: nothing was taken, and only a new order helps.
    case notDebited = 0x44

    /// Whether the same request may succeed later without anybody's help.
    package var isTransient: Bool {
        switch self {
        case .busy, .paymentServerSilent, .storeUnavailable, .orderInProgress: true
        default: false
        }
    }
}

extension Refusal {
    /// The word for this in JSON and other text that machines read; it never changes.
    package var word: String {
        switch self {
        case .malformed: "malformed"
        case .unknownMessage: "unknown-message"
        case .unknownPaymentServer: "unknown-payment-server"
        case .unknownMerchant: "unknown-merchant"
        case .orderForged: "order-forged"
        case .orderTooOld: "order-too-old"
        case .orderAlreadyPaid: "order-already-paid"
        case .orderGivenUp: "order-given-up"
        case .orderInProgress: "order-in-progress"
        case .orderUnknown: "order-unknown"
        case .policyNotSupported: "policy-not-supported"
        case .unknownCard: "unknown-card"
        case .cardDamaged: "card-damaged"
        case .cardBlocked: "card-blocked"
        case .cardExpired: "card-expired"
        case .currencyNotHeld: "currency-not-held"
        case .insufficientValue: "insufficient-value"
        case .numbersUsedUp: "numbers-used-up"
        case .refusedByLimit: "refused-by-limit"
        case .issuerNotAccepted: "issuer-not-accepted"
        case .cardMismatch: "card-mismatch"
        case .programmeNotTaken: "programme-not-taken"
        case .keyVersionEnded: "key-version-ended"
        case .securityCardSignatureWrong: "security-card-signature-wrong"
        case .cardSignatureWrong: "card-signature-wrong"
        case .busy: "busy"
        case .paymentServerSilent: "payment-server-silent"
        case .storeUnavailable: "store-unavailable"
        case .cardChanged: "card-changed"
        case .notDebited: "not-debited"
        }
    }

    package init?(word: String) {
        guard let refusal = Refusal.allCases.first(where: { $0.word == word }) else { return nil }
        self = refusal
    }
}

extension Refusal {
    /// Why a card declined a debit, by its completion code.
    package init(declined completion: CompletionCode) {
        switch completion {
        case .insufficientValue: self = .insufficientValue
        case .cardExpired: self = .cardExpired
        case .cardBlocked: self = .cardBlocked
        case .refusedByLimit: self = .refusedByLimit
        case .done, .maximumBalanceExceeded: self = .malformed
        }
    }
}
