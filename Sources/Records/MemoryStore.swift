// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The records in memory: for tests and for the simulation. It forgets everything with the process.
package final class MemoryStore: RecordStore {
    private struct Content {
        var records: [RecordKey: Record] = [:]
        var history: [[UInt8]: [HistoryRow]] = [:]
    }

    private let content = Mutex(Content())

    package init() {}

    package func read(_ key: RecordKey) async throws(StoreFailure) -> Record? {
        content.withLock { $0.records[key] }
    }

    package func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
        content.withLock { content in
            var revisions: [RecordKey: UInt64] = [:]
            for write in transition.writes {
                let stored =
                    revisions[write.key] ?? content.records[write.key]?.revision ?? 0
                if stored != write.expectedRevision { return .conflict }
                revisions[write.key] = write.change == .delete ? 0 : stored + 1
            }
            var numbers: [[UInt8]: UInt64] = [:]
            for row in transition.history {
                let last =
                    numbers[row.stream] ?? UInt64(content.history[row.stream]?.count ?? 0)
                if row.number != last + 1 { return .conflict }
                numbers[row.stream] = row.number
            }
            for write in transition.writes { apply(write, to: &content) }
            for row in transition.history { content.history[row.stream, default: []].append(row) }
            return .committed
        }
    }

    package func list(
        _ kind: RecordKind,
        after cursor: [UInt8]?,
        limit: Int,
        order: RecordOrder
    ) async throws(StoreFailure) -> [Record] {
        page(kind, after: cursor, limit: limit, order: order) { _ in true }
    }

    package func listOpen(
        _ kind: RecordKind,
        after cursor: [UInt8]?,
        limit: Int
    ) async throws(StoreFailure) -> [Record] {
        page(kind, after: cursor, limit: limit, order: .ascending, where: \.isOpen)
    }

    package func history(
        _ stream: [UInt8],
        after number: UInt64,
        limit: Int
    ) async throws(StoreFailure) -> [HistoryRow] {
        content.withLock { content in
            let rows = content.history[stream] ?? []
            return Array(
                rows.drop { $0.number <= number }.prefix(min(limit, RecordLimits.pageMax))
            )
        }
    }

    package func count(_ kind: RecordKind) async throws(StoreFailure) -> Int {
        content.withLock { content in content.records.keys.count { $0.kind == kind } }
    }

    private func apply(_ write: RecordWrite, to content: inout Content) {
        switch write.change {
        case .put(let body, let reply, let isOpen):
            content.records[write.key] = Record(
                key: write.key,
                revision: write.expectedRevision + 1,
                isOpen: isOpen,
                body: body,
                reply: reply
            )
        case .delete:
            content.records[write.key] = nil
        }
    }

    private func page(
        _ kind: RecordKind,
        after cursor: [UInt8]?,
        limit: Int,
        order: RecordOrder,
        where isWanted: (Record) -> Bool
    ) -> [Record] {
        content.withLock { content in
            let ascending = content.records.values
                .filter { $0.key.kind == kind && isWanted($0) }
                .sorted { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
            let ordered = order == .ascending ? ascending : ascending.reversed()
            let behind = ordered.filter { record in
                guard let cursor else { return true }
                return order == .ascending
                    ? cursor.lexicographicallyPrecedes(record.key.bytes)
                    : record.key.bytes.lexicographicallyPrecedes(cursor)
            }
            return Array(behind.prefix(min(limit, RecordLimits.pageMax)))
        }
    }
}
