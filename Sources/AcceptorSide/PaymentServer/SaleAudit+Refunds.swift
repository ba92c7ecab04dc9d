// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
import Wire

// Refunds are of sales that were sold, and never above them.
extension SaleAudit {
    func checkRefunds(_ report: inout Report) async throws(StoreFailure) {
        try await store.forEach(RefundRecords.kind) { record async throws(StoreFailure) in
            guard let known = try? await RefundRecords.open(record, sealedBy: seals) else {
                report.findings.append(AuditFinding(Self.place(record), "does not open"))
                return
            }
            guard let sale = try await sale(of: known.transaction), sale.state == .sold else {
                report.findings.append(
                    AuditFinding(Self.place(record), "is of a sale that was not sold")
                )
                return
            }
            if known.refunds.paid != sale.command.amount
                || known.refunds.merchant != sale.command.merchant
            {
                report.findings.append(AuditFinding(Self.place(record), "is not of its sale"))
            }
            report.refunds[known.transaction] = known.refunds
        }
    }

    /// The refunds of a sale as they are now: nil where there are none, or they do not open.
    package func refunds(
        of transaction: TransactionIdentifier
    ) async throws(StoreFailure) -> SaleRefunds? {
        guard let record = try await store.read(RefundRecords.key(transaction)) else { return nil }
        return try? await RefundRecords.open(record, sealedBy: seals).refunds
    }
}
