// SPDX-License-Identifier: Apache-2.0

package import Kernel

// A batch header as bytes (`docs/messages/collection.md`).
extension BatchHeader {
    private static let format: UInt8 = 1

    /// What SB is over.
    package var signedBytes: [UInt8] {
        var writer = ByteWriter(capacity: 64 + 15 * totals.count)
        writer.byte(BatchHeader.format)
        writer.batch(name)
        writer.number(count)
        writer.moment(closedAt)
        writer.append(digest)
        writer.byte(UInt8(totals.count))
        for total in totals {
            writer.money(total.sum)
            writer.number(total.count)
        }
        return writer.bytes
    }

    package var bytes: [UInt8] { signedBytes + signature }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "batch header")
        self = try reader.batchHeader()
        try reader.end()
    }

    fileprivate init(_ reader: inout ByteReader) throws(WireFailure) {
        guard try reader.byte("format") == BatchHeader.format else {
            throw reader.failure("format", .invalid)
        }
        let name = try reader.batch()
        let count = try reader.number("count")
        guard (1...BatchHeader.countMax).contains(count) else {
            throw reader.failure("count", .invalid)
        }
        let closedAt = try reader.moment("closed")
        let digest = try reader.bytes("digest", count: BatchHeader.digestBytes)
        let totalCount = Int(try reader.byte("totals"))
        guard (1...BatchHeader.totalsMax).contains(totalCount) else {
            throw reader.failure("totals", .invalid)
        }
        var totals: [Total] = []
        for _ in 0..<totalCount {
            let sum = try reader.money()
            guard !totals.contains(where: { $0.sum.isComparable(to: sum) }) else {
                throw reader.failure("totals", .invalid)
            }
            totals.append(Total(count: try reader.number("count"), sum: sum))
        }
        self.init(
            name: name,
            count: count,
            totals: totals,
            digest: digest,
            closedAt: closedAt,
            signature: try reader.bytes("SB", count: BatchHeader.signatureBytes)
        )
    }
}

extension ByteReader {
    mutating func batchHeader() throws(WireFailure) -> BatchHeader { try BatchHeader(&self) }

    /// IDPSAM, batch number.
    package mutating func batch() throws(WireFailure) -> BatchName {
        let securityCard = try securityCard()
        return BatchName(securityCard, try number("batch"))
    }
}

extension ByteWriter {
    /// IDPSAM, batch number.
    package mutating func batch(_ batch: BatchName) {
        securityCard(batch.securityCard)
        number(batch.number)
    }
}
