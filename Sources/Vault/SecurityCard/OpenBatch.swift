// SPDX-License-Identifier: Apache-2.0

import Kernel
import Keys
import Wire

/// The batch that a security card counts into now (`docs/decisions/0026`): how many sales, of what
/// sums, and the chain over them.
struct OpenBatch: Equatable {
    let name: BatchName
    private(set) var count: UInt32
    private(set) var digest: [UInt8]
    private(set) var totals: BatchTotals

    init(_ name: BatchName) {
        self.name = name
        count = 0
        digest = BatchChain.start(of: name)
        totals = BatchTotals()
    }

    /// Counts a sale into the batch.
    ///
    /// `max`: sales that the batch may have.
    /// - Returns: its place; nil, and nothing is changed, where the batch has to be closed before.
    mutating func add(_ sale: CollectedSale, max: UInt32) -> BatchPlace? {
        guard count < max, totals.add(sale.amount) else { return nil }
        count += 1
        let place = BatchPlace(name, count)
        digest = BatchChain.extend(digest, with: sale.bytes(at: place))
        return place
    }

    /// Number 4, count 4, digest 32, totals.
    init(
        _ reader: inout ByteReader,
        of securityCard: SecurityCardIdentifier
    ) throws(WireFailure) {
        name = BatchName(securityCard, try reader.number("batch"))
        count = try reader.number("sales of the batch")
        digest = try reader.bytes("digest", count: BatchHeader.digestBytes)
        totals = BatchTotals(try reader.batchTotals(max: BatchHeader.totalsMax))
    }

    func write(to writer: inout ByteWriter) {
        writer.number(name.number)
        writer.number(count)
        writer.append(digest)
        writer.batchTotals(totals.list)
    }
}
