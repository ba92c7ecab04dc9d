// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import SettlementFiles

/// A report between its head and its end: payouts are added one by one, each with its sales behind
/// it, page by page.
struct MerchantReportFilling<Report: MerchantReport> {
    private(set) var report: Report
    private let reports: MerchantReports
    /// The next one first.
    private var waiting: ArraySlice<Payout>
    private var current: (payout: Payout, cursor: PayoutSalesCursor?)?

    init(_ report: Report, _ reports: MerchantReports, _ payouts: [Payout]) {
        self.report = report
        self.reports = reports
        waiting = payouts[...]
    }

    /// Adds what is next: a payout, or a page of its sales.
    ///
    /// - Returns: false where nothing was left to add.
    /// - Throws: `.clearing`, `.file`.
    mutating func goOn() async throws(SettlementFailure) -> Bool {
        if let (payout, cursor) = current {
            let page = try await reports.sales(of: payout, from: cursor)
            for sale in page.sales {
                try SettlementFailure.writing { () throws(SettlementFileFailure) in
                    try report.add(sale)
                }
            }
            current = page.next.map { (payout, $0) }
            return true
        }
        guard let payout = waiting.popFirst() else { return false }
        let reported = try await reports.reported(payout)
        try SettlementFailure.writing { () throws(SettlementFileFailure) in
            try report.begin(reported)
        }
        current = (payout, nil)
        return true
    }
}
