// SPDX-License-Identifier: Apache-2.0

import Records
import Synchronization

/// A store whose commits fail as it is told; all else is passed on.
final class FaultyStore: RecordStore {
    let inner = MemoryStore()
    private let state = Mutex<StoreFailure?>(nil)

    func fail(with failure: StoreFailure?) {
        state.withLock { $0 = failure }
    }

    func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
        if let failure = state.withLock({ $0 }) { throw failure }
        return try await inner.commit(transition)
    }

    func read(_ key: RecordKey) async throws(StoreFailure) -> Record? {
        try await inner.read(key)
    }

    func list(
        _ kind: RecordKind,
        after cursor: [UInt8]?,
        limit: Int,
        order: RecordOrder
    ) async throws(StoreFailure) -> [Record] {
        try await inner.list(kind, after: cursor, limit: limit, order: order)
    }

    func listOpen(
        _ kind: RecordKind,
        after cursor: [UInt8]?,
        limit: Int
    ) async throws(StoreFailure) -> [Record] {
        try await inner.listOpen(kind, after: cursor, limit: limit)
    }

    func history(
        _ stream: [UInt8],
        after number: UInt64,
        limit: Int
    ) async throws(StoreFailure) -> [HistoryRow] {
        try await inner.history(stream, after: number, limit: limit)
    }

    func count(_ kind: RecordKind) async throws(StoreFailure) -> Int {
        try await inner.count(kind)
    }
}
