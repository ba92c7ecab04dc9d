// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

/// Up to which revision the blocking list of an issuer was passed on. Format 1: revision 8. The key
/// is BIN 3.
struct BlockRevision: Equatable, Sendable {
    let issuer: IssuerIdentifier
    let revision: UInt64

    private static let format: UInt8 = 1
}

extension BlockRevision: ClearingRecord {
    static let kind = ClearingRecords.blockRevision
    var key: [UInt8] { ClearedIssuer.key(issuer) }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "block revision key")
        issuer = try name.issuer()
        var reader = ByteReader(body, of: "block revision")
        guard try reader.byte("format") == BlockRevision.format else {
            throw reader.failure("format", .invalid)
        }
        revision = try reader.integer("revision", bytes: 8)
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 9)
        writer.byte(BlockRevision.format)
        writer.integer(revision, bytes: 8)
        return writer.bytes
    }
}
