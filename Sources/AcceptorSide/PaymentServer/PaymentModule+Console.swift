// SPDX-License-Identifier: Apache-2.0

package import Batches
package import Kernel
package import Records
package import SecurityModule
import Synchronization
import Wire

/// One line of the acquirer's console.
package struct SaleLine: Equatable, Sendable {
    package let transaction: TransactionIdentifier
    /// Nil where the stored sale does not open: it was changed by somebody else.
    package let sale: SaleRecord?
    /// Whether it is sold, and its security card does not count it for too long.
    package let isOverdue: Bool
}

/// One sale with its journal, oldest row first.
package struct SaleDetail: Equatable, Sendable {
    /// One row of the journal.
    package struct Row: Equatable, Sendable {
        package let number: UInt64
        package let hash: [UInt8]
        /// Nil where the row is not readable.
        package let step: SaleStep?
    }

    package let line: SaleLine
    package let journal: [Row]
}

/// A terminal with what its security card counts.
package struct TerminalLine: Equatable, Sendable {
    package let name: String
    /// The host of a remote terminal; nil for a terminal of this host.
    package let host: String?
    /// Whether it answers; a terminal of this host always does.
    package let isPresent: Bool
    package let securityCard: SecurityCardIdentifier
    package let isLeased: Bool
    /// Whether its security card had no number left when it was last asked for one.
    package let isFull: Bool
    /// The sale that it serves, once S2 is issued.
    package let transaction: TransactionIdentifier?
    /// Nil where the security card does not answer or its memory does not open.
    package let description: SecurityCardDescription?
}

// For the acquirer's operator.
extension PaymentModule {
    /// The sales, newest first.
    ///
    /// - Parameters:
    ///   - cursor: the last transaction of the page before; nil for the first page.
    ///   - limit: lines, capped at ``RecordLimits/pageMax``.
    /// - Returns: the lines; none behind the oldest sale.
    /// - Throws: `StoreFailure`, but not for a sale that does not open.
    package func sales(
        before cursor: TransactionIdentifier? = nil,
        limit: Int
    ) async throws(StoreFailure) -> [SaleLine] {
        try await sales(behind: cursor, limit: limit, .descending)
    }

    /// The sales behind one, oldest first; as ``sales(before:limit:)`` otherwise.
    package func sales(
        after cursor: TransactionIdentifier?,
        limit: Int
    ) async throws(StoreFailure) -> [SaleLine] {
        try await sales(behind: cursor, limit: limit, .ascending)
    }

    private func sales(
        behind cursor: TransactionIdentifier?,
        limit: Int,
        _ order: RecordOrder
    ) async throws(StoreFailure) -> [SaleLine] {
        var lines: [SaleLine] = []
        for record in try await store.list(
            SaleRecord.kind,
            after: cursor?.bytes,
            limit: limit,
            order: order
        ) {
            lines.append(try await line(record))
        }
        return lines
    }

    /// The batches that are not closed everywhere, by security card and number.
    ///
    /// `limit`: capped at ``RecordLimits/pageMax``.
    /// Returns: each with nil where it does not open.
    package func openBatches(limit: Int) async throws(StoreFailure) -> [BatchRecord?] {
        var batches: [BatchRecord?] = []
        for record in try await store.listOpen(BatchRecord.kind, after: nil, limit: limit) {
            batches.append(try? await BatchRecord.open(record, sealedBy: seals).batch)
        }
        return batches
    }

    /// The sales that still wait for something, oldest first; at most `limit`.
    package func openSales(limit: Int) async throws(StoreFailure) -> [SaleLine] {
        var lines: [SaleLine] = []
        for record in try await store.listOpen(SaleRecord.kind, after: nil, limit: limit) {
            lines.append(try await line(record))
        }
        return lines
    }

    /// One sale with its journal, or nil where there is none.
    package func sale(
        _ transaction: TransactionIdentifier
    ) async throws(StoreFailure) -> SaleDetail? {
        let key = SaleRecord.key(transaction)
        guard let record = try await store.read(key) else { return nil }
        let rows = try await store.history(key.bytes, after: 0, limit: RecordLimits.pageMax)
        return SaleDetail(
            line: try await line(record),
            journal: rows.map { row in
                SaleDetail.Row(
                    number: row.number,
                    hash: row.hash,
                    step: try? SaleStep(row.body)
                )
            }
        )
    }

    /// Has S3 of a sale checked again by its security card.
    ///
    /// - Returns: nil where it cannot be checked here: the security card is on another host or not
    ///   in the pool, the issuer's key is not in it, or no S3 came.
    package func isSignatureRight(of sale: SaleRecord) async -> Bool? {
        guard let answer = sale.answer,
            let terminal = terminals.terminals.first(where: {
                $0.identifier == sale.command.securityCard
            })
        else { return nil }
        return await terminal.verify(sale.draw, sale.command, answer)
    }

    /// What the sales of each policy have taken since the start; none where no sale was drawn.
    package func policyUses() -> [ComparisonPolicy: PolicyUse] { uses.withLock { $0 } }

    /// How many sales there are.
    package func saleCount() async throws(StoreFailure) -> Int {
        try await store.count(SaleRecord.kind)
    }

    /// All terminals, in the order in which they were configured.
    package func terminalLines() async -> [TerminalLine] {
        let (leased, full) = (terminals.leased, terminals.full)
        let serving = held.withLock { held in
            Dictionary(
                held.compactMap { entry in entry.value.terminal.map { ($0.identifier, entry.key) }
                },
                uniquingKeysWith: { first, _ in first }
            )
        }
        var lines: [TerminalLine] = []
        for terminal in terminals.terminals {
            lines.append(
                TerminalLine(
                    name: terminal.name,
                    host: terminal.remote?.host,
                    isPresent: terminal.isPresent,
                    securityCard: terminal.identifier,
                    isLeased: leased.contains(terminal.identifier),
                    isFull: full.contains(terminal.identifier),
                    transaction: serving[terminal.identifier],
                    description: await description(of: terminal)
                )
            )
        }
        return lines
    }

    /// What a remote terminal said last: a page does not wait for it.
    func description(of terminal: Terminal) async -> SecurityCardDescription? {
        if let remote = terminal.remote { return remote.lastDescription }
        return try? await terminal.describe()
    }

    private func line(_ record: Record) async throws(StoreFailure) -> SaleLine {
        guard let transaction = TransactionIdentifier(Hex.text(record.key.bytes)) else {
            preconditionFailure("The key of a sale is its TRX.")
        }
        do throws(StoreFailure) {
            return SaleLine(
                transaction: transaction,
                sale: try await open(record).sale,
                isOverdue: isOverdue(transaction)
            )
        } catch .damaged {
            return SaleLine(transaction: transaction, sale: nil, isOverdue: false)
        }
    }
}
