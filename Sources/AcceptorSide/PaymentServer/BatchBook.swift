// SPDX-License-Identifier: Apache-2.0

package import Batches
package import Kernel
package import Records
package import SecurityModule
import Wire

/// The batches of database 223 as their operator sees them, also beside the running server.
package struct BatchBook: Sendable {
    /// What a security card has counted since it closed a batch last, as far as the payment server
    /// was told.
    package struct Open: Equatable, Sendable {
        package let name: BatchName
        /// When its first sale was made.
        package let since: Instant
        package let count: UInt32
    }

    private let store: any RecordStore
    private let seals: any RecordSealing

    package init(store: any RecordStore, seals: any RecordSealing) {
        self.store = store
        self.seals = seals
    }

    /// Goes through what was closed, in the order of security cards and numbers.
    ///
    /// - Throws: `.damaged` where one does not open.
    package func forEachClosed(
        _ body: (BatchRecord) async throws(StoreFailure) -> Void
    ) async throws(StoreFailure) {
        try await store.forEach(BatchRecord.kind) { record async throws(StoreFailure) in
            try await body(try await BatchRecord.open(record, sealedBy: seals).batch)
        }
    }

    /// What is being counted into, at most one batch of each security card.
    ///
    /// - Throws: `.damaged` where a row does not open.
    package func open() async throws(StoreFailure) -> [Open] {
        var found: [Open] = []
        var cursor: [UInt8]?
        while let card = try await nextSecurityCard(after: cursor) {
            let name = try await nextBatch(of: card)
            if let open = try await open(name) { found.append(open) }
            // Whatever else this security card has collected is passed over.
            cursor = CollectedRecord.key(BatchPlace(BatchName(card, .max), .max)).bytes
        }
        return found
    }

    /// What the sales of a batch come to that were collected so far.
    ///
    /// - Throws: `.damaged` where a row does not open.
    package func totals(of batch: BatchName) async throws(StoreFailure) -> BatchTotals {
        var totals = BatchTotals()
        var cursor = CollectedRecord.key(BatchPlace(batch, 0)).bytes
        while true {
            let page = try await store.list(
                CollectedRecord.kind,
                after: cursor,
                limit: RecordLimits.pageMax,
                order: .ascending
            )
            for record in page {
                let (_, sale, place) = try await CollectedRecord.open(record, sealedBy: seals)
                guard place.batch == batch else { return totals }
                _ = totals.add(sale.amount)
            }
            guard page.count == RecordLimits.pageMax, let last = page.last else { return totals }
            cursor = last.key.bytes
        }
    }

    /// The batch that a security card closes next: behind the last one on record.
    func nextBatch(
        of securityCard: SecurityCardIdentifier
    ) async throws(StoreFailure) -> BatchName {
        let last = try await store.list(
            BatchRecord.kind,
            after: BatchRecord.key(BatchName(securityCard, .max)).bytes,
            limit: 1,
            order: .descending
        ).first
        guard let last else { return BatchName(securityCard, 1) }
        let name = try await BatchRecord.open(last, sealedBy: seals).batch.name
        guard name.securityCard == securityCard else { return BatchName(securityCard, 1) }
        return BatchName(securityCard, name.number + 1)
    }

    /// The first sale of a batch that is on record.
    func firstSale(of batch: BatchName) async throws(StoreFailure) -> CollectedSale? {
        let first = try await store.list(
            CollectedRecord.kind,
            after: CollectedRecord.key(BatchPlace(batch, 0)).bytes,
            limit: 1,
            order: .ascending
        ).first
        guard let first else { return nil }
        let (_, sale, place) = try await CollectedRecord.open(first, sealedBy: seals)
        return place.batch == batch ? sale : nil
    }

    private func open(_ name: BatchName) async throws(StoreFailure) -> Open? {
        guard let first = try await firstSale(of: name) else { return nil }
        let last = try await store.list(
            CollectedRecord.kind,
            after: CollectedRecord.key(BatchPlace(name, .max)).bytes,
            limit: 1,
            order: .descending
        ).first
        guard let last else { return nil }
        let place = try await CollectedRecord.open(last, sealedBy: seals).place
        return Open(name: name, since: first.time.instant, count: place.index)
    }

    private func nextSecurityCard(
        after cursor: [UInt8]?
    ) async throws(StoreFailure) -> SecurityCardIdentifier? {
        let record = try await store.list(
            CollectedRecord.kind,
            after: cursor,
            limit: 1,
            order: .ascending
        ).first
        guard let record else { return nil }
        return try await CollectedRecord.open(record, sealedBy: seals).place.batch.securityCard
    }
}
