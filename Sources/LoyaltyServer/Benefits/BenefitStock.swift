// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

/// A benefit with its stock as the loyalty server keeps it. What was put in is what is left,
/// reserved and handed out; where a result comes after its piece went back, what is left falls
/// below zero, and so many pieces are owed.
struct BenefitStock: Equatable, Sendable {
    var benefit: Benefit
    /// Pieces put in; nil where there is no end of them.
    var putIn: UInt64?
    /// What can still be reserved. It is counted by itself and not from the others, so that an
    /// audit finds a step that forgot one of them. Where there is no end, it counts down from zero.
    var left: Int64
    var reserved: UInt64 = 0
    var fulfilled: UInt64 = 0
    var isWithdrawn = false
    var lastRow: UInt64 = 0
    var lastHash = [UInt8](repeating: 0, count: RecordLimits.hashBytes)

    init(_ benefit: Benefit, putIn: UInt64?) {
        self.benefit = benefit
        self.putIn = putIn
        left = Int64(putIn ?? 0)
    }

    var isSoldOut: Bool { putIn != nil && left <= 0 }

    /// Whether all pieces are accounted for.
    var isBalanced: Bool {
        let out = reserved.addingReportingOverflow(fulfilled)
        guard !out.overflow, let given = Int64(exactly: out.partialValue) else { return false }
        let sum = left.addingReportingOverflow(given)
        return !sum.overflow && sum.partialValue == Int64(putIn ?? 0)
    }

    /// The stock after a redemption went from one state to another; nil is before its beginning.
    func moved(from old: RedemptionState?, to new: RedemptionState) -> BenefitStock {
        var next = self
        switch old {
        case nil, .released: next.left -= 1
        case .reserved: next.reserved -= 1
        case .fulfilled: preconditionFailure("What was handed out stays so.")
        }
        switch new {
        case .reserved: next.reserved += 1
        case .fulfilled: next.fulfilled += 1
        case .released: next.left += 1
        }
        return next
    }
}

// Format 1, the benefit, what was put in behind a presence byte 8, left 8 (two's complement),
// reserved 8, fulfilled 8, withdrawn 1, number and hash of the last journal row 8 + 32.
extension BenefitStock {
    private static let format: UInt8 = 1

    init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "benefit")
        guard try reader.byte("format") == BenefitStock.format else {
            throw reader.failure("format", .invalid)
        }
        benefit = try reader.benefit()
        putIn = try reader.optional("put in") { reader throws(WireFailure) in
            try reader.value("put in", bytes: 8) { $0 <= BenefitLimits.stockMax ? $0 : nil }
        }
        left = Int64(bitPattern: try reader.integer("left", bytes: 8))
        reserved = try reader.integer("reserved", bytes: 8)
        fulfilled = try reader.integer("fulfilled", bytes: 8)
        isWithdrawn = try reader.value("withdrawn", bytes: 1) { $0 <= 1 ? $0 == 1 : nil }
        lastRow = try reader.integer("last row", bytes: 8)
        lastHash = try reader.bytes("hash", count: RecordLimits.hashBytes)
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.byte(BenefitStock.format)
        writer.benefit(benefit)
        writer.optional(putIn) { $0.integer($1, bytes: 8) }
        writer.integer(UInt64(bitPattern: left), bytes: 8)
        writer.integer(reserved, bytes: 8)
        writer.integer(fulfilled, bytes: 8)
        writer.byte(isWithdrawn ? 1 : 0)
        writer.integer(lastRow, bytes: 8)
        writer.append(lastHash)
        return writer.bytes
    }
}

/// What is shown of a benefit.
package struct BenefitView: Equatable, Sendable {
    /// Whether it can be redeemed now.
    package enum State: Equatable, Sendable {
        case available
        case soldOut
        case withdrawn
    }

    package let benefit: Benefit
    package let state: State
    /// Pieces put in, and those that can still be had; nil where there is no end of them.
    package let putIn: UInt64?
    package let left: UInt64?
    package let reserved: UInt64
    package let fulfilled: UInt64
    /// Pieces that were handed out and are not there: for the operator, who must get them.
    package let owed: UInt64

    init(_ stock: BenefitStock) {
        benefit = stock.benefit
        state = stock.isWithdrawn ? .withdrawn : stock.isSoldOut ? .soldOut : .available
        putIn = stock.putIn
        left = stock.putIn.map { _ in UInt64(max(0, stock.left)) }
        reserved = stock.reserved
        fulfilled = stock.fulfilled
        owed = stock.putIn == nil ? 0 : UInt64(max(0, -stock.left))
    }
}
