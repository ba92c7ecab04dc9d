// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// Value that was swept from a card to the account of expired value of its issuer, or given back,
/// durable with the change of the card (`docs/decisions/0036`). Sealed under BIN 3 and its number
/// 8. Format 1: card 8, TRX of the sweep 16, amount 11, moment 8, event 1 (01 dormant, 02 expired,
/// 03 given back), number 8: of a sweep the one that gives it back, 0 while none does; of a return
/// that of its sweep.
package struct SweepRecord: Equatable, Sendable {
    package static let kind = RecordKind("sweep", keyBytes: 11...11)
    private static let format: UInt8 = 1
    private static let givenBackCode: UInt8 = 0x03

    package enum Event: Equatable, Sendable {
        /// `return`: the number under which it was given back; nil while it was not.
        case swept(SweepReason, return: UInt64?)
        /// `sweep`: the number of what comes back.
        case givenBack(sweep: UInt64)
    }

    package let issuer: IssuerIdentifier
    package let number: UInt64
    /// The card that was swept, or that is credited.
    package let card: CardIdentifier
    /// TRX of the sweep, also where it is given back.
    package let transaction: TransactionIdentifier
    package let amount: Money
    package let moment: Instant
    package internal(set) var event: Event

    package static func key(_ issuer: IssuerIdentifier, _ number: UInt64) -> RecordKey {
        RecordKey(kind, issuer.bytes + number.bigEndianBytes)
    }

    /// `number`: the next one of the card's issuer.
    init(
        _ number: UInt64,
        _ card: CardIdentifier,
        _ transaction: TransactionIdentifier,
        _ amount: Money,
        at moment: Instant,
        _ event: Event
    ) {
        issuer = card.issuer
        self.number = number
        self.card = card
        self.transaction = transaction
        self.amount = amount
        self.moment = moment
        self.event = event
    }

    package init(_ bytes: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "sweep key")
        issuer = try name.issuer()
        number = try name.integer("number", bytes: 8)
        try name.end()
        var reader = ByteReader(bytes, of: "sweep")
        guard try reader.byte("format") == SweepRecord.format else {
            throw reader.failure("format", .invalid)
        }
        card = try reader.card()
        transaction = try reader.transaction()
        amount = try reader.money()
        moment = try reader.moment("moment")
        let code = try reader.byte("event")
        let other = try reader.integer("number", bytes: 8)
        try reader.end()
        if let reason = SweepReason(rawValue: code) {
            event = .swept(reason, return: other == 0 ? nil : other)
        } else if code == SweepRecord.givenBackCode {
            event = .givenBack(sweep: other)
        } else {
            throw reader.failure("event", .invalid)
        }
        if case .swept = event, other != 0, other <= number {
            throw reader.failure("number", .invalid)
        }
        guard card.issuer == issuer, notice != nil else { throw reader.failure("event", .invalid) }
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 53)
        writer.byte(SweepRecord.format)
        writer.card(card)
        writer.transaction(transaction)
        writer.money(amount)
        writer.moment(moment)
        switch event {
        case .swept(let reason, let number):
            writer.byte(reason.rawValue)
            writer.integer(number ?? 0, bytes: 8)
        case .givenBack(let sweep):
            writer.byte(SweepRecord.givenBackCode)
            writer.integer(sweep, bytes: 8)
        }
        return writer.bytes
    }

    /// What the clearing house is told; nil for a record that says nothing which can be.
    package var notice: SweepNotice? {
        let event: SweepNotice.Event =
            switch event {
            case .swept(let reason, _): .swept(reason)
            case .givenBack(let sweep): .givenBack(sweep)
            }
        return SweepNotice(
            number: number,
            transaction: transaction,
            amount: amount,
            event: event
        )
    }
}
