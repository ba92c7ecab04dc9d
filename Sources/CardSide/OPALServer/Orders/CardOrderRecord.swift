// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

/// A card that was made by order. The key is the reference in ASCII. It is open until the limits
/// are set that were ordered with it. Format 1: card 8, holder 0/1 and, where there is one, user
/// identifier and e-mail (counted, UTF-8); value, and limits for a purchase, a day and a month,
/// each 0/1 and, where there is one, 8.
struct CardOrderRecord: Equatable, Sendable {
    static let kind = RecordKind("card_order", keyBytes: OrderedCard.referenceCharacters)
    private static let format: UInt8 = 1

    let card: CardIdentifier
    let order: OrderedCard

    static func key(_ reference: String) -> RecordKey {
        RecordKey(kind, Array(reference.utf8))
    }

    init(card: CardIdentifier, order: OrderedCard) {
        self.card = card
        self.order = order
    }

    init(_ bytes: [UInt8], key: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "card order")
        guard try reader.byte("format") == CardOrderRecord.format,
            let reference = String(validating: key, as: UTF8.self)
        else { throw reader.failure("format", .invalid) }
        card = try reader.card()
        var (user, email) = ("", "")
        if try reader.flag("holder") {
            user = try reader.text("identifier", bytesMax: UserLimits.identifierBytesMax)
            email = try reader.text("e-mail", bytesMax: UserLimits.emailBytesMax)
        }
        let value = try reader.optionalAmount("value")
        let limits = OrderedCard.Limits(
            purchase: try reader.optionalAmount("limit of a purchase"),
            day: try reader.optionalAmount("limit of a day"),
            month: try reader.optionalAmount("limit of a month")
        )
        try reader.end()
        let checked = OrderedCard.check(
            reference: reference,
            user: user,
            email: email,
            value: value,
            limits: limits
        )
        guard case .success(let order) = checked else {
            throw reader.failure("order", .invalid)
        }
        self.order = order
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.byte(CardOrderRecord.format)
        writer.card(card)
        writer.flag(order.holder != nil)
        if let holder = order.holder {
            writer.text(holder.identifier.text)
            writer.text(holder.email)
        }
        for amount in [order.value, order.limits.purchase, order.limits.day, order.limits.month] {
            writer.flag(amount != nil)
            if let amount { writer.integer(amount, bytes: 8) }
        }
        return writer.bytes
    }
}

extension ByteReader {
    fileprivate mutating func optionalAmount(
        _ field: StaticString
    ) throws(WireFailure) -> UInt64? {
        try flag(field) ? try integer(field, bytes: 8) : nil
    }
}
