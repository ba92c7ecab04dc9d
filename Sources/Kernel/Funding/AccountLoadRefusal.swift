// SPDX-License-Identifier: Apache-2.0

/// Why a card is not loaded from a funding account, in the order in which the reasons are looked
/// for (a replay that is not forged is recognised before all others and gets its earlier answer).
/// Whatever the reason, the account is not charged.
package enum AccountLoadRefusal: UInt8, Error, CaseIterable, Sendable {
    /// Another load has this transaction identifier.
    case transactionReused = 0x01
    /// The transaction identifier was not made for this load by the server that is asked.
    case transactionForged = 0x02
    // Who pays.
    case noFundingAccount = 0x10
    case accountExpired = 0x11
    /// The card is neither the payer's own nor that of a child of theirs.
    case notAllowed = 0x12
    // The card.
    case unknownCard = 0x20
    case cardDamaged = 0x21
    case cardBlocked = 0x22
    case cardExpired = 0x23
    case currencyNotHeld = 0x24
    case belowMinimum = 0x25
    /// More than the maximum balance leaves room for.
    case aboveMaximum = 0x26
    case numbersUsedUp = 0x27
    case refusedByLimit = 0x28
    // The funding network.
    case declined = 0x30
    case insufficientFunds = 0x31
    case accountUnknown = 0x32
    case limitExceeded = 0x33
    case accountRestricted = 0x34
    case notPermitted = 0x35
    case issuerUnavailable = 0x36
    /// The billing address is not that of the account (AVS).
    case addressMismatch = 0x37
    case verificationValueMismatch = 0x38
    // Signatures.
    /// S1 or S3.
    case cardSignatureWrong = 0x40
    /// S2.
    case loadModuleSignatureWrong = 0x41
    // The world.
    case busy = 0x50
    /// The gateway does not take the request as it is.
    case gatewayRefused = 0x51
    /// No answer in time: what was approved is given back.
    case gatewaySilent = 0x52
    case storeUnavailable = 0x53

    /// Whether a load of the same amount may succeed later without anybody's help.
    package var isTransient: Bool {
        switch self {
        case .busy, .gatewaySilent, .storeUnavailable, .issuerUnavailable: true
        default: false
        }
    }
}

extension AccountLoadRefusal {
    /// The word for this in text that machines read; it never changes.
    package var word: String {
        switch self {
        case .transactionReused: "transaction-reused"
        case .transactionForged: "transaction-forged"
        case .noFundingAccount: "no-funding-account"
        case .accountExpired: "account-expired"
        case .notAllowed: "not-allowed"
        case .unknownCard: "unknown-card"
        case .cardDamaged: "card-damaged"
        case .cardBlocked: "card-blocked"
        case .cardExpired: "card-expired"
        case .currencyNotHeld: "currency-not-held"
        case .belowMinimum: "below-minimum"
        case .aboveMaximum: "above-maximum"
        case .numbersUsedUp: "numbers-used-up"
        case .refusedByLimit: "refused-by-limit"
        case .declined: "declined"
        case .insufficientFunds: "insufficient-funds"
        case .accountUnknown: "account-unknown"
        case .limitExceeded: "limit-exceeded"
        case .accountRestricted: "account-restricted"
        case .notPermitted: "not-permitted"
        case .issuerUnavailable: "issuer-unavailable"
        case .addressMismatch: "address-mismatch"
        case .verificationValueMismatch: "verification-value-mismatch"
        case .cardSignatureWrong: "card-signature-wrong"
        case .loadModuleSignatureWrong: "load-module-signature-wrong"
        case .busy: "busy"
        case .gatewayRefused: "gateway-refused"
        case .gatewaySilent: "gateway-silent"
        case .storeUnavailable: "store-unavailable"
        }
    }
}

extension AccountLoadRefusal {
    package init(_ decline: FundingDecline) {
        switch decline {
        case .declined: self = .declined
        case .insufficientFunds: self = .insufficientFunds
        case .accountUnknown: self = .accountUnknown
        case .accountExpired: self = .accountExpired
        case .limitExceeded: self = .limitExceeded
        case .accountRestricted: self = .accountRestricted
        case .notPermitted: self = .notPermitted
        case .issuerUnavailable: self = .issuerUnavailable
        }
    }

    /// Why a card declined a credit, by its completion code.
    package init(declined completion: CompletionCode) {
        switch completion {
        case .cardExpired: self = .cardExpired
        case .cardBlocked: self = .cardBlocked
        case .refusedByLimit: self = .refusedByLimit
        case .maximumBalanceExceeded: self = .aboveMaximum
        case .done, .insufficientValue: self = .cardDamaged
        }
    }
}
