// SPDX-License-Identifier: Apache-2.0

/// What an issuer says of a sale that one of its cards is said to have paid.
package enum SaleProof: UInt8, CaseIterable, Sendable {
    /// S6 is that of the card, and the number was used for this sale and no other.
    case proved = 0
    /// S6 is not that of the card: the sale is forged, or was altered.
    case forged = 1
    case unknownCard = 2
    /// S6 is right, and the card has paid something else with this number: there are two of it, or
    /// it was set back.
    case numberUsedTwice = 3
    /// The value of this sale was put back on the card.
    case recovered = 4
    /// The issuer has no such key version.
    case unknownKeyVersion = 5
}
