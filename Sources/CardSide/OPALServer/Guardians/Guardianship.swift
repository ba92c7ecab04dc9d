// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

/// The children for whom a guardian has asked for a card, stored sealed under the guardian's key.
/// The other way, from child to guardian, stands in the child's own ``UserRecord``, and that one
/// decides: an entry here may be for a user identifier that was taken already.
struct Guardianship: Equatable, Sendable {
    static let kind = RecordKind("guardianship", keyBytes: UserKey.length...UserKey.length)

    struct Entry: Equatable, Sendable {
        let child: UserKey
        /// What the guardian calls the child.
        let name: String
        let openedAt: Instant

        /// Until then the child may come for the first time, as far as the guardian is told.
        var waitsUntil: Instant { openedAt.adding(UserLimits.oneTimeTime) }
    }

    /// In the order in which they were asked for, ``FundingLimits/childrenMax`` at the most.
    var entries: [Entry] = []

    static func key(_ guardian: UserKey) -> RecordKey { RecordKey(kind, guardian.bytes) }
}

// Version 1, number of children 1, then for each its key 32, time 8, name (counted, UTF-8).
extension Guardianship {
    init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "guardianship")
        try reader.version()
        let count = Int(try reader.byte("children"))
        guard count <= FundingLimits.childrenMax else {
            throw reader.failure("children", .invalid)
        }
        for _ in 0..<count {
            let child = try reader.userKey()
            let openedAt = try reader.instant("opened at")
            let name = try reader.text("name", bytesMax: FundingLimits.childNameBytesMax)
            entries.append(Entry(child: child, name: name, openedAt: openedAt))
        }
        try reader.end()
    }

    var bytes: [UInt8] {
        precondition(entries.count <= FundingLimits.childrenMax)
        var writer = ByteWriter(capacity: 2 + entries.count * 64)
        writer.version()
        writer.byte(UInt8(entries.count))
        for entry in entries {
            writer.append(entry.child.bytes)
            writer.instant(entry.openedAt)
            writer.text(entry.name)
        }
        return writer.bytes
    }
}
