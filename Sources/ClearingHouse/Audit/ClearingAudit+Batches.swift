// SPDX-License-Identifier: Apache-2.0

import Batches
import Kernel
import Records
import SecurityModule
import Wire

// Batches: what is credited is what security cards have signed, each sale once.
extension ClearingAudit {
    func checkBatches(
        _ report: inout Report,
        _ progress: @Sendable () -> Void
    ) async throws(StoreFailure) {
        try await book.store.forEach(BatchRecord.kind) { record async throws(StoreFailure) in
            report.recordCount += 1
            try await check(record, &report)
            progress()
        }
    }

    private func check(
        _ record: Record,
        _ report: inout Report
    ) async throws(StoreFailure) {
        guard
            let batch = (try? await BatchRecord.open(record, sealedBy: book.sealing))?.batch
        else {
            report.findings.append(Self.unopened(record))
            return
        }
        let place = "clearing house, batch \(Hex.text(batch.name.bytes))"
        if (try? await batches.isGenuine(batch.header)) == false {
            report.findings.append(AuditFinding(place, "is not signed by its security card"))
        }
        if batch.state == .receiving { return }
        report.whole[batch.name] = batch.header
        do throws(ClearingFailure) {
            let problems = try await problems(of: batch)
            report.findings += problems.map { AuditFinding(place, $0) }
        } catch .store(let failure) { throw failure } catch .damaged(let what) {
            report.findings.append(AuditFinding(place, "\(what) does not open"))
        } catch {
            report.findings.append(AuditFinding(place, "cannot be read: \(error)"))
        }
    }

    /// Walks the sales of a batch with what became of them.
    private func problems(of batch: BatchRecord) async throws(ClearingFailure) -> [String] {
        var problems: [String] = []
        let crediting = try await book.find(Crediting.self, batch.name.bytes)?.value
        let credited = crediting.map { $0.next - 1 } ?? 0
        var digest = batches.start(of: batch.name)
        var (cleared, suspended): (UInt32, UInt32) = (0, 0)
        var next: UInt32 = 1
        while next <= batch.header.count {
            let sales = try await house.batch { () async throws(StoreFailure) in
                try await house.intake.contents.sales(
                    of: batch,
                    from: next,
                    limit: CollectionMessage.partMax
                )
            }
            if sales.isEmpty { return problems + ["sale \(next) is missing"] }
            digest = batches.extend(digest, with: sales)
            for bytes in sales {
                if next <= credited {
                    let problem = try await problem(of: bytes, next, batch, &cleared, &suspended)
                    if let problem { problems.append("sale \(next) \(problem)") }
                }
                next += 1
            }
        }
        if digest != batch.header.digest { problems.append("does not come to its digest") }
        if let crediting, cleared != crediting.cleared || suspended != crediting.suspended {
            problems.append(
                "\(cleared) sales are cleared and \(suspended) set aside; "
                    + "it says \(crediting.cleared) and \(crediting.suspended)"
            )
        }
        if (batch.state == .closed) != (crediting?.isDone == true) {
            problems.append("its state is not that of its sales")
        }
        return problems
    }

    private func problem(
        of bytes: [UInt8],
        _ index: UInt32,
        _ batch: BatchRecord,
        _ cleared: inout UInt32,
        _ suspended: inout UInt32
    ) async throws(ClearingFailure) -> String? {
        guard let (sale, place) = try? CollectedSale.read(bytes) else { return "is no sale" }
        guard let outcomes = try await house.outcomes(of: batch.name, at: index) else {
            return "has no outcome"
        }
        let outcome = outcomes.outcomes[Int(index - outcomes.first.index)]
        let key = ClearedSale.key(sale.transaction)
        let known = try await book.find(ClearedSale.self, key)?.value
        guard case .suspended(let reason) = outcome else {
            cleared += 1
            if outcome == .points { return nil }
            guard let known, known.place == place, known.isCredited else {
                return "is not on record"
            }
            return try await refundProblem(of: known)
        }
        suspended += 1
        let entry = try await book.find(SuspendedSale.self, place.bytes)?.value
        guard let entry, entry.sale == sale, entry.reason == reason else {
            return "is not in suspense"
        }
        if entry.isPosted, known?.place != place { return "is not on record" }
        return nil
    }
}
