// SPDX-License-Identifier: Apache-2.0

/// Why a dispute is not filed, answered, decided or withdrawn, in the order in which the reasons
/// are looked for.
package enum DisputeRefusal: Error, CaseIterable, Sendable {
    /// The card has made no such purchase through this server, or its record does not open.
    case unknownSale
    /// Points come back with their programme alone.
    case notMoney
    /// It is not known yet whether the merchant is paid.
    case pending
    /// The value is back on the card: the merchant was never paid.
    case putBack
    /// There is a dispute of this sale already, open or ended.
    case disputedBefore
    /// More than ``DisputeLimits/filingTime`` has gone by.
    case tooLate
    /// All that was paid is on the card again.
    case refundedBefore
    /// The card has ``DisputeLimits/openPerCardMax`` open ones.
    case tooManyOpen
    /// There is no such dispute.
    case unknownDispute
    /// It has an outcome, or was withdrawn.
    case ended
    /// A refund is on its way already.
    case decidedBefore
    /// A decision without an amount, without words for the holder, or with too many of them.
    case notSaid
    /// More than was paid less what was given back.
    case aboveRest
    /// The merchant has answered already.
    case answeredBefore
    /// As many charge-backs came to nothing as there are numbers for.
    case numbersUsedUp
}
