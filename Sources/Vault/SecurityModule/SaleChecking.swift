// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// Whether S6 of a collected sale is that of the card that it names.
package enum SaleCheck: Sendable {
    case right
    /// Another card, a forger, or somebody who altered the sale has made it.
    case wrong
    /// The issuer has no keys of this version here.
    case keyUnknown
}

/// What the issuer asks its HSM 268 about sales that come back for payment: KCI never leaves it
/// (purse profile, "Keys").
package protocol SaleChecking: Sendable {
    /// Checks S6 of purchases (TI 02), of money and of points.
    ///
    /// - Parameter sales: of any cards, with any key versions.
    /// - Returns: one answer for each, in their order.
    /// - Throws: `.unavailable`.
    func check(_ sales: [CollectedSale]) async throws(ModuleFailure) -> [SaleCheck]
}
