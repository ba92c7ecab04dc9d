// SPDX-License-Identifier: Apache-2.0

package import Batches
package import Kernel
import Records
import Wire

// What stands in the books, for operators, merchants and auditors. Who may see it is the matter of
// the site in front.
extension ClearingHouse {
    // MARK: Accounts

    /// - Returns: nil for an account on which there never was anything.
    package func account(
        _ account: LedgerAccount
    ) async throws(ClearingFailure) -> AccountRecord? {
        try await book.find(AccountRecord.self, account.key)?.value
    }

    /// Accounts in the order of their keys.
    package func accounts(
        after account: LedgerAccount?,
        limit: Int
    ) async throws(ClearingFailure) -> [AccountRecord] {
        try await book.list(AccountRecord.self, after: account?.key, limit: limit)
    }

    /// Rows of an account's history behind one of them.
    package func rows(
        of account: LedgerAccount,
        after number: UInt64,
        limit: Int
    ) async throws(ClearingFailure) -> [(number: UInt64, entry: AccountRow)] {
        let history: [HistoryRow]
        do throws(StoreFailure) {
            history = try await book.store.history(account.stream, after: number, limit: limit)
        } catch { throw .store(error) }
        var rows: [(number: UInt64, entry: AccountRow)] = []
        for row in history {
            guard let entry = try? AccountRow(row.body) else {
                throw .damaged("row \(row.number) of an account \(Hex.text(account.key))")
            }
            rows.append((row.number, entry))
        }
        return rows
    }

    // MARK: Batches

    /// A batch: what its security card said of it, whether it is whole, and how far it is credited.
    package struct BatchView: Sendable {
        package let batch: BatchRecord
        /// Nil before its first sale is credited.
        package let crediting: Crediting?
    }

    /// - Returns: nil for a batch that was never offered.
    package func batch(_ name: BatchName) async throws(ClearingFailure) -> BatchView? {
        guard let batch = try await record(of: name) else { return nil }
        let crediting = try await book.find(Crediting.self, name.bytes)?.value
        return BatchView(batch: batch, crediting: crediting)
    }

    private func record(of name: BatchName) async throws(ClearingFailure) -> BatchRecord? {
        try await batch { () async throws(StoreFailure) in
            try await BatchRecord.read(name, in: book.store, sealedBy: book.sealing)?.batch
        }
    }

    /// Batches in the order of security cards and numbers.
    package func batches(
        after name: BatchName?,
        limit: Int
    ) async throws(ClearingFailure) -> [BatchView] {
        let records = try await batch { () async throws(StoreFailure) in
            try await book.store.list(
                BatchRecord.kind,
                after: name?.bytes,
                limit: limit,
                order: .ascending
            )
        }
        var views: [BatchView] = []
        for record in records {
            let stored = try await batch { () async throws(StoreFailure) in
                try await BatchRecord.open(record, sealedBy: book.sealing)
            }
            let crediting = try await book.find(Crediting.self, stored.batch.name.bytes)?.value
            views.append(BatchView(batch: stored.batch, crediting: crediting))
        }
        return views
    }

    func header(of name: BatchName) async throws(ClearingFailure) -> BatchHeader? {
        try await record(of: name)?.header
    }

    // MARK: Sales

    /// A sale of a batch with what became of it when its batch was credited.
    package struct SaleView: Sendable {
        package let sale: CollectedSale
        package let place: BatchPlace
        package let outcome: CreditOutcome
    }

    /// Sales of a batch in their order, as far as they are credited.
    ///
    /// `index`: of the first one.
    /// `limit`: at most ``CollectionMessage/partMax`` are given.
    package func sales(
        of name: BatchName,
        from index: UInt32,
        limit: Int
    ) async throws(ClearingFailure) -> [SaleView] {
        guard let record = try await record(of: name) else { throw .unknownBatch }
        guard let outcomes = try await outcomes(of: name, at: index) else { return [] }
        let first = Int(index - outcomes.first.index)
        let bytes = try await batch { () async throws(StoreFailure) in
            try await intake.contents.sales(
                of: record,
                from: index,
                limit: min(limit, outcomes.outcomes.count - first)
            )
        }
        var sales: [SaleView] = []
        for (bytes, outcome) in zip(bytes, outcomes.outcomes[first...]) {
            guard let (sale, place) = try? CollectedSale.read(bytes) else {
                throw .damaged("sales of batch \(Hex.text(name.bytes)) from \(index)")
            }
            sales.append(SaleView(sale: sale, place: place, outcome: outcome))
        }
        return sales
    }

    /// The outcomes that have a sale; nil behind the last one.
    func outcomes(
        of name: BatchName,
        at index: UInt32
    ) async throws(ClearingFailure) -> PartOutcomes? {
        let last = try await book.list(
            PartOutcomes.self,
            after: name.bytes + (index + 1).bigEndianBytes,
            limit: 1,
            order: .descending
        ).first
        guard let last, last.first.batch == name, index >= last.first.index,
            Int(index - last.first.index) < last.outcomes.count
        else { return nil }
        return last
    }

    /// What became of a transaction in the books.
    ///
    /// - Returns: nil for one that never moved money here.
    package func sale(
        _ transaction: TransactionIdentifier
    ) async throws(ClearingFailure) -> (sale: CollectedSale, cleared: ClearedSale)? {
        let key = ClearedSale.key(transaction)
        guard let cleared = try await book.find(ClearedSale.self, key)?.value else { return nil }
        return (try await sale(at: cleared.place), cleared)
    }

    func sale(at place: BatchPlace) async throws(ClearingFailure) -> CollectedSale {
        let view = try await sales(of: place.batch, from: place.index, limit: 1).first
        guard let view, view.place == place else { throw .unknownSale }
        return view.sale
    }
}
