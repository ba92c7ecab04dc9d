// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
package import Wire

/// Points on their way onto a member's card. Format 1: CURR 2, member number (counted), CEXP 1,
/// amount 8, last day 3, note (counted), made 8, number of the row in the member's history 8, state
/// 1, and balance afterwards 8 or the reason 1. The key is TRX.
package struct Posting: LoyaltyRecord {
    package enum State: Equatable, Sendable {
        /// The OPAL server has not answered yet, or may succeed later.
        case open
        case posted(balance: UInt64)
        /// The points went back to the member.
        case refused(PointsRefusal)
    }

    /// What is asked of the OPAL server.
    package let credit: PointsCredit
    package let madeAt: Instant
    package internal(set) var state = State.open
    var row: UInt64 = 0

    private static let format: UInt8 = 1
    static let kind = LoyaltyRecords.posting
    var key: [UInt8] { credit.transaction.bytes }
    var isOpen: Bool { state == .open }
    /// Whether the points went back to the member.
    package var isRefused: Bool {
        if case .refused = state { true } else { false }
    }
    package var amount: UInt64 { credit.amount.minorUnits }

    init(_ credit: PointsCredit, madeAt: Instant) {
        self.credit = credit
        self.madeAt = madeAt
    }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "posting key")
        let transaction = try name.transaction()
        var reader = ByteReader(body, of: "posting")
        guard try reader.byte("format") == Posting.format else {
            throw reader.failure("format", .invalid)
        }
        let membership = try reader.membership()
        let exponent = try reader.exponent()
        credit = PointsCredit(
            transaction: transaction,
            membership: membership,
            amount: Money(
                minorUnits: try reader.integer("M", bytes: 8),
                currency: membership.programme,
                exponent: exponent
            ),
            expiry: try reader.expiry(),
            note: try reader.text("note", bytesMax: PointsCredit.noteBytesMax)
        )
        madeAt = try reader.moment("made")
        row = try reader.integer("row", bytes: 8)
        switch try reader.byte("state") {
        case 1: state = .open
        case 2: state = .posted(balance: try reader.integer("balance", bytes: 8))
        case 3:
            state = .refused(
                try reader.value("reason", bytes: 1) { PointsRefusal(rawValue: UInt8($0)) }
            )
        default: throw reader.failure("state", .invalid)
        }
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 96)
        writer.byte(Posting.format)
        writer.membership(credit.membership)
        writer.exponent(credit.amount.exponent)
        writer.integer(amount, bytes: 8)
        writer.expiry(credit.expiry)
        writer.text(credit.note)
        writer.moment(madeAt)
        writer.integer(row, bytes: 8)
        switch state {
        case .open: writer.byte(1)
        case .posted(let balance):
            writer.byte(2)
            writer.integer(balance, bytes: 8)
        case .refused(let reason):
            writer.byte(3)
            writer.byte(reason.rawValue)
        }
        return writer.bytes
    }
}
