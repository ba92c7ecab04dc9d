// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// A statement of the clearing house's account at its bank, and how far it has been applied.
/// Format 1: name (counted), CURR 2, opening 16, closing 16, lines 4, applied 4, matched 4, begun
/// 8. The key is SHA-256 of the file 32. Open until its last line.
package struct BankStatementRecord: Equatable, Sendable {
    package let digest: [UInt8]
    /// For people: what the bank calls it.
    package let name: String
    package let currency: Currency
    package let opening: ExactAmount
    package let closing: ExactAmount
    package let lines: UInt32
    package private(set) var applied: UInt32 = 0
    /// Lines that went into the books, or were left out with their other half; the others wait for
    /// somebody.
    package private(set) var matched: UInt32 = 0
    package let begunAt: Instant

    private static let format: UInt8 = 1

    /// `digest`: 32 bytes.
    package init(
        digest: [UInt8],
        name: String,
        currency: Currency,
        opening: ExactAmount,
        closing: ExactAmount,
        lines: UInt32,
        begunAt: Instant
    ) {
        precondition(digest.count == BankStatementLine.Name.digestBytes)
        self.digest = digest
        self.name = name
        self.currency = currency
        self.opening = opening
        self.closing = closing
        self.lines = lines
        self.begunAt = begunAt
    }

    package var isDone: Bool { applied == lines }

    /// Whether both are of the same file, whenever it was begun.
    func isSame(as other: BankStatementRecord) -> Bool {
        digest == other.digest && currency == other.currency && opening == other.opening
            && closing == other.closing && lines == other.lines
    }

    mutating func pass(_ count: UInt32, matched: UInt32) {
        applied += count
        self.matched += matched
        precondition(applied <= lines)
    }
}

extension BankStatementRecord: ClearingRecord {
    static let kind = ClearingRecords.statement
    var key: [UInt8] { digest }
    var isOpen: Bool { !isDone }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        digest = key
        var reader = ByteReader(body, of: "bank statement")
        guard try reader.byte("format") == BankStatementRecord.format else {
            throw reader.failure("format", .invalid)
        }
        name = try reader.text("name", bytesMax: ClearingLimits.referenceBytesMax)
        currency = try reader.currency()
        opening = try reader.exact("opening")
        closing = try reader.exact("closing")
        lines = try reader.number("lines")
        applied = try reader.number("applied")
        matched = try reader.number("matched")
        begunAt = try reader.moment("begun")
        try reader.end()
        guard applied <= lines, matched <= applied else {
            throw reader.failure("applied", .invalid)
        }
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.byte(BankStatementRecord.format)
        writer.text(name)
        writer.currency(currency)
        writer.exact(opening)
        writer.exact(closing)
        writer.number(lines)
        writer.number(applied)
        writer.number(matched)
        writer.moment(begunAt)
        return writer.bytes
    }
}
