// SPDX-License-Identifier: Apache-2.0

/// A kind of record that a party keeps, for instance its cards or its sales. Each party declares
/// its own kinds; a store makes one table for each.
package struct RecordKind: Hashable, Sendable {
    /// Lower-case letters and `_` only, because a store uses it as the name of a table.
    package let name: String
    /// The length of a key of this kind in bytes, 1 to ``RecordLimits/keyBytesMax``.
    package let keyBytes: ClosedRange<Int>

    package init(_ name: String, keyBytes: ClosedRange<Int>) {
        precondition(!name.isEmpty && name.utf8.allSatisfy { $0 == 0x5F || (0x61...0x7A) ~= $0 })
        precondition(keyBytes.lowerBound >= 1 && keyBytes.upperBound <= RecordLimits.keyBytesMax)
        self.name = name
        self.keyBytes = keyBytes
    }
}

/// Names one record: its kind and the bytes that lead every table, so that an engine that
/// distributes rows can do so by this key.
package struct RecordKey: Hashable, Sendable {
    package let kind: RecordKind
    package let bytes: [UInt8]

    package init(_ kind: RecordKind, _ bytes: [UInt8]) {
        precondition(kind.keyBytes.contains(bytes.count))
        self.kind = kind
        self.bytes = bytes
    }

    /// What the seal of a record is bound to, so that no column of it can be changed or moved: the
    /// name of the kind, a zero byte, the length of the key, the key, whether the record is open,
    /// and the reply.
    package func sealName(isOpen: Bool = false, reply: [UInt8] = []) -> [UInt8] {
        Array(kind.name.utf8) + [0, UInt8(bytes.count)] + bytes + [isOpen ? 1 : 0] + reply
    }
}

/// A record as it is stored.
package struct Record: Equatable, Sendable {
    package let key: RecordKey
    /// 1 for the first version; each commit that writes the record adds 1.
    package let revision: UInt64
    /// Whether work on it is unfinished: after a crash the open records are what is finished or
    /// undone.
    package let isOpen: Bool
    /// The state, as the party encodes (and, where it matters, seals) it.
    package let body: [UInt8]
    /// The bytes that were last answered for it; the same question gets the same bytes. Empty
    /// where there is no answer.
    package let reply: [UInt8]

    package init(
        key: RecordKey,
        revision: UInt64,
        isOpen: Bool,
        body: [UInt8],
        reply: [UInt8]
    ) {
        self.key = key
        self.revision = revision
        self.isOpen = isOpen
        self.body = body
        self.reply = reply
    }

    /// See ``RecordKey/sealName(isOpen:reply:)``.
    package var sealName: [UInt8] { key.sealName(isOpen: isOpen, reply: reply) }
}

/// One row of the append-only history.
package struct HistoryRow: Equatable, Sendable {
    /// What the row belongs to: a card, a sale, an order. 1 to ``RecordLimits/keyBytesMax`` bytes.
    package let stream: [UInt8]
    /// 1, 2, 3 … within the stream, without a gap.
    package let number: UInt64
    /// 32 bytes that bind this row to the row before it; made and checked by the vault.
    package let hash: [UInt8]
    package let body: [UInt8]

    package init(stream: [UInt8], number: UInt64, hash: [UInt8], body: [UInt8]) {
        precondition((1...RecordLimits.keyBytesMax).contains(stream.count))
        precondition(number >= 1 && hash.count == RecordLimits.hashBytes)
        precondition(body.count <= RecordLimits.bodyBytesMax)
        self.stream = stream
        self.number = number
        self.hash = hash
        self.body = body
    }
}

/// The bounds of what a store keeps.
package enum RecordLimits {
    package static let keyBytesMax = 64
    package static let hashBytes = 32
    /// Body or reply of one record, body of one history row.
    package static let bodyBytesMax = 256 * 1024
    /// Records or rows that one call lists at the most.
    package static let pageMax = 1000
    /// Transitions that one group commit writes at the most.
    package static let groupMax = 512
}
