// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

/// What payment servers have to know, in the order in which it became so. Format 1: the update as
/// a ``CollectionMessage`` of one (counted). The key is its revision 8, from 1.
struct UpdateRecord: Equatable, Sendable {
    let revision: UInt64
    let update: SchemeUpdate

    private static let format: UInt8 = 1
    private static let bytesMax = 64
}

extension UpdateRecord: ClearingRecord {
    static let kind = ClearingRecords.update
    var key: [UInt8] { revision.bigEndianBytes }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        revision = key.reduce(0) { $0 << 8 | UInt64($1) }
        var reader = ByteReader(body, of: "scheme update")
        guard try reader.byte("format") == UpdateRecord.format else {
            throw reader.failure("format", .invalid)
        }
        let bytes = try reader.counted("update", max: UpdateRecord.bytesMax)
        guard case .updates(_, _, let updates) = try CollectionMessage(bytes), updates.count == 1
        else { throw reader.failure("update", .invalid) }
        update = updates[0]
        try reader.end()
    }

    var bytes: [UInt8] {
        let message = CollectionMessage.updates(revision: revision, hasMore: false, [update])
        var writer = ByteWriter(capacity: 64)
        writer.byte(UpdateRecord.format)
        writer.counted(message.bytes)
        return writer.bytes
    }
}
