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
        /// Orders that are paid or delivered, with their amounts.
        package var paid: [TransactionIdentifier: Money] = [:]
        package var deliveredCount = 0
    }

    private let store: any RecordStore
    private let sealing: any RecordSealing

    package init(store: any RecordStore, sealing: any RecordSealing) {
        self.store = store
        self.sealing = sealing
    }

    /// - Parameter progress: told after each order.
    package func run(_ progress: @Sendable () -> Void) async throws(StoreFailure) -> Report {
        var report = Report()
        let book = OrderBook(store: store, sealing: sealing)
        try await store.forEach(MerchantRecords.order) { record async throws(StoreFailure) in
            report.orderCount += 1
            let place = "merchant, order \(Hex.text(record.key.bytes))"
            if let order = try? await book.open(record).order {
                switch order.state {
                case .paid, .delivered: report.paid[order.transaction] = order.article.price
                case .open, .unpaid: break
                }
                if order.state == .delivered { report.deliveredCount += 1 }
                if !(try await isChained(order)) {
                    report.findings.append(
                        AuditFinding(place, "its journal is not what was sealed"))
                }
            } else {
                report.findings.append(AuditFinding(place, "does not open"))
            }
            progress()
        }
        return report
    }

    private func isChained(_ order: Order) async throws(StoreFailure) -> Bool {
        let stream = order.transaction.bytes
        var previous = [UInt8](repeating: 0, count: RecordLimits.hashBytes)
        var number: UInt64 = 0
        var isRight = true
        try await store.forEachPage(of: stream, upTo: order.lastRow) {
            rows async throws(StoreFailure) in
            for row in rows {
                number += 1
                let expected = try? await sealing.chain(
                    row.body, stream: stream, number: number, previous: previous)
                if row.number != number || expected?.hash != row.hash { isRight = false }
                previous = row.hash
            }
        }
        return isRight && number == order.lastRow && previous == order.lastHash
    }
}
