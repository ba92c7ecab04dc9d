// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What a terminal on another host answers, in the clear; sealed on the way. It is durable at the
/// terminal before it leaves.
package enum TerminalAnswer: Equatable, Sendable {
    /// DEBIT IEP with S2, and the S3 that the security card expects (FIG. 11D, step 694).
    case drawn(DebitIEP, expectedSignature: Signature)
    /// S3 is right: the sale was counted, or the card proved that it did not debit.
    /// Place: where it was collected; nil for what is not.
    case completed(isCounted: Bool, place: BatchPlace?)
    /// Given up; SV.
    case void(Signature)
    /// Not given up: it had been completed before, with this answer of the card.
    case ended(DebitAnswer, isCounted: Bool, place: BatchPlace?)
    /// Of each sale in a count, whether it is counted, and where it was collected.
    case counted([Bool], places: [BatchPlace?])
    /// The batch that was to be closed; nil where no sale is in it.
    case closed(BatchHeader?)
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
        case 0x02:
            let isCounted = try reader.flag("counted")
            self = .completed(isCounted: isCounted, place: try reader.optionalPlace())
        case 0x03: self = .void(try reader.signature("SV"))
        case 0x04:
            let isCounted = try reader.flag("counted")
            let answer = try reader.bytes("answer", count: DebitAnswer.length)
            self = .ended(
                try DebitAnswer(answer),
                isCounted: isCounted,
                place: try reader.optionalPlace()
            )
        case 0x05:
            var counted: [Bool] = []
            var places: [BatchPlace?] = []
            for _ in 0..<(try reader.byte("number of sales")) {
                counted.append(try reader.flag("counted"))
                places.append(try reader.optionalPlace())
            }
            self = .counted(counted, places: places)
        case 0x06: self = .status(try TerminalStatus(&reader))
        case 0x07:
            self = .closed(
                try reader.optional("batch") { reader throws(WireFailure) in
                    try reader.batchHeader()
                }
            )
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
        case .completed(let isCounted, let place):
            writer.byte(0x02)
            writer.flag(isCounted)
            writer.optionalPlace(place)
        case .void(let proof):
            writer.byte(0x03)
            writer.signature(proof)
        case .ended(let answer, let isCounted, let place):
            writer.byte(0x04)
            writer.flag(isCounted)
            writer.append(answer.bytes)
            writer.optionalPlace(place)
        case .counted(let counted, let places):
            precondition(counted.count <= TerminalRequest.countMax)
            precondition(counted.count == places.count)
            writer.byte(0x05)
            writer.byte(UInt8(counted.count))
            for (isCounted, place) in zip(counted, places) {
                writer.flag(isCounted)
                writer.optionalPlace(place)
            }
        case .closed(let header):
            writer.byte(0x07)
            writer.flag(header != nil)
            if let header { writer.append(header.bytes) }
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
    /// Number of the batch that the security card counts into now.
    package let batchNumber: UInt32
    package let batchTotals: [BatchHeader.Total]

    /// Twice what a security card holds open.
    package static let openMax = 512

    package init(
        lastNumber: UInt32,
        open: [Open],
        totals: [Total],
        batchNumber: UInt32,
        batchTotals: [BatchHeader.Total]
    ) {
        precondition(open.count <= TerminalStatus.openMax && totals.count <= Int(UInt8.max))
        precondition(batchTotals.count <= BatchHeader.totalsMax)
        self.lastNumber = lastNumber
        self.open = open
        self.totals = totals
        self.batchNumber = batchNumber
        self.batchTotals = batchTotals
    }

    /// Sales in the open batch.
    package var batchCount: UInt32 { batchTotals.reduce(0) { $0 &+ $1.count } }

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
        batchNumber = try reader.number("batch")
        batchTotals = try reader.batchTotals(max: BatchHeader.totalsMax)
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
        writer.number(batchNumber)
        writer.batchTotals(batchTotals)
    }
}

extension ByteReader {
    fileprivate mutating func optionalPlace() throws(WireFailure) -> BatchPlace? {
        try optional("place") { reader throws(WireFailure) in try reader.place() }
    }
}

extension ByteWriter {
    fileprivate mutating func optionalPlace(_ place: BatchPlace?) {
        flag(place != nil)
        if let place { self.place(place) }
    }
}
