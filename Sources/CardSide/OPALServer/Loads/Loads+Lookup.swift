// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records

/// One line of the issuer's console.
package struct LoadLine: Equatable, Sendable {
    package let transaction: TransactionIdentifier
    /// Nil where the stored load does not open: it was changed by somebody else.
    package let load: LoadRecord?
}

// What became of a load, for pages that show it again and for the issuer's operator.
extension Loads {
    /// A load that a card was asked for.
    package struct Requested: Sendable {
        package let card: CardIdentifier
        /// What was loaded; a load page with the same transaction may say something else.
        package let terms: LoadTerms
        package let outcome: CardLoadOutcome
        package let requestedAt: Instant
    }

    /// What became of a transaction as far as it is known now; nothing is asked and nothing is
    /// changed.
    ///
    /// - Returns: nil where no card was asked for it.
    package func outcome(
        of transaction: TransactionIdentifier
    ) async throws(LoadRefusal) -> Requested? {
        guard let stored = try await read(transaction) else { return nil }
        return Requested(
            card: stored.load.card,
            terms: stored.load.terms,
            outcome: stored.outcome,
            requestedAt: stored.load.requestedAt
        )
    }

    /// One load, or nil where there is none.
    ///
    /// - Throws: `StoreFailure`, but not for a load that does not open.
    package func load(
        _ transaction: TransactionIdentifier
    ) async throws(StoreFailure) -> LoadLine? {
        guard let record = try await store.read(LoadRecord.key(transaction)) else { return nil }
        return try await line(record)
    }

    /// The loads that wait for their end, oldest first.
    ///
    /// - Parameters:
    ///   - cursor: the last transaction of the page before; nil for the first page.
    ///   - limit: lines, capped at ``RecordLimits/pageMax``.
    /// - Returns: the lines; none behind the newest open load.
    /// - Throws: `StoreFailure`, but not for a load that does not open.
    package func openLoads(
        after cursor: TransactionIdentifier? = nil,
        limit: Int
    ) async throws(StoreFailure) -> [LoadLine] {
        var lines: [LoadLine] = []
        for record in try await store.listOpen(
            LoadRecord.kind,
            after: cursor?.bytes,
            limit: limit
        ) {
            lines.append(try await line(record))
        }
        return lines
    }

    /// The loads behind one, ended or not, oldest first; as ``openLoads(after:limit:)`` otherwise.
    package func loads(
        after cursor: TransactionIdentifier?,
        limit: Int
    ) async throws(StoreFailure) -> [LoadLine] {
        var lines: [LoadLine] = []
        for record in try await store.list(
            LoadRecord.kind,
            after: cursor?.bytes,
            limit: limit,
            order: .ascending
        ) {
            lines.append(try await line(record))
        }
        return lines
    }

    /// How many loads there are, ended or not.
    package func loadCount() async throws(StoreFailure) -> Int {
        try await store.count(LoadRecord.kind)
    }

    private func line(_ record: Record) async throws(StoreFailure) -> LoadLine {
        guard let transaction = TransactionIdentifier(Hex.text(record.key.bytes)) else {
            preconditionFailure("The key of a load is its TRX.")
        }
        do throws(StoreFailure) {
            return LoadLine(transaction: transaction, load: try await open(record).load)
        } catch .damaged {
            return LoadLine(transaction: transaction, load: nil)
        }
    }
}
