// SPDX-License-Identifier: Apache-2.0

/// What a cardholder says is wrong with a purchase.
package enum DisputeReason: UInt8, CaseIterable, Sendable {
    case notDelivered = 1
    case notAsDescribed = 2
    case chargedTwice = 3
    /// The holder says that somebody else has paid with the card.
    case notMine = 4
    case wrongAmount = 5
    case other = 6
}
