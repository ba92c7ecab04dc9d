// SPDX-License-Identifier: Apache-2.0

package import Batches
import Kernel
package import Records
package import SecurityModule
import Wire

/// Goes through what a concentration point keeps: opens every record, and walks the chain of each
/// batch as far as it has come. The server may be running.
package struct ConcentrationAudit: Sendable {
    private let store: any RecordStore
    private let seals: any RecordSealing
    private let checking: any BatchChecking
    private let contents: ReceivedSales

    /// Sales that are walked at a time.
    private static let walkedMax = CollectionMessage.partMax

    /// `checking`: walks chains; no key is asked for.
    package init(
        store: any RecordStore,
        seals: any RecordSealing,
        checking: any BatchChecking
    ) {
        self.store = store
        self.seals = seals
        self.checking = checking
        contents = ReceivedSales(store: store, seals: seals)
    }

    /// `compare`: gets each batch, and says what others know against it; nil for nothing.
    package func run(
        _ compare: (BatchRecord) async throws(StoreFailure) -> String?
    ) async throws(StoreFailure) -> [AuditFinding] {
        var findings: [AuditFinding] = []
        for kind in [PartRecord.kind, UpdatePages.kind] {
            try await store.forEach(kind) { record async throws(StoreFailure) in
                if await !opens(record) {
                    findings.append(AuditFinding(Self.place(record), "does not open"))
                }
            }
        }
        try await store.forEach(BatchRecord.kind) { record async throws(StoreFailure) in
            guard record.reply.isEmpty,
                let stored = try? await BatchRecord.open(record, sealedBy: seals)
            else {
                findings.append(AuditFinding(Self.place(record), "does not open"))
                return
            }
            if try await !isWhole(stored) {
                findings.append(
                    AuditFinding(Self.place(record), "its sales are not those of its header")
                )
            }
            if let problem = try await compare(stored.batch) {
                findings.append(AuditFinding(Self.place(record), problem))
            }
        }
        return findings
    }

    private func opens(_ record: Record) async -> Bool {
        let body = try? await seals.open(
            record.body,
            name: record.sealName,
            revision: record.revision
        )
        guard let body, record.reply.isEmpty, !record.isOpen else { return false }
        return record.key.kind == UpdatePages.kind || PartRecord.sales(body) != nil
    }

    /// Whether the sales that are here are those that a batch has come to.
    private func isWhole(_ stored: BatchRecord.Stored) async throws(StoreFailure) -> Bool {
        let batch = stored.batch
        let (count, digest): (UInt32, [UInt8])
        switch batch.state {
        case .receiving:
            guard let progress = batch.progress else { return false }
            (count, digest) = (progress.next - 1, progress.digest)
        case .waiting: (count, digest) = (batch.header.count, batch.header.digest)
        // What is durable at the clearing house is removed here.
        case .acknowledged, .closed: return true
        }
        do throws(StoreFailure) {
            if try await walk(batch, upTo: count) == digest { return true }
            // Perhaps it has gone on meanwhile.
            let now = try await store.read(BatchRecord.key(batch.name))
            return now?.revision != stored.revision
        } catch {
            // A part that does not open is named among the parts.
            if case .damaged = error { return true }
            throw error
        }
    }

    /// The chain over the sales of a batch that are here; nil where one is missing.
    private func walk(
        _ batch: BatchRecord,
        upTo count: UInt32
    ) async throws(StoreFailure) -> [UInt8]? {
        var (digest, next) = (checking.start(of: batch.name), UInt32(1))
        while next <= count {
            let sales = try await contents.sales(
                of: batch,
                from: next,
                limit: min(Self.walkedMax, Int(count - next) + 1)
            )
            guard !sales.isEmpty else { return nil }
            digest = checking.extend(digest, with: sales)
            next += UInt32(sales.count)
        }
        return digest
    }

    private static func place(_ record: Record) -> String {
        "concentration point, \(record.key.kind.name) \(Hex.text(record.key.bytes))"
    }
}
