// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// The refunds of one sale that a clearing house has asked for, sealed by TRX of the sale, and
/// durable with the credit of the card: who asks again is answered by it. Format 1:
/// ``SaleRefunds`` (counted), count 1, and of each refund that is on a card its number 1, the card
/// 8 and NT 4.
package struct RefundedSaleRecord: Equatable, Sendable {
    package static let kind = RecordKind("refunded_sale", keyBytes: 16...16)
    private static let format: UInt8 = 1

    /// Where a refund is.
    package struct Credit: Equatable, Sendable {
        /// The card that has paid, or the one that follows it.
        package let card: CardIdentifier
        /// NT of the load.
        package let number: UInt32
    }

    package internal(set) var refunds: SaleRefunds
    /// By the number of the refund.
    package internal(set) var credits: [UInt8: Credit] = [:]

    package static func key(_ transaction: TransactionIdentifier) -> RecordKey {
        RecordKey(kind, transaction.bytes)
    }

    init(of sale: CollectedSale) {
        refunds = SaleRefunds(of: sale.amount, to: sale.merchant)
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "refunded sale")
        guard try reader.byte("format") == RefundedSaleRecord.format else {
            throw reader.failure("format", .invalid)
        }
        refunds = try SaleRefunds(
            try reader.counted("refunds", max: RecordLimits.bodyBytesMax)
        )
        for _ in 0..<(try reader.byte("credits")) {
            let number = try reader.refundNumber()
            credits[number] = Credit(card: try reader.card(), number: try reader.number("NT"))
        }
        try reader.end()
        let credited = refunds.entries.filter { $0.outcome == .refunded }.map(\.number)
        guard !refunds.isOpen, Set(credited) == Set(credits.keys) else {
            throw reader.failure("credits", .invalid)
        }
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.byte(RefundedSaleRecord.format)
        writer.counted(refunds.bytes)
        writer.byte(UInt8(credits.count))
        for (number, credit) in credits.sorted(by: { $0.key < $1.key }) {
            writer.byte(number)
            writer.card(credit.card)
            writer.number(credit.number)
        }
        return writer.bytes
    }
}
