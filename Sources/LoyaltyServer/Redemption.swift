// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// Points that were debited in the database for an order. Format 1: state 1, made 8, and unless it
/// was given up before it came: CURR 2, member number (counted), points 8, balance afterwards 8,
/// tranches that were taken, number of the row in the member's history 8. The key is TRX.
package struct Redemption: LoyaltyRecord {
    package enum State: UInt8, CaseIterable, Sendable {
        case debited = 1
        case givenBack = 2
        /// Given up before it came: what comes later is not debited.
        case cancelled = 3
        /// Its order was paid, and nothing comes back.
        case kept = 4
        /// Its order was paid after it had been given back; nothing comes back any more.
        case takenAgain = 5

        /// Whether the points are with the programme.
        package var isDebited: Bool {
            switch self {
            case .debited, .kept, .takenAgain: true
            case .givenBack, .cancelled: false
            }
        }
    }

    /// What was debited.
    package struct Debit: Equatable, Sendable {
        package let membership: Membership
        package let points: UInt64
        /// What the member had afterwards; a repeat is answered with it.
        package let balance: UInt64
        /// First to expire first; they go back to their days.
        package let taken: [PointsTranche]
        let row: UInt64
    }

    package let transaction: TransactionIdentifier
    package let madeAt: Instant
    package internal(set) var state: State
    /// Nil where nothing was debited.
    package let debit: Debit?

    private static let format: UInt8 = 1
    static let kind = LoyaltyRecords.redemption
    var key: [UInt8] { transaction.bytes }

    init(_ transaction: TransactionIdentifier, _ debit: Debit?, madeAt: Instant) {
        self.transaction = transaction
        self.debit = debit
        self.madeAt = madeAt
        state = debit == nil ? .cancelled : .debited
    }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "redemption key")
        transaction = try name.transaction()
        var reader = ByteReader(body, of: "redemption")
        guard try reader.byte("format") == Redemption.format else {
            throw reader.failure("format", .invalid)
        }
        state = try reader.value("state", bytes: 1) { State(rawValue: UInt8($0)) }
        madeAt = try reader.moment("made")
        if state == .cancelled {
            debit = nil
        } else {
            debit = Debit(
                membership: try reader.membership(),
                points: try reader.integer("points", bytes: 8),
                balance: try reader.integer("balance", bytes: 8),
                taken: try reader.tranches(),
                row: try reader.integer("row", bytes: 8)
            )
        }
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 96)
        writer.byte(Redemption.format)
        writer.byte(state.rawValue)
        writer.moment(madeAt)
        if let debit {
            writer.membership(debit.membership)
            writer.integer(debit.points, bytes: 8)
            writer.integer(debit.balance, bytes: 8)
            writer.tranches(debit.taken)
            writer.integer(debit.row, bytes: 8)
        }
        return writer.bytes
    }
}
