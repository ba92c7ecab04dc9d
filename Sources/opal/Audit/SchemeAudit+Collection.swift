// SPDX-License-Identifier: Apache-2.0

import Batches
import ConcentrationPoint
import Kernel
import Keys
import PaymentServer
import Records
import RecordsSQLite

// The concentration point, and what it and the payment server say of the same batches.
extension SchemeAudit {
    /// To be called after the payment server was audited: what is acknowledged there was
    /// acknowledged here before.
    func concentrationPoint(
        _ acquirer: Audited<SaleAudit, SaleAudit.Report>?,
        _ report: inout Report
    ) async throws {
        let side = try await audited(
            .concentrationPoint,
            ConcentrationPoint.schema,
            &report
        ) { side, findings in
            progress.begin("batches", of: try await side.store.count(BatchRecord.kind))
            let audit = ConcentrationAudit(
                store: side.store,
                seals: side.seals,
                checking: BatchKeys()
            )
            findings += try await audit.run { batch async throws(StoreFailure) in
                progress.step()
                guard let acquirer else { return nil }
                return try await problem(batch, acquirer)
            }
            return side
        }
        await side?.store.close()
    }

    /// What the payment server knows against a batch.
    private func problem(
        _ batch: BatchRecord,
        _ acquirer: Audited<SaleAudit, SaleAudit.Report>
    ) async throws(StoreFailure) -> String? {
        guard let header = try await acquirer.audit.header(of: batch.name) else {
            return "the payment server has closed no such batch"
        }
        guard header == batch.header else {
            return "is not as the payment server has closed it"
        }
        if acquirer.report.acknowledged.contains(batch.name), !batch.isAcknowledged {
            return "is acknowledged at the payment server alone"
        }
        return nil
    }
}
