// SPDX-License-Identifier: Apache-2.0

package import Kernel

extension RefundRefusal {
    /// For people.
    package var words: String {
        switch self {
        case .unknownSale: "the payment server has no such sale"
        case .otherMerchant: "another merchant has made the sale"
        case .notMoney: "points come back with their programme alone"
        case .otherCurrency: "the sale has another currency"
        case .differs: "this number was used with another amount"
        case .aboveSale: "more than was paid"
        case .neverCleared: "the sale was given up, and never paid"
        case .notProved: "the issuer did not prove the sale"
        case .unknownCard: "the card is not there any more"
        case .cardBlocked: "the card is blocked"
        case .cardExpired: "the card has expired"
        case .currencyNotHeld: "the card does not hold this currency"
        case .aboveMaximum: "the card cannot hold so much"
        case .numbersUsedUp: "the card has no number left"
        case .notDecided: "the issuer has not decided this charge-back"
        }
    }
}
