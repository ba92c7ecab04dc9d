// SPDX-License-Identifier: Apache-2.0

/// Why the funding network declined an authorization, as far as the person may know. The gateway
/// makes it of the response code of the network.
package enum FundingDecline: UInt8, CaseIterable, Sendable {
    /// The network gives no reason, or one that is nobody's business.
    case declined = 0x01
    case insufficientFunds = 0x02
    case accountUnknown = 0x03
    case accountExpired = 0x04
    /// Too much, or too often, for this account.
    case limitExceeded = 0x05
    /// Lost, stolen, closed.
    case accountRestricted = 0x06
    /// The account may not be used to load cards.
    case notPermitted = 0x07
    /// The issuer of the account cannot be reached by the network; later it may be.
    case issuerUnavailable = 0x08

    /// The word for this in text that machines read; it never changes.
    package var word: String {
        switch self {
        case .declined: "declined"
        case .insufficientFunds: "insufficient-funds"
        case .accountUnknown: "account-unknown"
        case .accountExpired: "account-expired"
        case .limitExceeded: "limit-exceeded"
        case .accountRestricted: "account-restricted"
        case .notPermitted: "not-permitted"
        case .issuerUnavailable: "issuer-unavailable"
        }
    }

    package init?(word: String) {
        guard let decline = FundingDecline.allCases.first(where: { $0.word == word }) else {
            return nil
        }
        self = decline
    }
}
