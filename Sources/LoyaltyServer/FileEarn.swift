// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

/// The points of one line of an earn file: the line is applied once, in whichever file it comes
/// again. Format 1: member number (counted), points 8, day of the earning 3, digest of the file 32,
/// number of the line 4, number of the row in the member's history 8. The key is CURR and
/// reference.
struct FileEarn: LoyaltyRecord {
    let membership: Membership
    let reference: String
    let points: UInt64
    let date: CardDate
    let digest: [UInt8]
    let line: UInt32
    var row: UInt64 = 0

    private static let format: UInt8 = 1
    static let kind = LoyaltyRecords.earn
    var key: [UInt8] { FileEarn.key(membership.programme, reference) }

    static func key(_ programme: Currency, _ reference: String) -> [UInt8] {
        programme.bytes + Array(reference.utf8)
    }

    init(_ line: EarnLine, of batch: EarnBatch.Name, number: UInt32) {
        membership = Membership(programme: batch.programme, number: line.member)
        reference = line.reference
        points = line.points
        date = CardDate(line.date)
        digest = batch.digest
        self.line = number
    }

    /// Whether a line says the same.
    func isOf(_ line: EarnLine) -> Bool {
        membership.number == line.member && points == line.points && date == CardDate(line.date)
    }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "earn key")
        let programme = try name.programme()
        let text = try name.bytes("reference", count: name.remaining)
        reference = String(decoding: text, as: UTF8.self)
        var reader = ByteReader(body, of: "earn")
        guard try reader.byte("format") == FileEarn.format else {
            throw reader.failure("format", .invalid)
        }
        membership = Membership(programme: programme, number: try reader.memberNumber())
        points = try reader.integer("points", bytes: 8)
        date = try reader.expiry()
        digest = try reader.bytes("digest", count: EarnBatch.Name.digestBytes)
        line = try reader.number("line")
        row = try reader.integer("row", bytes: 8)
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 96)
        writer.byte(FileEarn.format)
        writer.text(membership.number.text)
        writer.integer(points, bytes: 8)
        writer.expiry(date)
        writer.append(digest)
        writer.number(line)
        writer.integer(row, bytes: 8)
        return writer.bytes
    }
}
