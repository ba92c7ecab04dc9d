// SPDX-License-Identifier: Apache-2.0

/// What a merchant pays its acquirer for each sale, as data: a share of the amount, at least so
/// much, and so much for each batch in which it has a sale. Exact to the last trillionth; rounded
/// once, with the payout.
package struct FeeRule: Equatable, Sendable {
    /// In millionths of the amount: 15,000 are 1.5 %.
    package let rate: UInt32
    /// Of one sale, also of a smaller one: it never takes more than the sale.
    package let minimum: ExactAmount
    /// Once for each batch that has a sale of the merchant.
    package let perBatch: ExactAmount

    package static let none = FeeRule(known: 0, .zero, .zero)
    /// The whole amount.
    package static let rateMax: UInt32 = 1_000_000
    /// The most that a sale costs at the least, or a batch: a hundred major units.
    package static let fixedMax = ExactAmount(trillionths: 100_000_000_000_000)

    private init(known rate: UInt32, _ minimum: ExactAmount, _ perBatch: ExactAmount) {
        self.rate = rate
        self.minimum = minimum
        self.perBatch = perBatch
    }

    /// - Returns: nil where a part is negative or above its limit.
    package init?(rate: UInt32, minimum: ExactAmount, perBatch: ExactAmount) {
        let fixed = ExactAmount.zero...FeeRule.fixedMax
        guard rate <= FeeRule.rateMax, fixed.contains(minimum), fixed.contains(perBatch) else {
            return nil
        }
        self.init(known: rate, minimum, perBatch)
    }

    /// The rate in per cent, with all its decimals: `1.2`.
    package var percent: String {
        // A millionth is a ten-thousandth of a per cent.
        ExactAmount(trillionths: Int128(rate) * 100_000_000).decimal
    }

    /// What one sale costs: never more than it brings. An amount at 6 decimals times a rate in
    /// millionths is a whole number of trillionths, so that nothing is lost here.
    package func fee(of sale: Money) -> ExactAmount {
        let whole = ExactAmount(sale)
        let unit = ExactAmount.unit(sale.exponent) / Int128(FeeRule.rateMax)
        let share = ExactAmount(
            trillionths: Int128(sale.minorUnits) * unit * Int128(rate)
        )
        return min(max(share, minimum), whole)
    }
}
