// SPDX-License-Identifier: Apache-2.0

/// Why the rule of an issuer gives up value on a card.
package enum SweepReason: UInt8, CaseIterable, Sendable {
    /// Nobody has used the card for as long as its issuer's rule says.
    case dormant = 1
    /// The card has expired, and nobody has renewed it for as long as the rule says.
    case expired = 2
}
