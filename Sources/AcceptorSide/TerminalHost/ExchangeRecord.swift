// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// What a security card of this host did for one draw, sealed: the same request has the same answer
/// as long as the record lives. Key: IDPSAM 8, NTPSAM 4. Format 3: state 1, request 16, draw
/// (counted), DEBIT IEP 69, expected S3 8, length of the answer 1 and the answer, SV 8, whether it
/// was collected 1 and where 16. Format 2 ends with SV. Open while the number is.
package struct ExchangeRecord: Equatable, Sendable {
    package enum State: UInt8, Sendable {
        /// S2 was issued; the number is open.
        case drawn = 1
        case counted = 2
        /// The card proved that it did not debit.
        case refused = 3
        /// Given up, with SV.
        case void = 4
    }

    package static let kind = RecordKind("exchange", keyBytes: 12...12)
    /// The number that a security card drew last for a transaction, sealed: IDPSAM 8, TRX 16;
    /// NTPSAM 4.
    package static let latest = RecordKind("latest_draw", keyBytes: 24...24)
    private static let format: UInt8 = 3
    private static let formatWithoutPlace: UInt8 = 2

    package var state: State
    /// The attempt of the payment server that the number was drawn for: no other gets it.
    package let request: RequestIdentifier
    package let draw: CardDraw
    package let command: DebitIEP
    package let expectedSignature: Signature
    /// The card's answer, once it was completed.
    package var answer: DebitAnswer?
    /// SV, once it was given up.
    package var voidProof: Signature
    /// Where it was collected, once it was counted; nil for a proof of identity.
    package var place: BatchPlace?

    package init(
        request: RequestIdentifier,
        draw: CardDraw,
        command: DebitIEP,
        expectedSignature: Signature
    ) {
        state = .drawn
        self.request = request
        self.draw = draw
        self.command = command
        self.expectedSignature = expectedSignature
        answer = nil
        voidProof = .none
    }

    package static func key(
        _ securityCard: SecurityCardIdentifier,
        _ number: UInt32
    ) -> RecordKey {
        RecordKey(kind, securityCard.bytes + bytes(number))
    }

    static func latestKey(
        _ securityCard: SecurityCardIdentifier,
        _ transaction: TransactionIdentifier
    ) -> RecordKey {
        RecordKey(latest, securityCard.bytes + transaction.bytes)
    }

    static func bytes(_ number: UInt32) -> [UInt8] {
        var writer = ByteWriter(capacity: 4)
        writer.number(number)
        return writer.bytes
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "exchange record")
        let format = try reader.byte("format")
        guard [ExchangeRecord.format, ExchangeRecord.formatWithoutPlace].contains(format) else {
            throw reader.failure("format", .invalid)
        }
        state = try reader.value("state", bytes: 1) { State(rawValue: UInt8($0)) }
        request = try reader.requestIdentifier()
        draw = try CardDraw(try reader.counted("draw", max: PartyMessage.sealedBytesMax))
        command = try DebitIEP(try reader.bytes("DEBIT IEP", count: DebitIEP.length))
        expectedSignature = try reader.signature("expected S3")
        let hasAnswer = try reader.byte("answer") != 0
        answer =
            hasAnswer
            ? try DebitAnswer(try reader.bytes("answer", count: DebitAnswer.length)) : nil
        voidProof = try reader.signature("SV")
        if format == ExchangeRecord.format {
            place = try reader.optional("place") { reader throws(WireFailure) in
                try reader.place()
            }
        }
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 320)
        writer.byte(ExchangeRecord.format)
        writer.byte(state.rawValue)
        writer.requestIdentifier(request)
        writer.counted(draw.bytes)
        writer.append(command.bytes)
        writer.signature(expectedSignature)
        writer.byte(answer == nil ? 0 : 1)
        if let answer { writer.append(answer.bytes) }
        writer.signature(voidProof)
        writer.byte(place == nil ? 0 : 1)
        if let place { writer.place(place) }
        return writer.bytes
    }
}
