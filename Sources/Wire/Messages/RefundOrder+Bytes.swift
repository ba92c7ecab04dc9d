// SPDX-License-Identifier: Apache-2.0

package import Kernel

// A refund as bytes, 43 of them: TRX 16, MERCH 15, number 1, CURR 2, CEXP 1, M 8. Proof and code of
// a refund are over these bytes.
extension RefundOrder {
    package static let length = 43
    /// The code between payment server and clearing house: a whole CMAC.
    package static let codeBytes = 16

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: RefundOrder.length)
        writer.transaction(transaction)
        writer.merchant(merchant)
        writer.byte(number)
        writer.money(amount)
        return writer.bytes
    }
}

extension SaleRefunds {
    fileprivate static let format: UInt8 = 1

    /// Format 1: MERCH 15, CURR 2, CEXP 1, M 8, count 1, and of each refund number 1, M 8, asked at
    /// 8, outcome 2, ended at 8 (0 before).
    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 28 + entries.count * 27)
        writer.byte(SaleRefunds.format)
        writer.merchant(merchant)
        writer.money(paid)
        writer.byte(UInt8(entries.count))
        for entry in entries {
            writer.byte(entry.number)
            writer.integer(entry.minorUnits, bytes: 8)
            writer.moment(entry.askedAt)
            writer.refundOutcome(entry.outcome)
            writer.moment(entry.endedAt ?? Instant(milliseconds: 0))
        }
        return writer.bytes
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "refunds")
        self = try reader.saleRefunds()
        try reader.end()
    }
}

extension ByteReader {
    /// A refund that its merchant has begun.
    package mutating func merchantRefund() throws(WireFailure) -> RefundOrder {
        let order = try refundOrder()
        if order.isChargeBack { throw failure("number", .invalid) }
        return order
    }

    /// A refund, whoever has begun it.
    package mutating func refundOrder() throws(WireFailure) -> RefundOrder {
        let transaction = try transaction()
        let merchant = try merchant()
        let number = try byte("number")
        let order = RefundOrder(
            transaction: transaction,
            merchant: merchant,
            number: number,
            amount: try money()
        )
        guard let order else { throw failure("refund", .invalid) }
        return order
    }

    package mutating func refundNumber() throws(WireFailure) -> UInt8 {
        try value("number", bytes: 1) {
            RefundOrder.isNumber(UInt8($0)) ? UInt8($0) : nil
        }
    }

    package mutating func refundRefusal() throws(WireFailure) -> RefundRefusal {
        try value("reason", bytes: 1) { RefundRefusal(rawValue: UInt8($0)) }
    }

    /// 00 00 pending, 01 00 refunded, 02 and the reason 1 refused.
    package mutating func refundOutcome() throws(WireFailure) -> RefundOutcome {
        switch try byte("outcome") {
        case 0x00:
            guard try byte("reason") == 0 else { throw failure("reason", .invalid) }
            return .pending
        case 0x01:
            guard try byte("reason") == 0 else { throw failure("reason", .invalid) }
            return .refunded
        case 0x02: return .refused(try refundRefusal())
        default: throw failure("outcome", .invalid)
        }
    }

    /// See ``SaleRefunds``.
    package mutating func saleRefunds() throws(WireFailure) -> SaleRefunds {
        guard try byte("format") == SaleRefunds.format else { throw failure("format", .invalid) }
        let merchant = try merchant()
        let paid = try money()
        var entries: [SaleRefunds.Entry] = []
        for _ in 0..<(try byte("refunds")) {
            let number = try refundNumber()
            let minorUnits = try integer("amount", bytes: 8)
            let askedAt = try moment("asked")
            let outcome = try refundOutcome()
            let endedAt = try moment("ended")
            entries.append(
                SaleRefunds.Entry(
                    number: number,
                    minorUnits: minorUnits,
                    askedAt: askedAt,
                    outcome: outcome,
                    endedAt: outcome.isFinal ? endedAt : nil
                )
            )
        }
        guard let refunds = SaleRefunds(of: paid, to: merchant, entries) else {
            throw failure("refunds", .invalid)
        }
        return refunds
    }
}

extension ByteWriter {
    package mutating func refundOutcome(_ outcome: RefundOutcome) {
        switch outcome {
        case .pending: integer(0x0000, bytes: 2)
        case .refunded: integer(0x0100, bytes: 2)
        case .refused(let reason): integer(0x0200 | UInt64(reason.rawValue), bytes: 2)
        }
    }
}
