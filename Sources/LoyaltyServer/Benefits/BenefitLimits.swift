// SPDX-License-Identifier: Apache-2.0

import Kernel

/// The bounds of benefits and redemptions.
package enum BenefitLimits {
    package static let codeBytesMax = 32
    package static let titleBytesMax = 80
    /// Shown before consent, so that the order page must take it.
    package static let descriptionBytesMax = PurchaseLimits.descriptionBytesMax
    package static let fileBytesMax = 128
    package static let mediaTypeBytesMax = 64
    /// Pieces that are ever put into the stock of one benefit.
    package static let stockMax: UInt64 = 1_000_000_000
    /// How long a piece is kept for an order: so long it can be paid, and a server's clock may be
    /// wrong by so much.
    package static let reservationTime = PurchaseLimits.orderTime + PurchaseLimits.clockSkew
    /// How often a step is decided again after a conflict before the caller is told to come back.
    /// Many may want the same benefit at the same moment, and one of them wins each time.
    package static let attemptsMax = 64
    /// Open reservations that one round reads.
    package static let roundPage = 256
}
