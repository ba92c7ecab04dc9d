// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

/// Goes through the merchant's orders: opens every record and walks every journal.
package struct OrderAudit: Sendable {
    package struct Report: Sendable {
        package var findings: [AuditFinding] = []
        package var orderCount = 0
        /// Every order that opens.
        package var orders: Set<TransactionIdentifier> = []
        /// Orders that are paid or delivered, with their amounts.
        package var paid: [TransactionIdentifier: Money] = [:]
        package var deliveredCount = 0
        /// What was given back of orders, or is to be.
        package var refunds: [TransactionIdentifier: SaleRefunds] = [:]
    }

    private let store: any RecordStore
    private let sealing: any RecordSealing

    package init(store: any RecordStore, sealing: any RecordSealing) {
        self.store = store
        self.sealing = sealing
    }

    /// `progress`: told after each order.
    package func run(_ progress: @Sendable () -> Void) async throws(StoreFailure) -> Report {
        var report = Report()
        let book = OrderBook(store: store, sealing: sealing)
        try await store.forEach(MerchantRecords.order) { record async throws(StoreFailure) in
            report.orderCount += 1
            let place = "merchant, order \(Hex.text(record.key.bytes))"
            if let order = try? await book.open(record).order {
                report.orders.insert(order.transaction)
                switch order.state {
                case .paid, .delivered: report.paid[order.transaction] = order.article.price
                case .open, .unpaid: break
                }
                if order.state == .delivered { report.deliveredCount += 1 }
                report.findings += try await checkJournal(of: order, record, place)
            } else {
                report.findings.append(AuditFinding(place, "does not open"))
            }
            progress()
        }
        try await checkRefunds(book, &report)
        for kind in [MerchantRecords.sharedKey, MerchantRecords.agreement] {
            try await store.forEach(kind) { record async throws(StoreFailure) in
                let body = try? await sealing.open(
                    record.body,
                    name: record.sealName,
                    revision: record.revision
                )
                if body == nil {
                    let place = "merchant, \(kind.name) \(Hex.text(record.key.bytes))"
                    report.findings.append(AuditFinding(place, "does not open"))
                }
            }
        }
        return report
    }

    /// Refunds are of orders that were paid.
    private func checkRefunds(
        _ book: OrderBook,
        _ report: inout Report
    ) async throws(StoreFailure) {
        try await store.forEach(MerchantRecords.refund) { record async throws(StoreFailure) in
            let place = "merchant, refunds of order \(Hex.text(record.key.bytes))"
            guard let stored = try? await MerchantRefunds(book).open(record) else {
                report.findings.append(AuditFinding(place, "do not open"))
                return
            }
            let order = try? await book.read(stored.transaction).order
            if order?.terms.amount != stored.refunds.paid || order?.settlement == nil {
                report.findings.append(AuditFinding(place, "are not of an order that was paid"))
            }
            report.refunds[stored.transaction] = stored.refunds
        }
    }

    /// What a result said of an order.
    ///
    /// - Returns: nil where there is none, or where the order is not on record or does not open.
    package func settlement(
        of transaction: TransactionIdentifier
    ) async throws(StoreFailure) -> Settlement? {
        let key = RecordKey(MerchantRecords.order, transaction.bytes)
        guard let record = try await store.read(key) else { return nil }
        let book = OrderBook(store: store, sealing: sealing)
        return try? await book.open(record).order.settlement
    }

    /// Whether there is an order now.
    package func hasOrder(
        _ transaction: TransactionIdentifier
    ) async throws(StoreFailure) -> Bool {
        try await store.read(RecordKey(MerchantRecords.order, transaction.bytes)) != nil
    }

    private func checkJournal(
        of order: Order,
        _ record: Record,
        _ place: String
    ) async throws(StoreFailure) -> [AuditFinding] {
        let stream = order.transaction.bytes
        return try await store.checkJournal(
            of: record,
            stream: stream,
            rows: order.lastRow,
            lastHash: order.lastHash,
            place: place
        ) { row, previous in
            try? await sealing.chain(
                row.body,
                stream: stream,
                number: row.number,
                previous: previous
            ).hash
        }
    }
}
