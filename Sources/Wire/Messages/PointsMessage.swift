// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// A message between loyalty server and OPAL server: version 1, type 1, then the fields of the type
/// (`docs/messages/points.md`). Every request may come again and is answered with the same bytes.
package enum PointsMessage: Equatable, Sendable {
    /// Loyalty server → OPAL server: the card that proved its identity in this transaction, at a
    /// site of the programme, is that of this member. TRX 16, CURR 2, member number (counted).
    case enrol(TransactionIdentifier, Membership)
    /// OPAL server → loyalty server. TRX 16.
    case enrolled(TransactionIdentifier)
    /// Loyalty server → OPAL server: load these points onto the member's card.
    case credit(PointsCredit)
    /// OPAL server → loyalty server: they are on the card. TRX 16, balance afterwards 8.
    case credited(TransactionIdentifier, balance: UInt64)
    /// Loyalty server → OPAL server: how many points are on cards, by the day on which they expire?
    /// CURR 2.
    case holdingsQuestion(Currency)
    /// OPAL server → loyalty server. CURR 2, cards 4, number of tranches 2, and each day 3 and
    /// amount 8.
    case holdings(Currency, cards: UInt32, [PointsTranche])
    /// OPAL server → loyalty server: a member's purchase at a partner.
    case purchase(PurchaseNotice)
    /// Loyalty server → OPAL server. TRX 16.
    case noted(TransactionIdentifier)
    /// Either way: the step is not taken, for this reason. TRX 16, reason 1.
    case refusal(TransactionIdentifier, PointsRefusal)

    package static let version: UInt8 = 1
    /// Days in one answer about holdings.
    package static let holdingsMax = 4096

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "points message")
        guard try reader.byte("version") == PointsMessage.version else {
            throw reader.failure("version", .invalid)
        }
        switch try reader.byte("type") {
        case 0x71:
            self = .enrol(try reader.transaction(), try reader.membership())
        case 0x72: self = .enrolled(try reader.transaction())
        case 0x73: self = .credit(try PointsCredit(&reader))
        case 0x74:
            self = .credited(
                try reader.transaction(),
                balance: try reader.integer("BAL", bytes: 8)
            )
        case 0x75: self = .holdingsQuestion(try reader.programme())
        case 0x76:
            self = .holdings(
                try reader.programme(),
                cards: try reader.number("cards"),
                try reader.holdings()
            )
        case 0x77: self = .purchase(try PurchaseNotice(&reader))
        case 0x78: self = .noted(try reader.transaction())
        case 0x7F:
            self = .refusal(
                try reader.transaction(),
                try reader.value("reason", bytes: 1) { PointsRefusal(rawValue: UInt8($0)) }
            )
        default: throw reader.failure("type", .invalid)
        }
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 96)
        writer.byte(PointsMessage.version)
        switch self {
        case .enrol(let transaction, let membership):
            writer.byte(0x71)
            writer.transaction(transaction)
            writer.membership(membership)
        case .enrolled(let transaction):
            writer.byte(0x72)
            writer.transaction(transaction)
        case .credit(let credit):
            writer.byte(0x73)
            credit.write(to: &writer)
        case .credited(let transaction, let balance):
            writer.byte(0x74)
            writer.transaction(transaction)
            writer.integer(balance, bytes: 8)
        case .holdingsQuestion(let programme):
            writer.byte(0x75)
            writer.currency(programme)
        case .holdings(let programme, let cards, let tranches):
            precondition(tranches.count <= PointsMessage.holdingsMax)
            writer.byte(0x76)
            writer.currency(programme)
            writer.number(cards)
            writer.integer(UInt64(tranches.count), bytes: 2)
            for tranche in tranches { writer.tranche(tranche) }
        case .purchase(let notice):
            writer.byte(0x77)
            notice.write(to: &writer)
        case .noted(let transaction):
            writer.byte(0x78)
            writer.transaction(transaction)
        case .refusal(let transaction, let refusal):
            writer.byte(0x7F)
            writer.transaction(transaction)
            writer.byte(refusal.rawValue)
        }
        return writer.bytes
    }
}

/// Points that a programme loads onto a member's card: TRX 16, CURR 2, member number (counted),
/// CEXP 1, M 8, last day 3, note for the person (counted, at most ``noteBytesMax``).
package struct PointsCredit: Equatable, Sendable {
    package let transaction: TransactionIdentifier
    package let membership: Membership
    /// In the programme's currency.
    package let amount: Money
    package let expiry: CardDate
    package let note: String

    package static let noteBytesMax = 120

    package init(
        transaction: TransactionIdentifier,
        membership: Membership,
        amount: Money,
        expiry: CardDate,
        note: String
    ) {
        precondition(amount.currency == membership.programme)
        precondition(note.utf8.count <= PointsCredit.noteBytesMax && ByteReader.isText(note))
        self.transaction = transaction
        self.membership = membership
        self.amount = amount
        self.expiry = expiry
        self.note = note
    }

    init(_ reader: inout ByteReader) throws(WireFailure) {
        transaction = try reader.transaction()
        membership = try reader.membership()
        let exponent = try reader.exponent()
        amount = Money(
            minorUnits: try reader.integer("M", bytes: 8),
            currency: membership.programme,
            exponent: exponent
        )
        expiry = try reader.expiry()
        note = try reader.text("note", bytesMax: PointsCredit.noteBytesMax)
    }

    func write(to writer: inout ByteWriter) {
        writer.transaction(transaction)
        writer.membership(membership)
        writer.exponent(amount.exponent)
        writer.integer(amount.minorUnits, bytes: 8)
        writer.expiry(expiry)
        writer.text(note)
    }
}

/// A member's purchase at a partner of the programme: TRX 16, CURR 2, member number (counted),
/// MERCH 15, amount 11, moment of the debit 8, what became of it 1.
package struct PurchaseNotice: Equatable, Sendable {
    /// What became of the debit. *Debited* may be followed by one of the others, and nothing
    /// follows them.
    package enum State: UInt8, CaseIterable, Sendable {
        case debited = 1
        case sold = 2
        case recovered = 3
    }

    package let transaction: TransactionIdentifier
    package let membership: Membership
    package let merchant: MerchantIdentifier
    package let amount: Money
    package let debitedAt: Instant
    package let state: State

    package init(
        transaction: TransactionIdentifier,
        membership: Membership,
        merchant: MerchantIdentifier,
        amount: Money,
        debitedAt: Instant,
        state: State
    ) {
        self.transaction = transaction
        self.membership = membership
        self.merchant = merchant
        self.amount = amount
        self.debitedAt = debitedAt
        self.state = state
    }

    init(_ reader: inout ByteReader) throws(WireFailure) {
        transaction = try reader.transaction()
        membership = try reader.membership()
        merchant = try reader.merchant()
        amount = try reader.money()
        debitedAt = try reader.moment("debited")
        state = try reader.value("state", bytes: 1) { State(rawValue: UInt8($0)) }
    }

    func write(to writer: inout ByteWriter) {
        writer.transaction(transaction)
        writer.membership(membership)
        writer.merchant(merchant)
        writer.money(amount)
        writer.moment(debitedAt)
        writer.byte(state.rawValue)
    }
}

extension ByteReader {
    /// CURR of a programme.
    package mutating func programme() throws(WireFailure) -> Currency {
        let currency = try currency()
        guard currency.isProgramme else { throw failure("CURR", .invalid) }
        return currency
    }

    /// CURR 2, member number (counted).
    package mutating func membership() throws(WireFailure) -> Membership {
        Membership(programme: try programme(), number: try memberNumber())
    }

    /// A number of memberships 1, at least one, and each; by ascending programme, none twice.
    package mutating func memberships() throws(WireFailure) -> [Membership] {
        let count = try value("memberships", bytes: 1) { count in
            (1...UInt64(Membership.countMax)).contains(count) ? Int(count) : nil
        }
        var memberships: [Membership] = []
        for _ in 0..<count { memberships.append(try membership()) }
        guard Membership.areInOrder(memberships) else { throw failure("memberships", .invalid) }
        return memberships
    }

    /// A member number (counted).
    private mutating func memberNumber() throws(WireFailure) -> MemberNumber {
        let text = try text("member number", bytesMax: MemberNumber.bytesMax)
        guard let number = MemberNumber(text) else {
            throw failure("member number", .invalid)
        }
        return number
    }

    /// Last day 3, amount 8.
    package mutating func tranche() throws(WireFailure) -> PointsTranche {
        PointsTranche(expiry: try expiry(), minorUnits: try integer("points", bytes: 8))
    }

    fileprivate mutating func holdings() throws(WireFailure) -> [PointsTranche] {
        let count = try value("tranches", bytes: 2) { count in
            count <= PointsMessage.holdingsMax ? Int(count) : nil
        }
        var tranches: [PointsTranche] = []
        for _ in 0..<count { tranches.append(try tranche()) }
        return tranches
    }
}

extension ByteWriter {
    /// As ``ByteReader/memberships()`` reads them; at least one.
    package mutating func memberships(_ memberships: [Membership]) {
        precondition(!memberships.isEmpty && Membership.areInOrder(memberships))
        byte(UInt8(memberships.count))
        for membership in memberships { self.membership(membership) }
    }

    package mutating func membership(_ membership: Membership) {
        currency(membership.programme)
        text(membership.number.text)
    }

    package mutating func tranche(_ tranche: PointsTranche) {
        expiry(tranche.expiry)
        integer(tranche.minorUnits, bytes: 8)
    }
}
