// SPDX-License-Identifier: Apache-2.0

package import ClearingHouse
package import Kernel
import SettlementFiles

/// A merchant's settlement report of some payouts: each leads to its sales, and each sale names the
/// payout. What was released from suspense is among the sales.
package struct MerchantReports {
    private let house: ClearingHouse

    package init(_ house: ClearingHouse) {
        self.house = house
    }

    /// Writes a report as CSV; memory does not grow with it.
    ///
    /// - Parameters:
    ///   - path: replaced where it is there.
    ///   - payouts: of one account, at least one.
    ///   - now: the moment that stands in the report.
    /// - Throws: `.clearing`, `.file`; then nothing is there that was not there before.
    package func write(
        csv path: String,
        of payouts: [Payout],
        now: Instant
    ) async throws(SettlementFailure) {
        let head = try await head(payouts, now)
        let sink = try SettlementFailure.writing { () throws(SettlementFileFailure) in
            try SettlementFile(path: path)
        }
        var report = try await filled(MerchantReportCSV(to: sink, head), payouts)
        try SettlementFailure.writing { () throws(SettlementFileFailure) in
            try report.finish()
            try sink.keep()
        }
    }

    /// Gives a report as PDF, of at most `SettlementLimits.pdfSalesMax` sales.
    ///
    /// - Parameters:
    ///   - payouts: of one account, at least one.
    ///   - now: the moment that stands in the report.
    /// - Returns: the bytes of the file; nil where there are more sales.
    /// - Throws: `.clearing`, `.file`.
    package func pdf(
        of payouts: [Payout],
        now: Instant
    ) async throws(SettlementFailure) -> [UInt8]? {
        do throws(SettlementFailure) {
            let head = try await head(payouts, now)
            let empty = try SettlementFailure.writing { () throws(SettlementFileFailure) in
                try MerchantReportPDF(head)
            }
            var report = try await filled(empty, payouts)
            return try SettlementFailure.writing { () throws(SettlementFileFailure) in
                try report.finish()
            }
        } catch .file(.tooManySales) { return nil } catch { throw error }
    }

    /// Writes a report as PDF, of at most `SettlementLimits.pdfSalesMax` sales.
    ///
    /// - Parameters:
    ///   - path: replaced where it is there.
    ///   - payouts: of one account, at least one.
    ///   - now: the moment that stands in the report.
    /// - Throws: `.clearing`, `.file`; then nothing is there that was not there before.
    package func write(
        pdf path: String,
        of payouts: [Payout],
        now: Instant
    ) async throws(SettlementFailure) {
        guard let bytes = try await pdf(of: payouts, now: now) else { throw .file(.tooManySales) }
        try SettlementFailure.writing { () throws(SettlementFileFailure) in
            let sink = try SettlementFile(path: path)
            try sink.write(bytes)
            try sink.keep()
        }
    }

    private func filled<Report: MerchantReport>(
        _ report: Report,
        _ payouts: [Payout]
    ) async throws(SettlementFailure) -> Report {
        var filling = MerchantReportFilling(report, self, payouts)
        while try await filling.goOn() {}
        return filling.report
    }

    /// A page of the sales that a payout pays.
    func sales(
        of payout: Payout,
        from cursor: PayoutSalesCursor?
    ) async throws(SettlementFailure) -> (sales: [ReportedSale], next: PayoutSalesCursor?) {
        let page = try await SettlementFailure.books { () async throws(ClearingFailure) in
            try await house.sales(of: payout, from: cursor, limit: SettlementFolder.pageMax)
        }
        return (page.sales.map { ReportedSale($0.sale, at: $0.place) }, page.next)
    }

    func head(
        _ payouts: [Payout],
        _ now: Instant
    ) async throws(SettlementFailure) -> MerchantReportHead {
        guard let first = payouts.first, let last = payouts.last else {
            throw .clearing(.unknownPayout)
        }
        var number = first.account.name
        if case .merchant(let merchant) = first.account.owner { number = merchant.text }
        let days = [first.name.day.date, last.name.day.date].sorted()
        return try SettlementFailure.writing { () throws(SettlementFileFailure) in
            MerchantReportHead(
                merchant: first.payee.name,
                merchantNumber: number,
                currency: try ISOCurrency(first.account.currency),
                from: days[0],
                to: days[1],
                created: now
            )
        }
    }

    func reported(_ payout: Payout) async throws(SettlementFailure) -> ReportedPayout {
        var (sales, fees) = (payout.content.gross, payout.content.fees)
        try await rows(of: payout) { row async throws(SettlementFailure) in
            guard case .released(let place) = row.cause, let sale = try await sale(at: place)
            else { return }
            let gross = ExactAmount(sale.amount)
            guard let more = sales.adding(gross), let fee = gross.adding(-row.amount),
                let all = fees.adding(fee)
            else { throw .clearing(.amountTooLarge) }
            (sales, fees) = (more, all)
        }
        let parts = [payout.amount, -sales, fees]
        let identifier = try SettlementFailure.writing { () throws(SettlementFileFailure) in
            try FileIdentifier(payout.name.reference)
        }
        return ReportedPayout(
            endToEnd: identifier,
            executionDate: payout.valueDate,
            account: "…" + payout.payee.account.suffix(4),
            sales: sales,
            fees: fees,
            adjustments: ExactAmount(trillionths: parts.reduce(0) { $0 + $1.trillionths }),
            net: payout.amount
        )
    }

    /// The rows that a payout covers.
    private func rows(
        of payout: Payout,
        _ body: (AccountRow) async throws(SettlementFailure) -> Void
    ) async throws(SettlementFailure) {
        var number = payout.content.after
        while number < payout.content.upTo {
            let page = try await SettlementFailure.books { () async throws(ClearingFailure) in
                try await house.rows(
                    of: payout.account,
                    after: number,
                    limit: SettlementFolder.pageMax
                )
            }
            guard let last = page.last else { throw .clearing(.unknownPayout) }
            for row in page where row.number <= payout.content.upTo { try await body(row.entry) }
            number = last.number
        }
    }

    private func sale(at place: BatchPlace) async throws(SettlementFailure) -> CollectedSale? {
        try await SettlementFailure.books { () async throws(ClearingFailure) in
            try await house.sales(of: place.batch, from: place.index, limit: 1).first?.sale
        }
    }
}

extension ReportedSale {
    fileprivate init(_ sale: CollectedSale, at place: BatchPlace) {
        self.init(
            transaction: sale.transaction.text,
            time: sale.time.instant,
            securityCard: place.batch.securityCard.text,
            batch: place.batch.number,
            index: place.index,
            amount: ExactAmount(sale.amount)
        )
    }
}
