// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// One row of a card's history 272: what was asked, what the card answered, and what is needed to
/// check its signatures again. Kind 1, moment in milliseconds 8, then the kind's fields, then a
/// note for the person (counted, UTF-8).
package struct CardHistoryEntry: Equatable, Sendable {
    package enum Event: Equatable, Sendable {
        /// Kind 01: TI 1, R of the dialogue 8, DEXP 3, VKP 1, DEBIT IEP 69, answer 30.
        case debit(DebitEvidence)
        /// Kind 02: INITIALIZE data 43, its answer 52, CREDIT IEP 34, answer 22.
        case load(InitializeLoad, InitializeLoadAnswer, CreditIEP, CreditAnswer)
        /// Kind 03: CURR 2, CEXP 1, RECOVER VALUE 48, answer 14.
        case recovery(Currency, Exponent, RecoverValue, RecoverAnswer)
        /// Kind 06: the fields of ``CardMove`` (47).
        case moved(CardMove)
    }

    package let moment: Instant
    package let event: Event
    /// What the person reads, for instance the merchant and the article.
    package let note: String

    package static let noteBytesMax = 256

    /// `note`: without control characters, because a row that cannot be read again would
    ///   stop the card.
    package init(moment: Instant, event: Event, note: String) {
        precondition(
            note.utf8.count <= CardHistoryEntry.noteBytesMax && ByteReader.isText(note)
        )
        self.moment = moment
        self.event = event
        self.note = note
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "card history")
        let kind = try reader.byte("kind")
        moment = try reader.moment("moment")
        switch kind {
        case 0x01:
            event = .debit(try DebitEvidence(&reader))
        case 0x02:
            event = .load(
                try InitializeLoad(try reader.bytes("INITIALIZE", count: InitializeLoad.length)),
                try InitializeLoadAnswer(
                    try reader.bytes("S1", count: InitializeLoadAnswer.length)
                ),
                try CreditIEP(try reader.bytes("CREDIT IEP", count: CreditIEP.length)),
                try CreditAnswer(try reader.bytes("answer", count: CreditAnswer.length))
            )
        case 0x03:
            event = .recovery(
                try reader.currency(),
                try reader.exponent(),
                try RecoverValue(try reader.bytes("RECOVER VALUE", count: RecoverValue.length)),
                try RecoverAnswer(try reader.bytes("answer", count: 14))
            )
        case 0x06: event = .moved(try CardMove(&reader))
        default: throw reader.failure("kind", .invalid)
        }
        note = try reader.text("note", bytesMax: CardHistoryEntry.noteBytesMax)
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 192)
        let moment = UInt64(bitPattern: moment.milliseconds)
        switch event {
        case .debit(let evidence):
            writer.byte(0x01)
            writer.integer(moment, bytes: 8)
            evidence.write(to: &writer)
        case .load(let initialize, let initializeAnswer, let command, let answer):
            writer.byte(0x02)
            writer.integer(moment, bytes: 8)
            writer.append(initialize.bytes)
            writer.append(initializeAnswer.bytes)
            writer.append(command.bytes)
            writer.append(answer.bytes)
        case .recovery(let currency, let exponent, let command, let answer):
            writer.byte(0x03)
            writer.integer(moment, bytes: 8)
            writer.currency(currency)
            writer.exponent(exponent)
            writer.append(command.bytes)
            writer.append(answer.bytes)
        case .moved(let move):
            writer.byte(0x06)
            writer.integer(moment, bytes: 8)
            move.write(to: &writer)
        }
        writer.text(note)
        return writer.bytes
    }

    /// NT of the transaction that the row is about.
    package var number: UInt32 {
        switch event {
        case .debit(let evidence): evidence.answer.number
        case .load(_, _, _, let answer): answer.number
        case .recovery(_, _, let command, _): command.number
        case .moved(let move): move.lastNumber
        }
    }

    package var transaction: TransactionIdentifier {
        switch event {
        case .debit(let evidence): evidence.command.transaction
        case .load(let command, _, _, _): command.transaction
        case .recovery(_, _, let command, _): command.transaction
        case .moved(let move): move.transaction
        }
    }

    package var amount: Money {
        switch event {
        case .debit(let evidence): evidence.command.amount
        case .load(let command, _, _, _): command.amount
        case .recovery(let currency, let exponent, let command, _):
            Money(minorUnits: command.minorUnits, currency: currency, exponent: exponent)
        case .moved(let move): move.amount
        }
    }

    /// The balance afterwards.
    package var balance: UInt64 {
        switch event {
        case .debit(let evidence): evidence.answer.balance
        case .load(_, _, _, let answer): answer.balance
        case .recovery(_, _, _, let answer): answer.balance
        case .moved(let move): move.balance
        }
    }
}

/// A debit with all that its signatures depend on.
package struct DebitEvidence: Equatable, Sendable {
    package let type: TransactionType
    /// R of the dialogue.
    package let random: UInt64
    package let expiry: CardDate
    package let purchaseKeyVersion: UInt8
    package let command: DebitIEP
    package let answer: DebitAnswer

    package init(
        type: TransactionType,
        random: UInt64,
        expiry: CardDate,
        purchaseKeyVersion: UInt8,
        command: DebitIEP,
        answer: DebitAnswer
    ) {
        self.type = type
        self.random = random
        self.expiry = expiry
        self.purchaseKeyVersion = purchaseKeyVersion
        self.command = command
        self.answer = answer
    }

    init(_ reader: inout ByteReader) throws(WireFailure) {
        type = try reader.transactionType()
        random = try reader.integer("R", bytes: 8)
        expiry = try reader.expiry()
        purchaseKeyVersion = try reader.byte("VKP")
        command = try DebitIEP(try reader.bytes("DEBIT IEP", count: DebitIEP.length))
        answer = try DebitAnswer(try reader.bytes("answer", count: DebitAnswer.length))
    }

    func write(to writer: inout ByteWriter) {
        writer.byte(type.rawValue)
        writer.integer(random, bytes: 8)
        writer.expiry(expiry)
        writer.byte(purchaseKeyVersion)
        writer.append(command.bytes)
        writer.append(answer.bytes)
    }
}
