// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// One transaction at the simulated network, with what was answered for it: what comes again gets
/// the same bytes. Its key is acquirer 11, terminal 8 and RRN 12. Kept sealed, format 1: state 1,
/// key of the account 32, CURR 2, amount 8, number of answers 1, then for each class of message 2,
/// STAN 6 and the answer (counted).
package struct HoldRecord: Equatable, Sendable {
    /// A message is known again by its class and its STAN; a repeat has both of its original.
    struct Answered: Equatable, Sendable {
        let type: ISOMessageType
        let traceNumber: String
        let answer: [UInt8]
    }

    package var state: FundsHoldState
    /// Of the account; zeros where it is not known.
    package var account: [UInt8]
    package var currency: Currency
    package var amount: UInt64
    var answered: [Answered] = []

    package static let kind = RecordKind("network_hold", keyBytes: 31...31)
    private static let format: UInt8 = 1

    package init(
        _ state: FundsHoldState,
        account: [UInt8] = Array(repeating: 0, count: 32),
        currency: Currency = .nothing,
        amount: UInt64 = 0
    ) {
        self.state = state
        self.account = account
        self.currency = currency
        self.amount = amount
    }

    /// - Returns: nil where the message names no transaction.
    static func key(_ message: ISOMessage) -> RecordKey? {
        guard let acquirer = message[.acquirer], let terminal = message[.terminal],
            let reference = message[.retrievalReference], acquirer.count <= 11,
            terminal.count == 8, reference.count == 12
        else { return nil }
        let zeros = [UInt8](repeating: 0x30, count: 11 - acquirer.count)
        return RecordKey(kind, zeros + acquirer + terminal + reference)
    }

    /// What was answered to this message before.
    func answer(to message: ISOMessage) -> [UInt8]? {
        answered.first {
            $0.type == message.type.original && $0.traceNumber == message[text: .traceNumber]
        }?.answer
    }

    /// Remembers an answer; the oldest is forgotten where there are too many.
    mutating func note(_ answer: [UInt8], to message: ISOMessage) {
        if answered.count == NetworkLimits.answersMax { answered.removeFirst() }
        answered.append(
            Answered(
                type: message.type.original,
                traceNumber: message[text: .traceNumber] ?? "",
                answer: answer
            )
        )
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "network hold")
        guard try reader.byte("format") == HoldRecord.format else {
            throw reader.failure("format", .invalid)
        }
        state = try reader.value("state", bytes: 1) { FundsHoldState(rawValue: UInt8($0)) }
        account = try reader.bytes("account", count: 32)
        currency = try reader.currency()
        amount = try reader.integer("amount", bytes: 8)
        let count = Int(try reader.byte("answers"))
        guard count <= NetworkLimits.answersMax else { throw reader.failure("answers", .invalid) }
        for _ in 0..<count {
            answered.append(
                Answered(
                    type: try reader.value("class", bytes: 2) { ISOMessageType(bcd: UInt16($0)) },
                    traceNumber: try reader.text("STAN", bytesMax: 6),
                    answer: try reader.counted("answer", max: ISOLimits.messageBytesMax)
                )
            )
        }
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 512)
        writer.byte(HoldRecord.format)
        writer.byte(state.rawValue)
        writer.append(account)
        writer.currency(currency)
        writer.integer(amount, bytes: 8)
        writer.byte(UInt8(answered.count))
        for entry in answered {
            writer.integer(UInt64(entry.type.bcd), bytes: 2)
            writer.text(entry.traceNumber)
            writer.counted(entry.answer)
        }
        return writer.bytes
    }
}
