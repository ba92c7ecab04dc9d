// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// The last number that an issuer has given to a sweep or a return, sealed by BIN. It is changed in
/// the commit of each of them, so that they become durable in the order of their numbers: a
/// clearing house that was told of one is never told later of one before it. Format 1: number 8.
package struct SweepCounter: Equatable, Sendable {
    package static let kind = RecordKind("sweep_number", keyBytes: 3...3)
    private static let format: UInt8 = 1

    package let last: UInt64

    package static func key(_ issuer: IssuerIdentifier) -> RecordKey {
        RecordKey(kind, issuer.bytes)
    }

    /// `last`: 0 before the first one.
    init(last: UInt64) {
        self.last = last
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "sweep number")
        guard try reader.byte("format") == SweepCounter.format else {
            throw reader.failure("format", .invalid)
        }
        last = try reader.integer("number", bytes: 8)
        try reader.end()
        guard last < .max else { throw reader.failure("number", .invalid) }
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 9)
        writer.byte(SweepCounter.format)
        writer.integer(last, bytes: 8)
        return writer.bytes
    }

    /// No less than the moment in milliseconds: a database that was set back gives no number twice.
    func next(at now: Instant) -> SweepCounter {
        SweepCounter(last: max(last + 1, UInt64(max(1, now.milliseconds))))
    }
}
