// SPDX-License-Identifier: Apache-2.0

/// Why a party does not go on with a load, in the order in which the reasons are looked for (a
/// replay is recognised before all of them and gets its earlier answer). The codes are those of
/// ``Refusal`` where they mean the same.
package enum LoadRefusal: UInt8, Error, CaseIterable, Sendable {
    // The message itself.
    case malformed = 0x01
    case unknownMessage = 0x02
    // Who asks, and for what.
    case unknownLoadServer = 0x10
    case unknownBank = 0x11
    case loadForged = 0x12
    case loadTooOld = 0x13
    case alreadyLoaded = 0x14
    case loadGivenUp = 0x15
    case loadInProgress = 0x16
    case loadUnknown = 0x17
    case belowMinimum = 0x18
    // The card.
    case unknownCard = 0x20
    case cardDamaged = 0x21
    case cardBlocked = 0x22
    case cardExpired = 0x23
    case currencyNotHeld = 0x24
    case aboveMaximum = 0x25
    case numbersUsedUp = 0x26
    case refusedByLimit = 0x27
    case issuerNotAccepted = 0x28
    case cardMismatch = 0x29
    // Signatures.
    /// S2.
    case loadServerSignatureWrong = 0x30
    /// S1 or S3.
    case cardSignatureWrong = 0x31
    /// A negative result without the card's proof: the load stays open.
    case notProved = 0x32
    // The world.
    case busy = 0x40
    case loadServerSilent = 0x41
    case storeUnavailable = 0x42
    case cardChanged = 0x43
    /// The card could not be credited though the load server had issued S2.
    case notCredited = 0x44
    /// The person did not consent.
    case declined = 0x45

    /// Whether the same request may succeed later without anybody's help.
    package var isTransient: Bool {
        switch self {
        case .busy, .loadServerSilent, .storeUnavailable, .loadInProgress, .notProved: true
        default: false
        }
    }
}

extension LoadRefusal {
    /// The word for this in JSON and other text that machines read; it never changes.
    package var word: String {
        switch self {
        case .malformed: "malformed"
        case .unknownMessage: "unknown-message"
        case .unknownLoadServer: "unknown-load-server"
        case .unknownBank: "unknown-bank"
        case .loadForged: "load-forged"
        case .loadTooOld: "load-too-old"
        case .alreadyLoaded: "already-loaded"
        case .loadGivenUp: "load-given-up"
        case .loadInProgress: "load-in-progress"
        case .loadUnknown: "load-unknown"
        case .belowMinimum: "below-minimum"
        case .unknownCard: "unknown-card"
        case .cardDamaged: "card-damaged"
        case .cardBlocked: "card-blocked"
        case .cardExpired: "card-expired"
        case .currencyNotHeld: "currency-not-held"
        case .aboveMaximum: "above-maximum"
        case .numbersUsedUp: "numbers-used-up"
        case .refusedByLimit: "refused-by-limit"
        case .issuerNotAccepted: "issuer-not-accepted"
        case .cardMismatch: "card-mismatch"
        case .loadServerSignatureWrong: "load-server-signature-wrong"
        case .cardSignatureWrong: "card-signature-wrong"
        case .notProved: "not-proved"
        case .busy: "busy"
        case .loadServerSilent: "load-server-silent"
        case .storeUnavailable: "store-unavailable"
        case .cardChanged: "card-changed"
        case .notCredited: "not-credited"
        case .declined: "declined"
        }
    }

    /// - Returns: nil where no refusal has this word.
    package init?(word: String) {
        guard let refusal = LoadRefusal.allCases.first(where: { $0.word == word }) else {
            return nil
        }
        self = refusal
    }

    /// Why a card declined a credit, by its completion code.
    package init(declined completion: CompletionCode) {
        switch completion {
        case .cardExpired: self = .cardExpired
        case .cardBlocked: self = .cardBlocked
        case .refusedByLimit: self = .refusedByLimit
        case .maximumBalanceExceeded: self = .aboveMaximum
        case .done, .insufficientValue: self = .malformed
        }
    }
}
