// SPDX-License-Identifier: Apache-2.0

package import Kernel

// A place in a batch as bytes: IDPSAM 8, batch number 4, index 4.
extension BatchPlace {
    package static let length = 16

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: BatchPlace.length)
        writer.place(self)
        return writer.bytes
    }
}

extension BatchName {
    /// IDPSAM 8, batch number 4.
    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 12)
        writer.batch(self)
        return writer.bytes
    }
}

extension ByteReader {
    /// IDPSAM, batch number, index from 1.
    package mutating func place() throws(WireFailure) -> BatchPlace {
        let batch = try batch()
        let index = try value("index", bytes: 4) {
            (1...UInt64(BatchHeader.countMax)) ~= $0 ? $0 : nil
        }
        return BatchPlace(batch, UInt32(index))
    }

    /// CURR, CEXP, sum, count of each total.
    package mutating func batchTotals(max: Int) throws(WireFailure) -> [BatchHeader.Total] {
        let count = Int(try byte("totals"))
        guard count <= max else { throw failure("totals", .invalid) }
        var totals: [BatchHeader.Total] = []
        for _ in 0..<count {
            let sum = try money()
            totals.append(BatchHeader.Total(count: try number("count"), sum: sum))
        }
        return totals
    }
}

extension ByteWriter {
    /// IDPSAM, batch number, index.
    package mutating func place(_ place: BatchPlace) {
        batch(place.batch)
        number(place.index)
    }

    /// Number 1, and of each CURR, CEXP, sum, count.
    package mutating func batchTotals(_ totals: [BatchHeader.Total]) {
        byte(UInt8(totals.count))
        for total in totals {
            money(total.sum)
            number(total.count)
        }
    }
}
