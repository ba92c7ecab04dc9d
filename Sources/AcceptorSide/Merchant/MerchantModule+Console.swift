// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
import SecurityModule
import Wire

/// One line of the merchant's console.
package struct OrderLine: Equatable, Sendable {
    package let transaction: TransactionIdentifier
    /// Nil where the stored order does not open: it was changed by somebody else.
    package let order: OrderView?
}

extension MerchantModule {
    /// The orders, newest first; for the merchant, not for who ordered.
    ///
    /// - Parameters:
    ///   - cursor: the last transaction of the page before; nil for the first page.
    ///   - limit: lines, capped at ``RecordLimits/pageMax``.
    /// - Returns: the lines; none behind the oldest order.
    /// - Throws: `.store`, `.module`.
    package func orders(
        before cursor: TransactionIdentifier? = nil,
        limit: Int
    ) async throws(OrderFailure) -> [OrderLine] {
        let records: [Record]
        do throws(StoreFailure) {
            records = try await book.store.list(
                MerchantRecords.order,
                after: cursor?.bytes,
                limit: limit,
                order: .descending
            )
        } catch { throw .store(error) }
        var lines: [OrderLine] = []
        for record in records { lines.append(try await line(record)) }
        return lines
    }

    /// Opens an order's record.
    ///
    /// - Throws: `.damaged` where it was changed by somebody else.
    package func open(_ record: Record) async throws(OrderFailure) -> OrderView {
        OrderView(try await book.open(record).order)
    }

    /// The orders that wait for their end, oldest first; for the merchant.
    ///
    /// - Parameter limit: lines, capped at ``RecordLimits/pageMax``.
    /// - Returns: the lines.
    /// - Throws: `.store`, `.module`.
    package func openOrders(limit: Int) async throws(OrderFailure) -> [OrderLine] {
        let records: [Record]
        do throws(StoreFailure) {
            records = try await book.store.listOpen(
                MerchantRecords.order,
                after: nil,
                limit: limit
            )
        } catch { throw .store(error) }
        var lines: [OrderLine] = []
        for record in records { lines.append(try await line(record)) }
        return lines
    }

    /// One order; for the merchant.
    ///
    /// - Throws: `.unknownOrder`, `.damaged`, `.store`, `.module`.
    package func order(
        _ transaction: TransactionIdentifier
    ) async throws(OrderFailure) -> OrderView {
        OrderView(try await book.read(transaction).order)
    }

    private func line(_ record: Record) async throws(OrderFailure) -> OrderLine {
        guard let transaction = TransactionIdentifier(Hex.text(record.key.bytes)) else {
            preconditionFailure("The key of an order is its TRX.")
        }
        do throws(OrderFailure) {
            let order = try await book.open(record).order
            return OrderLine(transaction: transaction, order: OrderView(order))
        } catch .damaged {
            return OrderLine(transaction: transaction, order: nil)
        }
    }

    /// The journal of one order, as far as it is readable; for the merchant.
    package func journal(
        of transaction: TransactionIdentifier
    ) async throws(OrderFailure) -> [JournalEntry] {
        let rows: [HistoryRow]
        do throws(StoreFailure) {
            rows = try await book.store.history(
                transaction.bytes,
                after: 0,
                limit: RecordLimits.pageMax
            )
        } catch { throw .store(error) }
        do throws(WireFailure) {
            var entries: [JournalEntry] = []
            for row in rows { entries.append(try JournalEntry(row.body)) }
            return entries
        } catch { throw .damaged }
    }
}
