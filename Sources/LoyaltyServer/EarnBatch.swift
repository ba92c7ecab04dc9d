// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// An earn file in the course of being applied, or whole. Format 1: file name (counted), whether
/// lines may have a note 1, lines 8, position 8, accepted, refused and known lines 8 each, points
/// 8, begun 8, last changed 8. The key is CURR and the digest of the file.
package struct EarnBatch: LoyaltyRecord {
    /// Which file it is.
    package struct Name: Hashable, Sendable {
        package let programme: Currency
        /// 32 bytes.
        package let digest: [UInt8]

        package static let digestBytes = 32

        /// - Returns: nil for another length.
        package init?(programme: Currency, digest: [UInt8]) {
            guard programme.isProgramme, digest.count == Name.digestBytes else { return nil }
            self.programme = programme
            self.digest = digest
        }

        var bytes: [UInt8] { programme.bytes + digest }
    }

    package let name: Name
    package let fileName: String
    package let hasNote: Bool
    /// Without the header.
    package let lines: UInt64
    /// Lines that are behind it; as many as accepted, refused and known ones together.
    package private(set) var position: UInt64 = 0
    package private(set) var accepted: UInt64 = 0
    package private(set) var refused: UInt64 = 0
    /// Lines that this file, or another, had applied before.
    package private(set) var known: UInt64 = 0
    /// Of accepted lines, in minor units.
    package private(set) var points: UInt64 = 0
    package let begunAt: Instant
    package internal(set) var changedAt: Instant

    private static let format: UInt8 = 1
    static let kind = LoyaltyRecords.batch
    var key: [UInt8] { name.bytes }
    var isOpen: Bool { position < lines }
    /// Whether all lines are behind it.
    package var isWhole: Bool { !isOpen }
    /// The number of the next line in the file, where the header is line 1.
    package var nextLine: UInt64 { position + 2 }

    init(_ name: Name, fileName: String, hasNote: Bool, lines: UInt64, begunAt: Instant) {
        self.name = name
        self.fileName = fileName
        self.hasNote = hasNote
        self.lines = lines
        self.begunAt = begunAt
        changedAt = begunAt
    }

    /// Counts a line whose points were earned.
    mutating func accept(_ points: UInt64) {
        position += 1
        accepted += 1
        // What is counted for people stops where 64 bits end.
        let (sum, isTooLarge) = self.points.addingReportingOverflow(points)
        self.points = isTooLarge ? .max : sum
    }

    mutating func refuse() {
        position += 1
        refused += 1
    }

    mutating func recognise() {
        position += 1
        known += 1
    }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "earn file key")
        let programme = try name.programme()
        let digest = try name.bytes("digest", count: Name.digestBytes)
        guard let known = Name(programme: programme, digest: digest) else {
            throw name.failure("digest", .invalid)
        }
        self.name = known
        var reader = ByteReader(body, of: "earn file")
        guard try reader.byte("format") == EarnBatch.format else {
            throw reader.failure("format", .invalid)
        }
        fileName = try reader.text("file name", bytesMax: LoyaltyLimits.fileNameBytesMax)
        hasNote = try reader.flag("note")
        lines = try reader.integer("lines", bytes: 8)
        position = try reader.integer("position", bytes: 8)
        accepted = try reader.integer("accepted", bytes: 8)
        refused = try reader.integer("refused", bytes: 8)
        self.known = try reader.integer("known", bytes: 8)
        points = try reader.integer("points", bytes: 8)
        begunAt = try reader.moment("begun")
        changedAt = try reader.moment("changed")
        try reader.end()
        guard lines <= LoyaltyLimits.fileLinesMax, position <= lines,
            accepted <= position, refused <= position, self.known <= position,
            accepted + refused + self.known == position
        else { throw reader.failure("position", .invalid) }
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.byte(EarnBatch.format)
        writer.text(fileName)
        writer.flag(hasNote)
        for count in [lines, position, accepted, refused, known, points] {
            writer.integer(count, bytes: 8)
        }
        writer.moment(begunAt)
        writer.moment(changedAt)
        return writer.bytes
    }
}

/// A line of an earn file that was refused. Format 1: reason 1, how the line begins (counted). The
/// key is CURR, digest and number of the line 4.
package struct RefusedLine: LoyaltyRecord {
    package let batch: EarnBatch.Name
    /// In the file, where the header is line 1.
    package let number: UInt32
    package let reason: EarnLineRefusal
    /// How it begins; other characters than visible ones are replaced.
    package let text: String

    private static let format: UInt8 = 1
    static let kind = LoyaltyRecords.refusedLine

    var key: [UInt8] {
        var writer = ByteWriter(capacity: 38)
        writer.append(batch.bytes)
        writer.number(number)
        return writer.bytes
    }

    init(
        _ batch: EarnBatch.Name,
        number: UInt32,
        _ reason: EarnLineRefusal,
        line: ArraySlice<UInt8>
    ) {
        self.batch = batch
        self.number = number
        self.reason = reason
        let ascii = line.prefix(LoyaltyLimits.refusedTextBytesMax)
            .map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }
        text = String(decoding: ascii, as: UTF8.self)
    }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "refused line key")
        let programme = try name.programme()
        let digest = try name.bytes("digest", count: EarnBatch.Name.digestBytes)
        guard let batch = EarnBatch.Name(programme: programme, digest: digest) else {
            throw name.failure("digest", .invalid)
        }
        self.batch = batch
        number = try name.number("line")
        var reader = ByteReader(body, of: "refused line")
        guard try reader.byte("format") == RefusedLine.format else {
            throw reader.failure("format", .invalid)
        }
        reason = try reader.value("reason", bytes: 1) { EarnLineRefusal(rawValue: UInt8($0)) }
        text = try reader.text("line", bytesMax: LoyaltyLimits.refusedTextBytesMax)
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.byte(RefusedLine.format)
        writer.byte(reason.rawValue)
        writer.text(text)
        return writer.bytes
    }
}
