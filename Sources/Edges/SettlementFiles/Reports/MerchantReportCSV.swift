// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

/// A merchant's settlement report as CSV: a line for each payout, and below it one for each of its
/// sales, which names the payout again. Memory does not grow with it.
package struct MerchantReportCSV: MerchantReport {
    private static let columns = [
        "kind", "payout", "date", "account", "sale", "time", "security card", "batch", "index",
        "amount", "fees", "adjustments", "net", "currency",
    ]

    private let sink: any ByteSink
    private let head: MerchantReportHead
    private var check: ReportCheck
    private var buffer: [UInt8] = []

    /// - Parameters:
    ///   - sink: of a file that only counts if ``finish()`` returns.
    ///   - head: whom it is for.
    package init(to sink: any ByteSink, _ head: MerchantReportHead) {
        self.sink = sink
        self.head = head
        check = ReportCheck()
        buffer += Array(CSVLine.text(MerchantReportCSV.columns).utf8)
    }

    /// - Throws: `.reportDiffers` of the payout before, `.unwritableFile`.
    package mutating func begin(_ payout: ReportedPayout) throws(SettlementFileFailure) {
        try check.begin(payout)
        try line([
            "payout", CSVLine.guarded(payout.endToEnd.text), MessageDate.text(payout.executionDate),
            CSVLine.guarded(payout.account), "", "", "", "", "",
            text(payout.sales), text(payout.fees), text(payout.adjustments), text(payout.net),
            head.currency.code,
        ])
    }

    /// - Throws: `.outOfOrder`, `.amountTooLarge`, `.unwritableFile`.
    package mutating func add(_ sale: ReportedSale) throws(SettlementFileFailure) {
        let payout = try check.add(sale)
        try line([
            "sale", CSVLine.guarded(payout.endToEnd.text), MessageDate.text(payout.executionDate),
            "", CSVLine.guarded(sale.transaction), MessageDate.text(sale.time),
            CSVLine.guarded(sale.securityCard), String(sale.batch), String(sale.index),
            text(sale.amount), "", "", "", head.currency.code,
        ])
    }

    /// - Throws: `.reportDiffers` of the last payout, `.unwritableFile`.
    package mutating func finish() throws(SettlementFileFailure) {
        try check.endPayout()
        try sink.write(buffer)
        buffer = []
    }

    private mutating func line(_ cells: [String]) throws(SettlementFileFailure) {
        buffer += Array(CSVLine.text(cells).utf8)
        guard buffer.count >= SettlementLimits.writtenPieceBytes else { return }
        try sink.write(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    private func text(_ amount: ExactAmount) -> String {
        amount.text(decimals: head.currency.decimals)
    }
}
