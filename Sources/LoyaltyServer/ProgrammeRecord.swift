// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// A programme with its rule. Format 1: CEXP 1, name (counted), home 1, BALMAX 8, sites and
/// partners (each: number 2, then MERCH 15 each), the rule, whether it is closed 1, made 8, number
/// and hash of the last row of its history 8 + 32. The key is CURR.
package struct ProgrammeRecord: LoyaltyRecord {
    package internal(set) var programme: Programme
    package internal(set) var rule: EarnRule
    /// It takes no new members, and purchases earn nothing; what was earned stays.
    package internal(set) var isClosed: Bool
    package let madeAt: Instant
    /// Each version of the programme is a row of its history.
    package internal(set) var lastRow: UInt64 = 0
    var lastHash = [UInt8](repeating: 0, count: RecordLimits.hashBytes)

    private static let format: UInt8 = 1
    static let kind = LoyaltyRecords.programme
    var key: [UInt8] { programme.code.bytes }
    var stream: [UInt8] { ProgrammeRecord.stream(of: programme.code) }

    static func stream(of code: Currency) -> [UInt8] { Array("programme ".utf8) + code.bytes }

    init(_ programme: Programme, _ rule: EarnRule, isClosed: Bool = false, madeAt: Instant) {
        self.programme = programme
        self.rule = rule
        self.isClosed = isClosed
        self.madeAt = madeAt
    }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "programme key")
        let code = try name.programme()
        var reader = ByteReader(body, of: "programme")
        guard try reader.byte("format") == ProgrammeRecord.format else {
            throw reader.failure("format", .invalid)
        }
        programme = try reader.programmeTerms(of: code)
        rule = try reader.earnRule()
        isClosed = try reader.flag("closed")
        madeAt = try reader.moment("made")
        lastRow = try reader.integer("last row", bytes: 8)
        lastHash = try reader.bytes("hash", count: RecordLimits.hashBytes)
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.append(version)
        writer.integer(lastRow, bytes: 8)
        writer.append(lastHash)
        return writer.bytes
    }

    /// What a row of its history holds: all but row and hash.
    var version: [UInt8] {
        var writer = ByteWriter(capacity: 192)
        writer.byte(ProgrammeRecord.format)
        writer.programmeTerms(programme)
        writer.earnRule(rule)
        writer.flag(isClosed)
        writer.moment(madeAt)
        return writer.bytes
    }
}
