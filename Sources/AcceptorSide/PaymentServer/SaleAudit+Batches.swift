// SPDX-License-Identifier: Apache-2.0

import Batches
package import Kernel
package import Records
import SecurityModule
import Wire

// Collected sales and closed batches: each is as it was sold, and the chain over the rows of a
// batch ends where its security card has signed it.
extension SaleAudit {
    /// The rows of one batch, as far as they were walked.
    fileprivate struct Rows {
        let name: BatchName
        var count: UInt32 = 0
        var digest: [UInt8]
        var totals = BatchTotals()
        /// The first index without a row, where there are rows behind it.
        var missing: UInt32?
    }

    /// `before`: the memories as they were before the rows are walked; what these say was
    ///   on record by then. Of a security card on another host there is none, and what it has
    ///   counted may still be on its way.
    func checkBatches(
        _ before: [SecurityCardIdentifier: SecurityCardDescription],
        _ report: inout Report
    ) async throws(StoreFailure) {
        var rows: Rows?
        var seen: Set<BatchName> = []
        try await store.forEach(CollectedRecord.kind) { record async throws(StoreFailure) in
            guard
                let (bytes, sale, place) = try? await CollectedRecord.open(record, sealedBy: seals)
            else {
                report.findings.append(AuditFinding(Self.place(record), "does not open"))
                return
            }
            if rows?.name != place.batch {
                if let rows { report.findings += try await check(rows, before) }
                seen.insert(place.batch)
                rows = Rows(name: place.batch, digest: batches.start(of: place.batch))
            }
            rows?.add(sale, bytes, place, batches)
            if try await !isSold(sale) {
                report.findings.append(
                    AuditFinding(Self.place(record), "is not as it was sold")
                )
            }
        }
        if let rows { report.findings += try await check(rows, before) }
        try await store.forEach(BatchRecord.kind) { record async throws(StoreFailure) in
            guard let batch = try? await BatchRecord.open(record, sealedBy: seals).batch else {
                report.findings.append(AuditFinding(Self.place(record), "does not open"))
                return
            }
            let open = before[batch.name.securityCard]?.openBatch.number ?? 0
            if batch.name.number < open, !seen.contains(batch.name) {
                report.findings.append(
                    AuditFinding(Self.place(record), "has no sales on record")
                )
            }
            await check(batch, record, &report)
        }
    }

    /// Looks whether the security card has signed a batch, and notes how far it is.
    private func check(
        _ batch: BatchRecord,
        _ record: Record,
        _ report: inout Report
    ) async {
        let name = batch.name
        report.batchCount += 1
        report.lastBatches[name.securityCard] = max(
            report.lastBatches[name.securityCard] ?? 0,
            name.number
        )
        if batch.isAcknowledged { report.acknowledged.insert(name) }
        // Without KB nobody can tell.
        if (try? await batches.isGenuine(batch.header)) == false {
            report.findings.append(
                AuditFinding(Self.place(record), "is not signed by its security card")
            )
        }
    }

    /// The header of a closed batch as it is now; nil where there is none, or where it does not
    /// open.
    package func header(of batch: BatchName) async throws(StoreFailure) -> BatchHeader? {
        guard let record = try await store.read(BatchRecord.key(batch)) else { return nil }
        return try? await BatchRecord.open(record, sealedBy: seals).batch.header
    }

    /// Compares the rows of a batch with its header, and with the memory of its security card.
    private func check(
        _ rows: Rows,
        _ before: [SecurityCardIdentifier: SecurityCardDescription]
    ) async throws(StoreFailure) -> [AuditFinding] {
        let name = rows.name
        let place =
            "payment server, batch \(name.number) of security card \(name.securityCard.text)"
        let open = before[name.securityCard]?.openBatch
        if let missing = rows.missing, open != nil {
            return [AuditFinding(place, "its sale \(missing) is not on record")]
        }
        if let open, open.number == name.number, rows.count < open.count {
            return [
                AuditFinding(place, "has \(open.count) sales, but \(rows.count) are on record")
            ]
        }
        guard let record = try await store.read(BatchRecord.key(name)) else {
            let isClosed = open.map { name.number < $0.number } ?? false
            return isClosed ? [AuditFinding(place, "its header is not on record")] : []
        }
        // One that does not open is named where all headers are walked.
        guard let header = try? await BatchRecord.open(record, sealedBy: seals).batch.header else {
            return []
        }
        let isWhole = rows.missing == nil && rows.count == header.count
        if isWhole, rows.digest == header.digest, rows.totals.areThose(of: header) { return [] }
        // Rows may have come behind those that were walked, or may still come.
        let mayBeMore = open.map { name.number >= $0.number } ?? true
        if mayBeMore, rows.count < header.count { return [] }
        return [AuditFinding(place, "its sales are not those that its security card has signed")]
    }

    /// Whether a sale on record ended as it was collected.
    private func isSold(_ sale: CollectedSale) async throws(StoreFailure) -> Bool {
        guard let stored = try await self.sale(of: sale.transaction), stored.state == .sold,
            stored.isClosedBySecurityCard, let answer = stored.answer
        else { return false }
        return CollectedSale(stored.draw, stored.command, answer) == sale
    }
}

extension SaleAudit.Rows {
    fileprivate mutating func add(
        _ sale: CollectedSale,
        _ bytes: [UInt8],
        _ place: BatchPlace,
        _ batches: any BatchChecking
    ) {
        if place.index != count + 1, missing == nil { missing = count + 1 }
        count += 1
        digest = batches.extend(digest, with: [bytes])
        _ = totals.add(sale.amount)
    }
}
