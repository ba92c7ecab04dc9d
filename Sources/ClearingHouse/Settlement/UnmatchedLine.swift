// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// A line of a bank statement that did not go into the books by itself. Format 1: reason 1,
/// reference (counted), bank's reference (counted), amount 11, whether it is a credit 1, behind a
/// presence byte: issuer to whose pool it went behind another one 3, when 8, by whom (counted),
/// from format 2 on whether its payout was paid all the same 1. The key is the line. Open until
/// somebody decided.
package struct UnmatchedLine: Equatable, Sendable {
    package enum Reason: UInt8, CaseIterable, Sendable {
        /// It names neither a payout nor a pool.
        case unknownReference = 1
        /// The payout is of another amount.
        case amountDiffers = 2
        /// The payout is on a statement already, or did not go out yet.
        case notExpected = 3
        /// The bank gives no reference of its own, by which it would be recognised.
        case noBankReference = 4
        /// The same line was on another statement.
        case knownBankReference = 5
        /// The issuer has no pool in this currency.
        case noPool = 6
        /// The payout was given back to its account, because the bank was said to have refused it:
        /// what the bank booked of it, or sent back.
        case refusedBefore = 7
    }

    package struct Decision: Equatable, Sendable {
        /// Nil where it was looked at and left out of the books.
        package let pool: IssuerIdentifier?
        package let at: Instant
        package let by: String
        /// It went into the books as what it is of its payout: the bank has paid one that was
        /// given back, or one came back.
        package let isPaid: Bool
    }

    package let name: BankStatementLine.Name
    package let line: BankStatementLine
    package let reason: Reason
    package internal(set) var decision: Decision?

    private static let formats: ClosedRange<UInt8> = 1...2

    /// Whether it was decided, and is not in the books.
    var isLeftOut: Bool { decision.map { $0.pool == nil && !$0.isPaid } ?? false }

    init(_ name: BankStatementLine.Name, _ line: BankStatementLine, _ reason: Reason) {
        self.name = name
        self.line = line
        self.reason = reason
    }
}

extension UnmatchedLine: ClearingRecord {
    static let kind = ClearingRecords.unmatched
    var key: [UInt8] { name.bytes }
    var isOpen: Bool { decision == nil }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "unmatched line key")
        self.name = try name.statementLine()
        var reader = ByteReader(body, of: "unmatched line")
        let format = try reader.byte("format")
        guard UnmatchedLine.formats.contains(format) else {
            throw reader.failure("format", .invalid)
        }
        reason = try reader.value("reason", bytes: 1) { Reason(rawValue: UInt8($0)) }
        let texts = try [
            reader.text("reference", bytesMax: ClearingLimits.referenceBytesMax),
            reader.text("bank's reference", bytesMax: ClearingLimits.referenceBytesMax),
        ]
        .map { $0.isEmpty ? nil : $0 }
        let amount = try reader.money()
        line = BankStatementLine(
            reference: texts[0],
            bankReference: texts[1],
            amount: amount,
            isCredit: try reader.flag("credit")
        )
        decision = try reader.optional("decision") { reader throws(WireFailure) in
            Decision(
                pool: try reader.optional("pool") { reader throws(WireFailure) in
                    try reader.issuer()
                },
                at: try reader.moment("at"),
                by: try reader.text("by", bytesMax: ClearingLimits.nameBytesMax),
                isPaid: format > 1 ? try reader.flag("paid") : false
            )
        }
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.byte(UnmatchedLine.formats.upperBound)
        writer.byte(reason.rawValue)
        writer.text(line.reference ?? "")
        writer.text(line.bankReference ?? "")
        writer.money(line.amount)
        writer.flag(line.isCredit)
        writer.optional(decision) { writer, decision in
            writer.optional(decision.pool) { $0.issuer($1) }
            writer.moment(decision.at)
            writer.text(decision.by)
            writer.flag(decision.isPaid)
        }
        return writer.bytes
    }
}

/// That a payment came in, by the bank's reference: once, on however many statements it is.
/// Format 1: the line. The key is the reference.
struct PayIn: Equatable, Sendable {
    let reference: [UInt8]
    let line: BankStatementLine.Name

    private static let format: UInt8 = 1

    /// - Returns: nil for a reference that is too long for a key, or empty.
    init?(_ reference: String, _ line: BankStatementLine.Name) {
        self.reference = Array(reference.utf8)
        self.line = line
        guard ClearingRecords.payIn.keyBytes.contains(self.reference.count) else { return nil }
    }
}

extension PayIn: ClearingRecord {
    static let kind = ClearingRecords.payIn
    var key: [UInt8] { reference }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        reference = key
        var reader = ByteReader(body, of: "payment in")
        guard try reader.byte("format") == PayIn.format else {
            throw reader.failure("format", .invalid)
        }
        line = try reader.statementLine()
        try reader.end()
    }

    var bytes: [UInt8] { [PayIn.format] + line.bytes }
}
