// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// How far the sales of a whole batch are credited. Format 1: next index 4, count of the batch 4,
/// cleared 4, set aside 4, acknowledged 8, ended 8 (0 before). The key is IDPSAM and batch number.
/// It is open until all of them are.
package struct Crediting: Equatable, Sendable {
    package let batch: BatchName
    package let count: UInt32
    /// The next sale; ``count`` + 1 at the end.
    package private(set) var next: UInt32 = 1
    /// Nothing is left to do with them.
    package private(set) var cleared: UInt32 = 0
    /// Set aside when they came; what became of them later is told by ``SuspendedSale``.
    package private(set) var suspended: UInt32 = 0
    package let begunAt: Instant
    package private(set) var endedAt: Instant?

    private static let format: UInt8 = 1

    init(_ batch: BatchName, count: UInt32, begunAt: Instant) {
        self.batch = batch
        self.count = count
        self.begunAt = begunAt
    }

    package var isDone: Bool { next > count }

    mutating func pass(_ count: UInt32, suspended: UInt32, at moment: Instant) {
        cleared += count - suspended
        self.suspended += suspended
        next += count
        precondition(next <= self.count + 1)
        if isDone { endedAt = moment }
    }
}

extension Crediting: ClearingRecord {
    static let kind = ClearingRecords.crediting
    var key: [UInt8] { batch.bytes }
    var isOpen: Bool { !isDone }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "crediting key")
        batch = try name.batch()
        var reader = ByteReader(body, of: "crediting")
        guard try reader.byte("format") == Crediting.format else {
            throw reader.failure("format", .invalid)
        }
        next = try reader.number("next")
        count = try reader.number("count")
        cleared = try reader.number("cleared")
        suspended = try reader.number("suspended")
        begunAt = try reader.moment("begun")
        let ended = try reader.moment("ended")
        try reader.end()
        guard next >= 1, next <= count + 1, cleared <= count, suspended <= count,
            cleared + suspended == next - 1
        else { throw reader.failure("next", .invalid) }
        endedAt = next > count ? ended : nil
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 40)
        writer.byte(Crediting.format)
        writer.number(next)
        writer.number(count)
        writer.number(cleared)
        writer.number(suspended)
        writer.moment(begunAt)
        writer.moment(endedAt ?? Instant(milliseconds: 0))
        return writer.bytes
    }
}
