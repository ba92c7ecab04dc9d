// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records

/// One line of the issuer's console.
package struct DrawLine: Equatable, Sendable {
    package let transaction: TransactionIdentifier
    /// Nil where the stored draw does not open: it was changed by somebody else.
    package let draw: DrawRecord?
}

/// What is on record of one transaction.
package enum DrawLookup: Equatable, Sendable {
    /// Nothing: no card was debited so far.
    case none
    /// No card was debited, and none ever will be.
    case neverDebited
    /// The record does not open: it was changed by somebody else.
    case damaged
    case found(DrawRecord)
}

// For the issuer's operator.
extension Purchases {
    /// The draw of one transaction.
    ///
    /// - Throws: `StoreFailure`, but not for a draw that does not open.
    package func draw(
        of transaction: TransactionIdentifier
    ) async throws(StoreFailure) -> DrawLookup {
        guard let record = try await store.read(DrawRecord.key(transaction)) else { return .none }
        do throws(StoreFailure) {
            return try await debited(record).map { .found($0.draw) } ?? .neverDebited
        } catch .damaged {
            return .damaged
        }
    }

    /// The draws that wait for their outcome, oldest first.
    ///
    /// - Parameters:
    ///   - cursor: the last transaction of the page before; nil for the first page.
    ///   - limit: lines, capped at ``RecordLimits/pageMax``.
    /// - Returns: the lines; none behind the newest open draw.
    /// - Throws: `StoreFailure`, but not for a draw that does not open.
    package func openDraws(
        after cursor: TransactionIdentifier? = nil,
        limit: Int
    ) async throws(StoreFailure) -> [DrawLine] {
        var lines: [DrawLine] = []
        for record in try await store.listOpen(
            DrawRecord.kind,
            after: cursor?.bytes,
            limit: limit
        ) {
            lines.append(try await line(record))
        }
        return lines
    }

    /// The draws behind one, ended or not, oldest first; as ``openDraws(after:limit:)`` otherwise.
    package func draws(
        after cursor: TransactionIdentifier?,
        limit: Int
    ) async throws(StoreFailure) -> [DrawLine] {
        var lines: [DrawLine] = []
        for record in try await store.list(
            DrawRecord.kind,
            after: cursor?.bytes,
            limit: limit,
            order: .ascending
        ) {
            lines.append(try await line(record))
        }
        return lines
    }

    /// How many draws there are, ended or not.
    package func drawCount() async throws(StoreFailure) -> Int {
        try await store.count(DrawRecord.kind)
    }

    private func line(_ record: Record) async throws(StoreFailure) -> DrawLine {
        guard let transaction = TransactionIdentifier(Hex.text(record.key.bytes)) else {
            preconditionFailure("The key of a draw is its TRX.")
        }
        do throws(StoreFailure) {
            return DrawLine(transaction: transaction, draw: try await open(record).draw)
        } catch .damaged {
            return DrawLine(transaction: transaction, draw: nil)
        }
    }
}
