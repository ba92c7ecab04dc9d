// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// A refund of a sale that was cleared. Format 1: acquirer 4, ``RefundOrder`` bytes 43, state 1,
/// reason 1 (00 where it is not refused), rows of the merchant's account that took the amount and
/// that gave it back 8 + 8 (0 where there is none), posted at 8, ended at 8 (0 before). The key is
/// TRX and number. Open until its issuer has answered.
package struct RefundRecord: Equatable, Sendable {
    package enum State: Equatable, Sendable {
        /// 01: a payment server has asked for it; nothing has moved.
        case asked
        /// 02: the merchant has given the amount, and its issuer has it; the card waits.
        case posted
        /// 03: it is on the card.
        case refunded
        /// 04: it never comes onto the card; what had moved is back.
        case refused(RefundRefusal)
    }

    package let order: RefundOrder
    package let acquirer: UInt32
    package internal(set) var state = State.asked
    /// In the merchant's history: what took the amount.
    package internal(set) var row: UInt64 = 0
    /// In the merchant's history: what gave it back.
    package internal(set) var returnRow: UInt64 = 0
    package internal(set) var postedAt: Instant?
    package internal(set) var endedAt: Instant?

    private static let format: UInt8 = 1

    init(_ order: RefundOrder, of acquirer: UInt32) {
        self.order = order
        self.acquirer = acquirer
    }

    package var outcome: RefundOutcome {
        switch state {
        case .asked, .posted: .pending
        case .refunded: .refunded
        case .refused(let reason): .refused(reason)
        }
    }

    /// Whether the merchant has given the amount, and it did not come back.
    package var isStanding: Bool { row != 0 && returnRow == 0 }

    var gross: ExactAmount { ExactAmount(order.amount) }

    /// The merchant's account.
    var account: LedgerAccount { LedgerAccount(.merchant(order.merchant), order.amount.currency) }
}

extension RefundRecord: ClearingRecord {
    static let kind = ClearingRecords.refund
    static func key(_ transaction: TransactionIdentifier, _ number: UInt8) -> [UInt8] {
        transaction.bytes + [number]
    }
    var key: [UInt8] { RefundRecord.key(order.transaction, order.number) }
    var isOpen: Bool { outcome == .pending }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(body, of: "refund")
        guard try reader.byte("format") == RefundRecord.format else {
            throw reader.failure("format", .invalid)
        }
        acquirer = try reader.number("acquirer")
        order = try reader.refundOrder()
        let code = try reader.byte("state")
        let reason = try reader.byte("reason")
        switch (code, RefundRefusal(rawValue: reason)) {
        case (0x01, nil) where reason == 0: state = .asked
        case (0x02, nil) where reason == 0: state = .posted
        case (0x03, nil) where reason == 0: state = .refunded
        case (0x04, let reason?): state = .refused(reason)
        default: throw reader.failure("state", .invalid)
        }
        row = try reader.integer("row", bytes: 8)
        returnRow = try reader.integer("row of the return", bytes: 8)
        let posted = try reader.moment("posted")
        let ended = try reader.moment("ended")
        try reader.end()
        postedAt = row == 0 ? nil : posted
        endedAt = outcome.isFinal ? ended : nil
        guard key == self.key, isSound else { throw reader.failure("row", .invalid) }
    }

    private var isSound: Bool {
        switch state {
        case .asked: row == 0 && returnRow == 0
        case .posted, .refunded: row != 0 && returnRow == 0
        case .refused: (row == 0) == (returnRow == 0)
        }
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 96)
        writer.byte(RefundRecord.format)
        writer.number(acquirer)
        writer.append(order.bytes)
        switch state {
        case .asked: writer.integer(0x0100, bytes: 2)
        case .posted: writer.integer(0x0200, bytes: 2)
        case .refunded: writer.integer(0x0300, bytes: 2)
        case .refused(let reason): writer.integer(0x0400 | UInt64(reason.rawValue), bytes: 2)
        }
        writer.integer(row, bytes: 8)
        writer.integer(returnRow, bytes: 8)
        writer.moment(postedAt ?? Instant(milliseconds: 0))
        writer.moment(endedAt ?? Instant(milliseconds: 0))
        return writer.bytes
    }
}
