// SPDX-License-Identifier: Apache-2.0

/// A store in front of another one, which does what the other one does except where it says
/// otherwise: it fails, counts, waits or looks on.
package protocol RecordStoreLayer: RecordStore {
    /// The store behind.
    var inner: any RecordStore { get }

    /// Asked before each call that the layer does not make itself.
    func admit() throws(StoreFailure)
}

extension RecordStoreLayer {
    package func admit() throws(StoreFailure) {}

    package func read(_ key: RecordKey) async throws(StoreFailure) -> Record? {
        try admit()
        return try await inner.read(key)
    }

    package func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
        try admit()
        return try await inner.commit(transition)
    }

    package func list(
        _ kind: RecordKind,
        after cursor: [UInt8]?,
        limit: Int,
        order: RecordOrder
    ) async throws(StoreFailure) -> [Record] {
        try admit()
        return try await inner.list(kind, after: cursor, limit: limit, order: order)
    }

    package func listOpen(
        _ kind: RecordKind,
        after cursor: [UInt8]?,
        limit: Int
    ) async throws(StoreFailure) -> [Record] {
        try admit()
        return try await inner.listOpen(kind, after: cursor, limit: limit)
    }

    package func history(
        _ stream: [UInt8],
        after number: UInt64,
        limit: Int
    ) async throws(StoreFailure) -> [HistoryRow] {
        try admit()
        return try await inner.history(stream, after: number, limit: limit)
    }

    package func count(_ kind: RecordKind) async throws(StoreFailure) -> Int {
        try admit()
        return try await inner.count(kind)
    }
}
