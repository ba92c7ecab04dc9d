// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// One row of a card's history 272: what was asked, what the card answered, and what is needed to
/// check its signatures again. Kind 1, moment in milliseconds 8, then the kind's fields, then a
/// note for the person (counted, UTF-8).
package struct CardHistoryEntry: Equatable, Sendable {
    package enum Event: Equatable, Sendable {
        /// Kind 01: TI 1, R of the dialogue 8, DEXP 3, VKP 1, DEBIT IEP 69, answer 30. Kind 05, a
        /// debit that used up an exception from the card's limits: its number 4, then the same.
        /// Kind 07, a debit of points: the fields of ``TakenPoints``, then the same.
        case debit(DebitEvidence)
        /// Kind 02: INITIALIZE data 43, its answer 52, CREDIT IEP 34, answer 22.
        case load(InitializeLoad, InitializeLoadAnswer, CreditIEP, CreditAnswer)
        /// Kind 03: CURR 2, CEXP 1, RECOVER VALUE 48, answer 14.
        case recovery(Currency, Exponent, RecoverValue, RecoverAnswer)
        /// Kind 04: who made it (counted), setting 1 (01 blocked, 02 unblocked, 03 policy,
        /// 04 membership), for a policy its bytes (counted), for a membership CURR 2, number
        /// (counted), CEXP 1, whether a purse is opened 1 and, where it is, its BALMAX 8.
        case setting(CardSetting, by: String)
        /// Kind 06: the fields of ``CardMove`` (47).
        case moved(CardMove)
        /// Kind 08: the fields of ``ExpiredPoints`` (23).
        case expired(ExpiredPoints)
        /// Kind 09: the fields of ``SweptValue`` (48).
        case swept(SweptValue)
    }

    package let moment: Instant
    package let event: Event
    /// What the person reads, for instance the merchant and the article.
    package let note: String

    package static let noteBytesMax = 256
    /// The name of who made a setting, in UTF-8.
    package static let whoBytesMax = 64

    /// `note`: without control characters, because a row that cannot be read again would
    ///   stop the card.
    package init(moment: Instant, event: Event, note: String) {
        precondition(
            note.utf8.count <= CardHistoryEntry.noteBytesMax && ByteReader.isText(note)
        )
        if case .setting(_, let who) = event { precondition(CardHistoryEntry.isName(who)) }
        self.moment = moment
        self.event = event
        self.note = note
    }

    /// Whether a setting can be made in this name.
    package static func isName(_ who: String) -> Bool {
        (1...whoBytesMax).contains(who.utf8.count) && ByteReader.isText(who)
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
        case 0x04:
            let who = try reader.text("who", bytesMax: CardHistoryEntry.whoBytesMax)
            guard CardHistoryEntry.isName(who) else { throw reader.failure("who", .invalid) }
            event = .setting(try reader.setting(), by: who)
        case 0x05:
            let exception = try reader.number("exception")
            event = .debit(try DebitEvidence(&reader, exception: exception))
        case 0x06: event = .moved(try CardMove(&reader))
        case 0x07:
            let points = try TakenPoints(&reader)
            event = .debit(try DebitEvidence(&reader, points: points))
        case 0x08: event = .expired(try ExpiredPoints(&reader))
        case 0x09: event = .swept(try SweptValue(&reader))
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
            writer.byte(evidence.points != nil ? 0x07 : evidence.exception == nil ? 0x01 : 0x05)
            writer.integer(moment, bytes: 8)
            if let points = evidence.points {
                points.write(to: &writer)
            } else if let exception = evidence.exception {
                writer.number(exception)
            }
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
        case .setting(let setting, let who):
            writer.byte(0x04)
            writer.integer(moment, bytes: 8)
            writer.text(who)
            setting.write(to: &writer)
        case .moved(let move):
            writer.byte(0x06)
            writer.integer(moment, bytes: 8)
            move.write(to: &writer)
        case .expired(let expired):
            writer.byte(0x08)
            writer.integer(moment, bytes: 8)
            expired.write(to: &writer)
        case .swept(let swept):
            writer.byte(0x09)
            writer.integer(moment, bytes: 8)
            swept.write(to: &writer)
        }
        writer.text(note)
        return writer.bytes
    }

    /// What a row says of the card's value.
    package struct Movement: Equatable, Sendable {
        /// NT of the transaction that the row is about; for a move or a sweep, which consumes none,
        /// the last one before it.
        package let number: UInt32
        package let transaction: TransactionIdentifier
        package let amount: Money
        /// The balance afterwards.
        package let balance: UInt64
    }

    /// Nil for a setting, which moves no value, and for points that expired, which are no
    /// transaction.
    package var movement: Movement? {
        switch event {
        case .debit(let evidence):
            Movement(
                number: evidence.answer.number,
                transaction: evidence.command.transaction,
                amount: evidence.command.amount,
                balance: evidence.answer.balance
            )
        case .load(let command, _, _, let answer):
            Movement(
                number: answer.number,
                transaction: command.transaction,
                amount: command.amount,
                balance: answer.balance
            )
        case .recovery(let currency, let exponent, let command, let answer):
            Movement(
                number: command.number,
                transaction: command.transaction,
                amount: Money(
                    minorUnits: command.minorUnits,
                    currency: currency,
                    exponent: exponent
                ),
                balance: answer.balance
            )
        case .moved(let move):
            Movement(
                number: move.lastNumber,
                transaction: move.transaction,
                amount: move.amount,
                balance: move.balance
            )
        case .swept(let swept):
            Movement(
                number: swept.lastNumber,
                transaction: swept.transaction,
                amount: swept.amount,
                balance: swept.balance
            )
        case .setting, .expired: nil
        }
    }

    /// Whether the row says that somebody used the card: a load, a debit, its recovery or a move.
    package var isUse: Bool {
        switch event {
        case .debit, .load, .recovery, .moved: true
        case .setting, .expired, .swept: false
        }
    }
}

extension CardSetting {
    fileprivate func write(to writer: inout ByteWriter) {
        switch self {
        case .blocked(true): writer.byte(0x01)
        case .blocked(false): writer.byte(0x02)
        case .policy(let policy):
            writer.byte(0x03)
            writer.counted(policy.bytes)
        case .membership(let membership, let exponent, let balanceMax):
            writer.byte(0x04)
            writer.membership(membership)
            writer.exponent(exponent)
            writer.optional(balanceMax) { $0.integer($1, bytes: 8) }
        }
    }
}

extension ByteReader {
    fileprivate mutating func setting() throws(WireFailure) -> CardSetting {
        switch try byte("setting") {
        case 0x01: .blocked(true)
        case 0x02: .blocked(false)
        case 0x03:
            .policy(try SpendingPolicy(counted("policy", max: SpendingPolicy.bytesMax)))
        case 0x04:
            .membership(
                try membership(),
                try exponent(),
                balanceMax: try optional("purse") { reader throws(WireFailure) in
                    try reader.integer("BALMAX", bytes: 8)
                }
            )
        default: throw failure("setting", .invalid)
        }
    }
}
