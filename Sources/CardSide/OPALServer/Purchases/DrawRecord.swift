// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// A debit of a card for one transaction, as the OPAL server remembers it, sealed: it becomes
/// durable together with the debit. Format 2: state 1, card 8, moment of the debit 8, order terms,
/// payment server (counted), TSK (counted), description (counted), DEBIT IEP 69, answer 30,
/// handover (counted), time of the outcome 8 (0 while open).
package struct DrawRecord: Equatable, Sendable {
    package static let kind = RecordKind("draw", keyBytes: 16...16)
    private static let format: UInt8 = 2

    package var state: DrawState
    package let card: CardIdentifier
    package let debitedAt: Instant
    package let terms: OrderTerms
    package let paymentServer: String
    package let sessionKey: SessionKeyText
    package let description: String
    package let command: DebitIEP
    package let answer: DebitAnswer
    /// Where one trip is all, what the payment server sent for the merchant (FIGS. 7 and 8): a
    /// Debit Result M whose S3 was compared here, or what somebody else compares. Else empty.
    package let forMerchant: [UInt8]
    package var endedAt: Instant?

    package init(
        card: CardIdentifier,
        debitedAt: Instant,
        page: OrderPage,
        command: DebitIEP,
        answer: DebitAnswer,
        forMerchant: [UInt8] = []
    ) {
        state = .debited
        self.card = card
        self.debitedAt = debitedAt
        terms = page.terms
        paymentServer = page.paymentServer
        sessionKey = page.sessionKey
        description = page.description
        self.command = command
        self.answer = answer
        self.forMerchant = forMerchant
        endedAt = nil
    }

    /// What stands in the place of a draw where no card was debited, and none ever will be: who
    /// debits afterwards finds it there, and does not.
    static let neverDebited: [UInt8] = [0]

    /// What the browser takes to the shop though the payment server has not answered the debit yet;
    /// nil where it has to answer first.
    var handover: Handover? {
        switch terms.policy {
        case .securityCard, .paymentServer: nil
        case .opalServer: .result(forMerchant)
        case .clientTerminal: .locked(forMerchant, answer.signature, sessionKey)
        case .merchant: .expectation(forMerchant, answer.signature)
        }
    }

    package static func key(_ transaction: TransactionIdentifier) -> RecordKey {
        RecordKey(kind, transaction.bytes)
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "draw record")
        guard try reader.byte("format") == DrawRecord.format else {
            throw reader.failure("format", .invalid)
        }
        state = try reader.value("state", bytes: 1) { DrawState(rawValue: UInt8($0)) }
        card = try reader.card()
        debitedAt = Instant(
            milliseconds: Int64(bitPattern: try reader.integer("debited", bytes: 8))
        )
        terms = try reader.orderTerms()
        paymentServer = try reader.text(
            "payment server",
            bytesMax: OrderPage.paymentServerBytesMax
        )
        guard let key = SessionKeyText(try reader.text("TSK", bytesMax: 43)) else {
            throw reader.failure("TSK", .invalid)
        }
        sessionKey = key
        description = try reader.text(
            "description",
            bytesMax: PurchaseLimits.descriptionBytesMax
        )
        command = try DebitIEP(try reader.bytes("DEBIT IEP", count: DebitIEP.length))
        answer = try DebitAnswer(try reader.bytes("answer", count: DebitAnswer.length))
        forMerchant = try reader.counted(
            "handover",
            max: PartyMessage.sealedBytesMax
        )
        let ended = Int64(bitPattern: try reader.integer("ended", bytes: 8))
        endedAt = ended == 0 ? nil : Instant(milliseconds: ended)
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 400)
        writer.byte(DrawRecord.format)
        writer.byte(state.rawValue)
        writer.card(card)
        writer.integer(UInt64(bitPattern: debitedAt.milliseconds), bytes: 8)
        writer.orderTerms(terms)
        writer.text(paymentServer)
        writer.text(sessionKey.reveal())
        writer.text(description)
        writer.append(command.bytes)
        writer.append(answer.bytes)
        writer.counted(forMerchant)
        writer.integer(UInt64(bitPattern: endedAt?.milliseconds ?? 0), bytes: 8)
        return writer.bytes
    }
}
