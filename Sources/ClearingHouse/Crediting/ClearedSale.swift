// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// A sale that moved money in the books, by its transaction: written once, so that no other sale is
/// credited for the same transaction. Format 1: place 16, row of the account that was credited 8,
/// whether that is the merchant's 1, refunded so far 8, number of refunds 1.
package struct ClearedSale: Equatable, Sendable {
    package let transaction: TransactionIdentifier
    package let place: BatchPlace
    /// In the merchant's history; where the sale was set aside, in that of suspense.
    package internal(set) var row: UInt64
    /// Else it is set aside, or went back to its issuer.
    package internal(set) var isCredited: Bool
    /// In minor units of the sale.
    package internal(set) var refunded: UInt64 = 0
    package internal(set) var refunds: UInt8 = 0

    private static let format: UInt8 = 1

    init(
        _ transaction: TransactionIdentifier,
        at place: BatchPlace,
        row: UInt64,
        isCredited: Bool
    ) {
        self.transaction = transaction
        self.place = place
        self.row = row
        self.isCredited = isCredited
    }
}

extension ClearedSale: ClearingRecord {
    static let kind = ClearingRecords.sale
    static func key(_ transaction: TransactionIdentifier) -> [UInt8] {
        transaction.high.bigEndianBytes + transaction.low.bigEndianBytes
    }
    var key: [UInt8] { ClearedSale.key(transaction) }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "sale key")
        transaction = try name.transaction()
        var reader = ByteReader(body, of: "sale")
        guard try reader.byte("format") == ClearedSale.format else {
            throw reader.failure("format", .invalid)
        }
        place = try reader.place()
        row = try reader.integer("row", bytes: 8)
        isCredited = try reader.flag("credited")
        refunded = try reader.integer("refunded", bytes: 8)
        refunds = try reader.byte("refunds")
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 40)
        writer.byte(ClearedSale.format)
        writer.place(place)
        writer.integer(row, bytes: 8)
        writer.flag(isCredited)
        writer.integer(refunded, bytes: 8)
        writer.byte(refunds)
        return writer.bytes
    }
}
