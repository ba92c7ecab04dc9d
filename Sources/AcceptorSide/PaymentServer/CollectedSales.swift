// SPDX-License-Identifier: Apache-2.0

package import Batches
import Kernel
package import Records
package import SecurityModule
import Wire

/// The collected sales of database 223, page by page, for who sends them on. They stay there when
/// their batch is acknowledged.
package struct CollectedSales: BatchContents {
    private let store: any RecordStore
    private let seals: any RecordSealing

    package init(store: any RecordStore, seals: any RecordSealing) {
        self.store = store
        self.seals = seals
    }

    package func sales(
        of batch: BatchRecord,
        from index: UInt32,
        limit: Int
    ) async throws(StoreFailure) -> [[UInt8]] {
        precondition(index >= 1)
        let page = try await store.list(
            CollectedRecord.kind,
            after: CollectedRecord.key(BatchPlace(batch.name, index - 1)).bytes,
            limit: limit,
            order: .ascending
        )
        var (sales, next): ([[UInt8]], _) = ([], index)
        for record in page {
            guard record.key == CollectedRecord.key(BatchPlace(batch.name, next)) else { break }
            sales.append(try await CollectedRecord.open(record, sealedBy: seals).bytes)
            next += 1
        }
        return sales
    }

    package func release(_ batch: BatchRecord) async throws(StoreFailure) {}
}
