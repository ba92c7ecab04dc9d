// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// A card that proved its identity at a site of the programme, and the number that it got. Format
/// 1: member number (counted), card pseudonym 16, made 8, state 1, and where it is refused the
/// reason 1. The key is CURR and TRX of the proof.
package struct Enrolment: LoyaltyRecord {
    package enum State: Equatable, Sendable {
        /// The OPAL server has not answered yet.
        case open
        /// The card has the number.
        case entered
        case refused(PointsRefusal)
    }

    package let membership: Membership
    /// TRX of the proof.
    package let transaction: TransactionIdentifier
    /// The name of the card at the site.
    package let card: CardPseudonym
    package let madeAt: Instant
    package internal(set) var state: State

    private static let format: UInt8 = 1
    static let kind = LoyaltyRecords.enrolment
    var key: [UInt8] { Enrolment.key(membership.programme, transaction) }
    var isOpen: Bool { state == .open }

    static func key(_ programme: Currency, _ transaction: TransactionIdentifier) -> [UInt8] {
        programme.bytes + transaction.bytes
    }

    /// TRX of the proof that a key names; nil where it is no key of an enrolment.
    static func proof(in key: [UInt8]) -> TransactionIdentifier? {
        var reader = ByteReader(key, of: "enrolment key")
        guard (try? reader.programme()) != nil else { return nil }
        return try? reader.transaction()
    }

    init(
        _ membership: Membership,
        _ transaction: TransactionIdentifier,
        card: CardPseudonym,
        madeAt: Instant
    ) {
        self.membership = membership
        self.transaction = transaction
        self.card = card
        self.madeAt = madeAt
        state = .open
    }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "enrolment key")
        let programme = try name.programme()
        transaction = try name.transaction()
        var reader = ByteReader(body, of: "enrolment")
        guard try reader.byte("format") == Enrolment.format else {
            throw reader.failure("format", .invalid)
        }
        membership = Membership(programme: programme, number: try reader.memberNumber())
        card = try reader.cardPseudonym()
        madeAt = try reader.moment("made")
        switch try reader.byte("state") {
        case 1: state = .open
        case 2: state = .entered
        case 3:
            state = .refused(
                try reader.value("reason", bytes: 1) { PointsRefusal(rawValue: UInt8($0)) }
            )
        default: throw reader.failure("state", .invalid)
        }
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.byte(Enrolment.format)
        writer.text(membership.number.text)
        writer.append(card.bytes)
        writer.moment(madeAt)
        switch state {
        case .open: writer.byte(1)
        case .entered: writer.byte(2)
        case .refused(let reason):
            writer.byte(3)
            writer.byte(reason.rawValue)
        }
        return writer.bytes
    }
}

/// The number of a card, by its pseudonym. Format 1: member number (counted), TRX of the enrolment
/// 16. The key is CURR and pseudonym.
struct EnrolledCard: LoyaltyRecord {
    let membership: Membership
    let card: CardPseudonym
    /// TRX of the proof that the card's enrolment stands under.
    var enrolment: TransactionIdentifier

    private static let format: UInt8 = 1
    static let kind = LoyaltyRecords.card
    var key: [UInt8] { EnrolledCard.key(membership.programme, card) }

    static func key(_ programme: Currency, _ card: CardPseudonym) -> [UInt8] {
        programme.bytes + card.bytes
    }

    init(_ enrolment: Enrolment) {
        membership = enrolment.membership
        card = enrolment.card
        self.enrolment = enrolment.transaction
    }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "card key")
        let programme = try name.programme()
        card = try name.cardPseudonym()
        var reader = ByteReader(body, of: "enrolled card")
        guard try reader.byte("format") == EnrolledCard.format else {
            throw reader.failure("format", .invalid)
        }
        membership = Membership(programme: programme, number: try reader.memberNumber())
        enrolment = try reader.transaction()
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 48)
        writer.byte(EnrolledCard.format)
        writer.text(membership.number.text)
        writer.transaction(enrolment)
        return writer.bytes
    }
}

extension ByteReader {
    mutating func cardPseudonym() throws(WireFailure) -> CardPseudonym {
        CardPseudonym(
            high: try integer("card pseudonym", bytes: 8),
            low: try integer("card pseudonym", bytes: 8)
        )
    }
}
