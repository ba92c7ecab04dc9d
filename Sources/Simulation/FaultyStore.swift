// SPDX-License-Identifier: Apache-2.0

package import Records

/// A store in which things go wrong, in the ways that the port allows.
package final class FaultyStore: RecordStore {
    package enum Fault: Sendable {
        /// Nothing is written.
        case refuse(StoreFailure)
        /// The commit is made, and the store says that it is unavailable.
        case loseAnswer
        /// Nothing is written; the caller is told that somebody else was first.
        case conflict
    }

    /// The store without faults.
    package let inner: any RecordStore
    /// What happens to commits.
    package let commits = FaultPlan<Fault>()
    /// What happens to single reads.
    package let reads = FaultPlan<StoreFailure>()

    package init(_ inner: any RecordStore) {
        self.inner = inner
    }

    package func clear() {
        commits.clear()
        reads.clear()
    }

    package func read(_ key: RecordKey) async throws(StoreFailure) -> Record? {
        if let failure = reads.next() { throw failure }
        return try await inner.read(key)
    }

    package func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
        switch commits.next() {
        case .refuse(let failure): throw failure
        case .conflict: return .conflict
        case .loseAnswer:
            _ = try await inner.commit(transition)
            throw .unavailable("the answer was lost")
        case nil: return try await inner.commit(transition)
        }
    }

    package func list(
        _ kind: RecordKind,
        after cursor: [UInt8]?,
        limit: Int,
        order: RecordOrder
    ) async throws(StoreFailure) -> [Record] {
        try await inner.list(kind, after: cursor, limit: limit, order: order)
    }

    package func listOpen(
        _ kind: RecordKind,
        after cursor: [UInt8]?,
        limit: Int
    ) async throws(StoreFailure) -> [Record] {
        try await inner.listOpen(kind, after: cursor, limit: limit)
    }

    package func history(
        _ stream: [UInt8],
        after number: UInt64,
        limit: Int
    ) async throws(StoreFailure) -> [HistoryRow] {
        try await inner.history(stream, after: number, limit: limit)
    }

    package func count(_ kind: RecordKind) async throws(StoreFailure) -> Int {
        try await inner.count(kind)
    }
}
