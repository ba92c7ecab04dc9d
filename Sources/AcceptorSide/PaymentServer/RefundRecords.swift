// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

/// The refunds of one sale that its merchant has asked for: ``SaleRefunds`` bytes, sealed, by TRX
/// of the sale. Open while one of them waits for its outcome.
package enum RefundRecords {
    package static let kind = RecordKind("refund", keyBytes: 16...16)

    package static func key(_ transaction: TransactionIdentifier) -> RecordKey {
        RecordKey(kind, transaction.bytes)
    }

    /// `revision`: of the state before, 0 for a new one.
    static func write(
        _ refunds: SaleRefunds,
        of transaction: TransactionIdentifier,
        over revision: UInt64,
        sealedBy seals: any RecordSealing
    ) async throws(ModuleFailure) -> RecordWrite {
        let key = key(transaction)
        let isOpen = refunds.isOpen
        let body = try await seals.seal(
            refunds.bytes,
            name: key.sealName(isOpen: isOpen),
            revision: revision + 1
        )
        return .put(key, expectedRevision: revision, body: body, isOpen: isOpen)
    }

    /// - Throws: `.damaged`, naming the row, where it was changed.
    package static func open(
        _ record: Record,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> (transaction: TransactionIdentifier, refunds: SaleRefunds) {
        let bytes = try? await seals.open(
            record.body,
            name: record.sealName,
            revision: record.revision
        )
        guard let bytes, let refunds = try? SaleRefunds(bytes), refunds.isOpen == record.isOpen,
            let transaction = TransactionIdentifier(Hex.text(record.key.bytes))
        else { throw .damaged("refund \(Hex.text(record.key.bytes)) does not open") }
        return (transaction, refunds)
    }
}
