// SPDX-License-Identifier: Apache-2.0

import Kernel
package import Records
package import SecurityModule
import Wire

/// The sales that are kept until the clearing house has them.
package struct ReceivedSales: BatchContents {
    let store: any RecordStore
    let seals: any RecordSealing

    package init(store: any RecordStore, seals: any RecordSealing) {
        self.store = store
        self.seals = seals
    }

    /// Parts that are removed in one commit.
    private static let removedTogetherMax = 100

    package func sales(
        of batch: BatchRecord,
        from index: UInt32,
        limit: Int
    ) async throws(StoreFailure) -> [[UInt8]] {
        let behind = PartRecord.key(batch.name, generation: batch.generation, from: index + 1)
        guard
            var part = try await store.list(
                PartRecord.kind,
                after: behind.bytes,
                limit: 1,
                order: .descending
            ).first
        else { return [] }
        var (sales, next): ([[UInt8]], _) = ([], index)
        while let place = PartRecord.read(part.key), place.batch == batch.name,
            place.generation == batch.generation, place.index <= next
        {
            let all = try await open(part)
            let skipped = Int(next - place.index)
            guard skipped < all.count else { break }
            let wanted = all.dropFirst(skipped).prefix(limit - sales.count)
            sales += wanted
            next += UInt32(wanted.count)
            guard sales.count < limit,
                let following = try await store.list(
                    PartRecord.kind,
                    after: part.key.bytes,
                    limit: 1,
                    order: .ascending
                ).first
            else { break }
            part = following
        }
        return sales
    }

    package func release(_ batch: BatchRecord) async throws(StoreFailure) {
        try await remove(of: batch.name) { _ in true }
    }

    /// Removes the parts of generations before this one.
    func removeOutdated(_ batch: BatchRecord) async throws(StoreFailure) {
        try await remove(of: batch.name) { $0 < batch.generation }
    }

    private func remove(
        of batch: BatchName,
        where isWanted: (_ generation: UInt32) -> Bool
    ) async throws(StoreFailure) {
        var cursor = PartRecord.key(batch, generation: 0, from: 0).bytes
        while true {
            let page = try await store.list(
                PartRecord.kind,
                after: cursor,
                limit: ReceivedSales.removedTogetherMax,
                order: .ascending
            )
            let outdated = page.filter { part in
                guard let place = PartRecord.read(part.key), place.batch == batch else {
                    return false
                }
                return isWanted(place.generation)
            }
            if outdated.isEmpty { return }
            let writes = outdated.map { part in
                RecordWrite.delete(part.key, expectedRevision: part.revision)
            }
            // Where somebody else removes them at the same time, the next page shows what is left.
            _ = try await store.commit(Transition(writes: writes))
            guard let last = outdated.last, outdated.count == page.count else { return }
            cursor = last.key.bytes
        }
    }

    private func open(_ part: Record) async throws(StoreFailure) -> [[UInt8]] {
        let body = try? await seals.open(
            part.body,
            name: part.sealName,
            revision: part.revision
        )
        guard let body, let sales = PartRecord.sales(body) else {
            throw .damaged("part \(Hex.text(part.key.bytes)) does not open")
        }
        return sales
    }
}
