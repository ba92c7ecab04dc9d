// SPDX-License-Identifier: Apache-2.0

/// Holds a merchant's report to its sums while it is written: each payout is what its sales, fees
/// and adjustments come to.
struct ReportCheck {
    private let currency: ISOCurrency
    private(set) var payout: ReportedPayout?
    private(set) var payouts = 0
    private var sum: Int64 = 0

    init(_ currency: ISOCurrency) {
        self.currency = currency
    }

    /// - Throws: `.doesNotAddUp` of the payout before.
    mutating func begin(_ payout: ReportedPayout) throws(SettlementFileFailure) {
        try endPayout()
        self.payout = payout
        payouts += 1
        sum = 0
    }

    /// - Throws: `.outOfOrder` before a payout, `.amountTooLarge`.
    mutating func add(_ sale: ReportedSale) throws(SettlementFileFailure) -> ReportedPayout {
        guard let payout else { throw .outOfOrder }
        sum = try ReportCheck.sum(sum, ReportCheck.signed(sale.amount))
        return payout
    }

    /// - Throws: `.doesNotAddUp` of the last payout. Its figures: opening 0, credits the sales that
    ///   were there, debits fees less adjustments, closing the net; or, where those agree, opening
    ///   and closing the sums of sales that differ.
    mutating func endPayout() throws(SettlementFileFailure) {
        guard let payout else { return }
        self.payout = nil
        let fees = ReportCheck.signed(payout.fees)
        let debits = try ReportCheck.sum(fees, ReportCheck.negative(payout.adjustments))
        let figures = BalanceFigures(
            currency: currency,
            opening: 0,
            credits: sum,
            debits: debits,
            closing: ReportCheck.signed(payout.net)
        )
        guard figures.addUp, sum == ReportCheck.signed(payout.sales) else {
            throw .doesNotAddUp(figures)
        }
    }

    private static func signed(_ units: UInt64) -> Int64 { Int64(clamping: units) }

    private static func negative(_ units: Int64) throws(SettlementFileFailure) -> Int64 {
        guard units > Int64.min else { throw .amountTooLarge }
        return -units
    }

    private static func sum(_ left: Int64, _ right: Int64) throws(SettlementFileFailure) -> Int64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        guard !overflow else { throw .amountTooLarge }
        return sum
    }
}
