// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// A card that was blocked, or unblocked, since it was last listed. The key is the revision 8.
/// Format 1: card 8, whether it is blocked 1, listed at 8.
package struct BlockChange: Equatable, Sendable {
    static let kind = RecordKind("block_change", keyBytes: 8...8)
    private static let format: UInt8 = 1

    /// Counts up, and is no less than the moment in milliseconds: a list that was lost begins
    /// behind the one before.
    package let revision: UInt64
    package let card: CardIdentifier
    package let isBlocked: Bool
    package let listedAt: Instant

    static func key(_ revision: UInt64) -> RecordKey {
        RecordKey(kind, revision.bigEndianBytes)
    }

    init(revision: UInt64, card: CardIdentifier, isBlocked: Bool, listedAt: Instant) {
        self.revision = revision
        self.card = card
        self.isBlocked = isBlocked
        self.listedAt = listedAt
    }

    init(_ bytes: [UInt8], key: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "block change")
        guard try reader.byte("format") == BlockChange.format else {
            throw reader.failure("format", .invalid)
        }
        revision = key.reduce(0) { $0 << 8 | UInt64($1) }
        card = try reader.card()
        isBlocked = try reader.flag("blocked")
        listedAt = try reader.moment("listed at")
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 18)
        writer.byte(BlockChange.format)
        writer.card(card)
        writer.flag(isBlocked)
        writer.moment(listedAt)
        return writer.bytes
    }
}

/// What the list last said of a card. The key is the card 8; open while it is blocked. Format 1:
/// revision 8.
struct ListedCard: Equatable, Sendable {
    static let kind = RecordKind("listed_card", keyBytes: 8...8)
    private static let format: UInt8 = 1

    let revision: UInt64

    static func key(_ card: CardIdentifier) -> RecordKey { RecordKey(kind, card.bytes) }

    init(revision: UInt64) {
        self.revision = revision
    }

    init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "listed card")
        guard try reader.byte("format") == ListedCard.format else {
            throw reader.failure("format", .invalid)
        }
        revision = try reader.integer("revision", bytes: 8)
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 9)
        writer.byte(ListedCard.format)
        writer.integer(revision, bytes: 8)
        return writer.bytes
    }
}
