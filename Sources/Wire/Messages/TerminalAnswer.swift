// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What a terminal on another host answers, in the clear; sealed on the way. It is durable at the
/// terminal before it leaves.
package enum TerminalAnswer: Equatable, Sendable {
    /// DEBIT IEP with S2, and the S3 that the security card expects (FIG. 11D, step 694).
    case drawn(DebitIEP, expectedSignature: Signature)
    /// S3 is right: the sale was counted, or the card proved that it did not debit.
    case completed(isCounted: Bool)
    /// Given up; SV.
    case void(Signature)
    /// Not given up: it had been completed before, with this answer of the card.
    case ended(DebitAnswer, isCounted: Bool)
    /// Of each sale in a count, whether it is counted.
    case counted([Bool])
    case status(TerminalStatus)
    case refusal(Refusal)

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "terminal answer")
        switch try reader.byte("type") {
        case 0x01:
            self = .drawn(
                try DebitIEP(try reader.bytes("DEBIT IEP", count: DebitIEP.length)),
                expectedSignature: try reader.signature("expected S3")
            )
        case 0x02: self = .completed(isCounted: try reader.flag("counted"))
        case 0x03: self = .void(try reader.signature("SV"))
        case 0x04:
            let isCounted = try reader.flag("counted")
            self = .ended(
                try DebitAnswer(try reader.bytes("answer", count: DebitAnswer.length)),
                isCounted: isCounted
            )
        case 0x05:
            var counted: [Bool] = []
            for _ in 0..<(try reader.byte("number of sales")) {
                counted.append(try reader.flag("counted"))
            }
            self = .counted(counted)
        case 0x06: self = .status(try TerminalStatus(&reader))
        case 0x0F:
            self = .refusal(
                try reader.value("reason", bytes: 1) { Refusal(rawValue: UInt8($0)) }
            )
        default: throw reader.failure("type", .invalid)
        }
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        switch self {
        case .drawn(let command, let expected):
            writer.byte(0x01)
            writer.append(command.bytes)
            writer.signature(expected)
        case .completed(let isCounted):
            writer.byte(0x02)
            writer.flag(isCounted)
        case .void(let proof):
            writer.byte(0x03)
            writer.signature(proof)
        case .ended(let answer, let isCounted):
            writer.byte(0x04)
            writer.flag(isCounted)
            writer.append(answer.bytes)
        case .counted(let counted):
            precondition(counted.count <= TerminalRequest.countMax)
            writer.byte(0x05)
            writer.byte(UInt8(counted.count))
            for isCounted in counted { writer.flag(isCounted) }
        case .status(let status):
            writer.byte(0x06)
            status.write(to: &writer)
        case .refusal(let refusal):
            writer.byte(0x0F)
            writer.byte(refusal.rawValue)
        }
        return writer.bytes
    }
}

/// What the security card of a terminal on another host counts, and what it waits for.
package struct TerminalStatus: Equatable, Sendable {
    /// NTPSAM drawn and neither counted nor given up, with its transaction.
    package struct Open: Equatable, Sendable {
        package let securityCardNumber: UInt32
        package let transaction: TransactionIdentifier

        package init(securityCardNumber: UInt32, transaction: TransactionIdentifier) {
            self.securityCardNumber = securityCardNumber
            self.transaction = transaction
        }
    }

    /// What was counted in one currency.
    package struct Total: Equatable, Sendable {
        package let count: UInt64
        package let sum: Money

        package init(count: UInt64, sum: Money) {
            self.count = count
            self.sum = sum
        }
    }

    /// NTPSAM of the last draw.
    package let lastNumber: UInt32
    package let open: [Open]
    package let totals: [Total]

    /// Twice what a security card holds open.
    package static let openMax = 512

    package init(lastNumber: UInt32, open: [Open], totals: [Total]) {
        precondition(open.count <= TerminalStatus.openMax && totals.count <= Int(UInt8.max))
        self.lastNumber = lastNumber
        self.open = open
        self.totals = totals
    }

    init(_ reader: inout ByteReader) throws(WireFailure) {
        lastNumber = try reader.number("last NTPSAM")
        let count = try reader.integer("open numbers", bytes: 2)
        guard count <= TerminalStatus.openMax else {
            throw reader.failure("open numbers", .invalid)
        }
        var open: [Open] = []
        for _ in 0..<count {
            let number = try reader.number("NTPSAM")
            open.append(Open(securityCardNumber: number, transaction: try reader.transaction()))
        }
        self.open = open
        var totals: [Total] = []
        for _ in 0..<(try reader.byte("totals")) {
            let count = try reader.integer("count", bytes: 8)
            totals.append(Total(count: count, sum: try reader.money()))
        }
        self.totals = totals
    }

    func write(to writer: inout ByteWriter) {
        writer.number(lastNumber)
        writer.integer(UInt64(open.count), bytes: 2)
        for entry in open {
            writer.number(entry.securityCardNumber)
            writer.transaction(entry.transaction)
        }
        writer.byte(UInt8(totals.count))
        for total in totals {
            writer.integer(total.count, bytes: 8)
            writer.money(total.sum)
        }
    }
}

extension ByteReader {
    /// One byte that is 0 or 1.
    fileprivate mutating func flag(_ field: StaticString) throws(WireFailure) -> Bool {
        try value(field, bytes: 1) { $0 <= 1 ? $0 == 1 : nil }
    }
}

extension ByteWriter {
    fileprivate mutating func flag(_ value: Bool) { byte(value ? 1 : 0) }
}
