// SPDX-License-Identifier: Apache-2.0

/// Why a sale is not refunded, in the order in which the reasons are looked for. Whoever says one
/// says it for good; what may still change is ``RefundOutcome/pending``.
package enum RefundRefusal: UInt8, Error, CaseIterable, Sendable {
    /// There is no such sale, or it did not end as sold.
    case unknownSale = 1
    /// Another merchant has made the sale, or it was counted for another acquirer.
    case otherMerchant = 2
    /// Points come back with their programme alone.
    case notMoney = 3
    /// The amount has another currency or exponent than the sale.
    case otherCurrency = 4
    /// The same number of refund came with another amount before.
    case differs = 5
    /// All refunds of the sale together are above what was paid.
    case aboveSale = 6
    /// The operator of the clearing house has given the sale up: its merchant was never paid.
    case neverCleared = 7
    /// The issuer has not proved this sale, or it has put the value back on the card by itself.
    case notProved = 8
    /// There is no such card any more, or its record does not open.
    case unknownCard = 9
    case cardBlocked = 10
    /// The card has expired, and no other card follows it.
    case cardExpired = 11
    /// The card has no purse in this currency.
    case currencyNotHeld = 12
    /// The card cannot hold so much.
    case aboveMaximum = 13
    /// The card has consumed all its transaction numbers.
    case numbersUsedUp = 14
    /// The issuer has decided no charge-back with this number and amount.
    case notDecided = 15
}
