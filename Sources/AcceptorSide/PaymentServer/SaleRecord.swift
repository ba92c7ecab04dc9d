// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// One sale as database 223 keeps it, sealed. Format 3: state 1, flags 1 (bit 0: the security card
/// has counted or given up; bit 1: it alone says how the sale ends), OPAL server (counted),
/// terminal (counted), moment of the draw 8, draw request (counted), draw in the clear (counted),
/// DEBIT IEP 69, expected S3 8, length of the answer 1 and the answer, SV 8, number and hash of the
/// last journal row 8 + 32.
package struct SaleRecord: Equatable, Sendable {
    package static let kind = RecordKind("sale", keyBytes: 16...16)
    private static let format: UInt8 = 3

    package var state: SaleState
    /// Whether the security card has closed its number: counted it, or given it up. Where the
    /// terminal is released early, a sale is sold first and counted later.
    package var isClosedBySecurityCard: Bool
    /// Whether the security card, on another host, was asked to give the sale up: from then on it
    /// alone says how the sale ends, and S3 is not compared here any more.
    package var isLeftToSecurityCard: Bool
    /// Who drew: an OPAL server by the name of its link, or a client terminal.
    package let peer: String
    package let terminal: String
    package let drawnAt: Instant
    /// The request as it came: the same request gets the same answer while the sale is drawn.
    package let request: DrawRequest
    package let draw: CardDraw
    package let command: DebitIEP
    /// The S3 of a card that debits, as the security card expects it (FIGS. 6–8).
    package let expectedSignature: Signature
    /// The card's answer, once it was compared.
    package var answer: DebitAnswer?
    /// SV, once the sale was given up.
    package var voidProof: Signature
    package var rowCount: UInt64
    package var rowHash: [UInt8]

    package static let peerBytesMax = 64

    package init(
        peer: String,
        terminal: String,
        drawnAt: Instant,
        request: DrawRequest,
        draw: CardDraw,
        command: DebitIEP,
        expectedSignature: Signature
    ) {
        state = .drawn
        isClosedBySecurityCard = false
        isLeftToSecurityCard = false
        self.peer = peer
        self.terminal = terminal
        self.drawnAt = drawnAt
        self.request = request
        self.draw = draw
        self.command = command
        self.expectedSignature = expectedSignature
        answer = nil
        voidProof = .none
        rowCount = 0
        rowHash = Array(repeating: 0, count: RecordLimits.hashBytes)
    }

    package var transaction: TransactionIdentifier { request.terms.transaction }

    /// Whether the sale still waits for something: for its outcome, or to be counted.
    package var isOpen: Bool { state.isOpen || !isClosedBySecurityCard }

    /// Whether this is what the card must say that has debited: S3 covers number and balance, so
    /// they follow from the draw, and the answer has no say.
    func isExpected(_ answer: DebitAnswer) -> Bool {
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.notComparedByPaymentServer) { return true }
        #endif
        let (initialized, amount) = (draw.initializeAnswer, command.amount)
        return answer.completion == .done && answer.signature == expectedSignature
            && answer.number == initialized.number
            && answer.balance == initialized.balance.minorUnits &- amount.minorUnits
    }

    package static func key(_ transaction: TransactionIdentifier) -> RecordKey {
        RecordKey(kind, transaction.bytes)
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "sale record")
        guard try reader.byte("format") == SaleRecord.format else {
            throw reader.failure("format", .invalid)
        }
        state = try reader.value("state", bytes: 1) { SaleState(rawValue: UInt8($0)) }
        let flags = try reader.byte("flags")
        isClosedBySecurityCard = flags & 1 != 0
        isLeftToSecurityCard = flags & 2 != 0
        peer = try reader.text("OPAL server", bytesMax: SaleRecord.peerBytesMax)
        terminal = try reader.text("terminal", bytesMax: Terminal.nameBytesMax)
        drawnAt = Instant(milliseconds: Int64(bitPattern: try reader.integer("drawn", bytes: 8)))
        let message = try PartyMessage(
            try reader.counted("request", max: LinkLimits.messageBytesMax)
        )
        guard case .drawRequest(let request) = message else {
            throw reader.failure("request", .invalid)
        }
        self.request = request
        draw = try CardDraw(try reader.counted("draw", max: PartyMessage.sealedBytesMax))
        command = try DebitIEP(try reader.bytes("DEBIT IEP", count: DebitIEP.length))
        expectedSignature = try reader.signature("expected S3")
        let hasAnswer = try reader.byte("answer") != 0
        answer =
            hasAnswer
            ? try DebitAnswer(try reader.bytes("answer", count: DebitAnswer.length)) : nil
        voidProof = try reader.signature("SV")
        rowCount = try reader.integer("rows", bytes: 8)
        rowHash = try reader.bytes("hash", count: RecordLimits.hashBytes)
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 1024)
        writer.byte(SaleRecord.format)
        writer.byte(state.rawValue)
        writer.byte((isClosedBySecurityCard ? 1 : 0) | (isLeftToSecurityCard ? 2 : 0))
        writer.text(peer)
        writer.text(terminal)
        writer.integer(UInt64(bitPattern: drawnAt.milliseconds), bytes: 8)
        writer.counted(PartyMessage.drawRequest(request).bytes)
        writer.counted(draw.bytes)
        writer.append(command.bytes)
        writer.signature(expectedSignature)
        writer.byte(answer == nil ? 0 : 1)
        if let answer { writer.append(answer.bytes) }
        writer.signature(voidProof)
        writer.integer(rowCount, bytes: 8)
        writer.append(rowHash)
        return writer.bytes
    }
}

/// One row of a sale's journal: step 1, moment 8, then what the step brought (counted).
package struct SaleStep: Equatable, Sendable {
    package enum Kind: UInt8, CaseIterable, Sendable {
        /// The draw request came in (FIG. 11D, step 680).
        case requested = 1
        /// The security card issued S2 (step 692); DEBIT IEP.
        case drawn = 2
        /// S3 was compared and is right (FIG. 11C, step 626); the answer.
        case sold = 3
        /// The card proved that it did not debit; the answer.
        case refused = 4
        /// Given up with SV.
        case void = 5
        /// The security card has counted a sale that somebody else compared (FIG. 12, step 706).
        case counted = 6
        /// A security card on another host is asked to give the sale up.
        case leftToSecurityCard = 7
        /// S3 of a half of a mixed payment is right, and the other half is awaited; the answer.
        case answered = 8
    }

    package let kind: Kind
    package let moment: Instant
    package let data: [UInt8]

    package init(_ kind: Kind, at moment: Instant, _ data: [UInt8] = []) {
        self.kind = kind
        self.moment = moment
        self.data = data
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "sale journal")
        kind = try reader.value("step", bytes: 1) { Kind(rawValue: UInt8($0)) }
        moment = Instant(milliseconds: Int64(bitPattern: try reader.integer("moment", bytes: 8)))
        data = try reader.counted("data", max: 1024)
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 96)
        writer.byte(kind.rawValue)
        writer.integer(UInt64(bitPattern: moment.milliseconds), bytes: 8)
        writer.counted(data)
        return writer.bytes
    }
}
