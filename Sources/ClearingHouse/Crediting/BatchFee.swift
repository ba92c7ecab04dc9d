// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

/// That a merchant has paid for a batch in a currency: once, in however many steps the batch is
/// credited. Format 1: fee 16. The key is batch, MERCH and CURR.
struct BatchFee: Equatable, Sendable {
    let batch: BatchName
    let merchant: MerchantIdentifier
    let currency: Currency
    let fee: ExactAmount

    private static let format: UInt8 = 1
}

extension BatchFee: ClearingRecord {
    static let kind = ClearingRecords.batchFee
    var key: [UInt8] { BatchFee.key(batch, merchant, currency) }

    static func key(
        _ batch: BatchName,
        _ merchant: MerchantIdentifier,
        _ currency: Currency
    ) -> [UInt8] {
        var writer = ByteWriter(capacity: 29)
        writer.batch(batch)
        writer.merchant(merchant)
        writer.currency(currency)
        return writer.bytes
    }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "batch fee key")
        batch = try name.batch()
        merchant = try name.merchant()
        currency = try name.currency()
        var reader = ByteReader(body, of: "batch fee")
        guard try reader.byte("format") == BatchFee.format else {
            throw reader.failure("format", .invalid)
        }
        fee = try reader.exact("fee")
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 17)
        writer.byte(BatchFee.format)
        writer.exact(fee)
        return writer.bytes
    }
}
