// SPDX-License-Identifier: Apache-2.0

import Kernel

/// Holds a merchant's report to its sums while it is written: each payout is what its sales, fees
/// and adjustments come to.
struct ReportCheck {
    private(set) var payout: ReportedPayout?
    private(set) var payouts = 0
    private var sum = ExactAmount.zero

    /// - Throws: `.reportDiffers` of the payout before.
    mutating func begin(_ payout: ReportedPayout) throws(SettlementFileFailure) {
        try endPayout()
        self.payout = payout
        payouts += 1
        sum = .zero
    }

    /// - Throws: `.outOfOrder` before a payout, `.amountTooLarge`.
    mutating func add(_ sale: ReportedSale) throws(SettlementFileFailure) -> ReportedPayout {
        guard let payout else { throw .outOfOrder }
        sum = try ReportCheck.sum(sum, sale.amount)
        return payout
    }

    /// - Throws: `.reportDiffers` where the last payout is not what its parts come to.
    mutating func endPayout() throws(SettlementFileFailure) {
        guard let payout else { return }
        self.payout = nil
        let rest = try ReportCheck.sum(payout.sales, -payout.fees)
        let net = try ReportCheck.sum(rest, payout.adjustments)
        guard net == payout.net, sum == payout.sales else {
            throw .reportDiffers(payout: payout.endToEnd.text)
        }
    }

    private static func sum(
        _ one: ExactAmount,
        _ other: ExactAmount
    ) throws(SettlementFileFailure) -> ExactAmount {
        guard let sum = one.adding(other) else { throw .amountTooLarge }
        return sum
    }
}
