// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What the payment server asks of a terminal on another host, in the clear; sealed on the way. A
/// request that comes again changes nothing and has the same answer.
package enum TerminalRequest: Equatable, Sendable {
    /// The terminal specific draw request 312 (FIG. 11D, step 686).
    case draw(CardDraw, at: CardTime, as: RequestIdentifier)
    /// The card's answer (FIG. 11C, step 624).
    case complete(Closing)
    case giveUp(TransactionIdentifier, securityCardNumber: UInt32)
    /// Sales that were compared elsewhere (FIGS. 6–8), 1 to ``countMax``.
    case count([Closing])
    /// How the security card is; changes nothing.
    case status
    /// The batch with this number, which the security card may have closed before.
    case close(batch: UInt32, at: Instant)

    /// What a card answered to a DEBIT IEP of this security card. Draw and command are on record
    /// at the terminal.
    package struct Closing: Equatable, Sendable {
        package let transaction: TransactionIdentifier
        /// NTPSAM of the DEBIT IEP.
        package let securityCardNumber: UInt32
        package let answer: DebitAnswer

        package init(
            transaction: TransactionIdentifier,
            securityCardNumber: UInt32,
            answer: DebitAnswer
        ) {
            self.transaction = transaction
            self.securityCardNumber = securityCardNumber
            self.answer = answer
        }

        init(_ reader: inout ByteReader) throws(WireFailure) {
            transaction = try reader.transaction()
            securityCardNumber = try reader.number("NTPSAM")
            answer = try DebitAnswer(try reader.bytes("answer", count: DebitAnswer.length))
        }

        func write(to writer: inout ByteWriter) {
            writer.transaction(transaction)
            writer.number(securityCardNumber)
            writer.append(answer.bytes)
        }
    }

    package static let countMax = 64

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "terminal request")
        switch try reader.byte("type") {
        case 0x01:
            let request = try reader.requestIdentifier()
            let time = try reader.time()
            let draw = try reader.counted("draw", max: PartyMessage.sealedBytesMax)
            self = .draw(try CardDraw(draw), at: time, as: request)
        case 0x02: self = .complete(try Closing(&reader))
        case 0x03:
            self = .giveUp(
                try reader.transaction(),
                securityCardNumber: try reader.number("NTPSAM")
            )
        case 0x04:
            let count = Int(try reader.byte("number of sales"))
            guard (1...TerminalRequest.countMax).contains(count) else {
                throw reader.failure("number of sales", .invalid)
            }
            var closings: [Closing] = []
            for _ in 0..<count { closings.append(try Closing(&reader)) }
            self = .count(closings)
        case 0x05: self = .status
        case 0x06:
            self = .close(
                batch: try reader.number("batch"),
                at: try reader.moment("closed")
            )
        default: throw reader.failure("type", .invalid)
        }
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        switch self {
        case .draw(let draw, let time, let request):
            writer.byte(0x01)
            writer.requestIdentifier(request)
            writer.time(time)
            writer.counted(draw.bytes)
        case .complete(let closing):
            writer.byte(0x02)
            closing.write(to: &writer)
        case .giveUp(let transaction, let number):
            writer.byte(0x03)
            writer.transaction(transaction)
            writer.number(number)
        case .count(let closings):
            precondition((1...TerminalRequest.countMax).contains(closings.count))
            writer.byte(0x04)
            writer.byte(UInt8(closings.count))
            for closing in closings { closing.write(to: &writer) }
        case .status: writer.byte(0x05)
        case .close(let batch, let moment):
            writer.byte(0x06)
            writer.number(batch)
            writer.moment(moment)
        }
        return writer.bytes
    }
}
