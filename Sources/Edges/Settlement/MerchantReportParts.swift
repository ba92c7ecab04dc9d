// SPDX-License-Identifier: Apache-2.0

package import ClearingHouse
package import Kernel
import SettlementFiles

/// A merchant's settlement report as CSV that is read part by part; memory does not grow with it.
package actor MerchantReportParts {
    private let reports: MerchantReports
    private let payouts: [Payout]
    private let now: Instant
    private let sink = MemorySink()
    /// Nil before the first part.
    private var filling: MerchantReportFilling<MerchantReportCSV>?
    private var isEnded = false

    /// - Parameters:
    ///   - house: whose books have the payouts.
    ///   - payouts: of one account, at least one.
    ///   - now: the moment that stands in the report.
    package init(_ house: ClearingHouse, of payouts: [Payout], now: Instant) {
        reports = MerchantReports(house)
        self.payouts = payouts
        self.now = now
    }

    /// The next part. Asked for one after the other.
    ///
    /// - Returns: UTF-8, at least one byte; nil behind the last part.
    /// - Throws: `.clearing`, `.file`, also behind some parts: what was given is then no report.
    package func next() async throws(SettlementFailure) -> [UInt8]? {
        while !isEnded {
            // Also where it breaks off: half of it is no report.
            isEnded = true
            var filling = try await begun()
            if try await filling.goOn() {
                self.filling = filling
                isEnded = false
            } else {
                var report = filling.report
                try SettlementFailure.writing { () throws(SettlementFileFailure) in
                    try report.finish()
                }
            }
            let bytes = sink.take()
            if !bytes.isEmpty { return bytes }
        }
        return nil
    }

    private func begun() async throws(SettlementFailure) -> MerchantReportFilling<MerchantReportCSV>
    {
        if let filling { return filling }
        let head = try await reports.head(payouts, now)
        return MerchantReportFilling(MerchantReportCSV(to: sink, head), reports, payouts)
    }
}
