// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// Which card follows an expired one, stored sealed under the number of the expired one, so that it
/// has one successor, however often somebody asks. Format 1: successor 8, made at 8.
package struct SuccessionRecord: Equatable, Sendable {
    package static let kind = RecordKind("succession", keyBytes: 8...8)
    private static let format: UInt8 = 1

    package let successor: CardIdentifier
    package let madeAt: Instant

    package static func key(_ card: CardIdentifier) -> RecordKey { RecordKey(kind, card.bytes) }

    init(successor: CardIdentifier, madeAt: Instant) {
        self.successor = successor
        self.madeAt = madeAt
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "succession")
        guard try reader.byte("format") == SuccessionRecord.format else {
            throw reader.failure("format", .invalid)
        }
        successor = try reader.card()
        madeAt = try reader.instant("made at")
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 17)
        writer.byte(SuccessionRecord.format)
        writer.card(successor)
        writer.instant(madeAt)
        return writer.bytes
    }
}
