// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// The disputes of a card that were open when it filed its last one, sealed by the card, and
/// durable with that one: so a card has never more than ``DisputeLimits/openPerCardMax``. Format 1:
/// count 1, and TRX 16 of each. One that has ended since stays until the next one is filed.
package struct OpenDisputesRecord: Equatable, Sendable {
    package static let kind = RecordKind("open_disputes", keyBytes: 8...8)
    private static let format: UInt8 = 1

    package let transactions: [TransactionIdentifier]

    package static func key(_ card: CardIdentifier) -> RecordKey { RecordKey(kind, card.bytes) }

    init(_ transactions: [TransactionIdentifier]) {
        precondition(transactions.count <= DisputeLimits.openPerCardMax)
        self.transactions = transactions
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "open disputes")
        guard try reader.byte("format") == OpenDisputesRecord.format else {
            throw reader.failure("format", .invalid)
        }
        let count = Int(try reader.byte("disputes"))
        guard count <= DisputeLimits.openPerCardMax else {
            throw reader.failure("disputes", .invalid)
        }
        var transactions: [TransactionIdentifier] = []
        for _ in 0..<count { transactions.append(try reader.transaction()) }
        try reader.end()
        guard Set(transactions).count == count else { throw reader.failure("disputes", .invalid) }
        self.transactions = transactions
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 2 + 16 * transactions.count)
        writer.byte(OpenDisputesRecord.format)
        writer.byte(UInt8(transactions.count))
        for transaction in transactions { writer.transaction(transaction) }
        return writer.bytes
    }
}
