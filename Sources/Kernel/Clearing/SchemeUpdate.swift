// SPDX-License-Identifier: Apache-2.0

/// What travels back from the clearing house to payment servers and security cards.
package enum SchemeUpdate: Equatable, Sendable {
    /// A card that no payment server draws from any more, or does again.
    case card(CardIdentifier, isBlocked: Bool)
    /// A version of an issuer's KMP from which nothing is drawn after this day.
    case keyVersionEnds(IssuerIdentifier, version: UInt8, lastDay: CardDate)
    /// A merchant that is cleared for, or is not any more.
    case merchant(MerchantIdentifier, isOpen: Bool)
}
