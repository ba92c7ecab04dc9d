// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// One benefit on its way to one member, named by the TRX of the order that pays for it (FIG. 16).
package struct BenefitRedemption: Equatable, Sendable {
    package let transaction: TransactionIdentifier
    /// Whose it is.
    package let member: Membership
    /// As it was when it was ordered: what is paid for does not change with the catalogue.
    package let benefit: Benefit
    package internal(set) var state: RedemptionState
    package let reservedAt: Instant
    /// When it was fulfilled or released.
    package internal(set) var endedAt: Instant?
    /// Fixed once, when it is fulfilled; nil where a file is handed out.
    package internal(set) var voucher: VoucherCode?
    /// Whether its piece had gone back to the stock before it was paid for after all.
    package internal(set) var wasReleased = false
    /// Whether points that were debited in the database for it may still have to come back: its
    /// piece went back first, and this keeps the record open until they have.
    package internal(set) var owesPoints = false
    var lastRow: UInt64 = 0
    var lastHash = [UInt8](repeating: 0, count: RecordLimits.hashBytes)

    init(
        _ transaction: TransactionIdentifier,
        of benefit: Benefit,
        for member: Membership,
        at now: Instant
    ) {
        self.transaction = transaction
        self.member = member
        self.benefit = benefit
        state = .reserved
        reservedAt = now
    }

    /// Whether something is still to be done for it.
    var isOpen: Bool { state == .reserved || owesPoints }

    /// Whether nobody can pay for it any more, if no clock is wrong by more than is allowed, or its
    /// points have to come back.
    package func isOver(at now: Instant) -> Bool {
        owesPoints || state == .reserved && now.since(reservedAt) > BenefitLimits.reservationTime
    }

    /// The redemption after an event, or nil where it changes nothing.
    func ended(_ event: RedemptionEvent, at now: Instant) -> BenefitRedemption? {
        guard let state = state.next(after: event) else { return nil }
        var next = self
        next.wasReleased = self.state == .released
        next.state = state
        next.owesPoints = state == .released && benefit.price.points != nil
        next.endedAt = now
        return next
    }
}

// Format 2, TRX 16, member (CURR 2, number), the benefit, state 1, time of the reservation 8, time
// of the end behind a presence byte 8, voucher behind a presence byte 10, released before 1, owes
// points 1, number and hash of the last journal row 8 + 32. Format 1 owes none.
extension BenefitRedemption {
    private static let format: UInt8 = 2

    init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "redemption")
        let format = try reader.byte("format")
        guard (1...BenefitRedemption.format).contains(format) else {
            throw reader.failure("format", .invalid)
        }
        transaction = try reader.transaction()
        member = try reader.membership()
        benefit = try reader.benefit()
        state = try reader.value("state", bytes: 1) { RedemptionState(rawValue: UInt8($0)) }
        reservedAt = try reader.moment("reserved")
        endedAt = try reader.optional("ended") { reader throws(WireFailure) in
            try reader.moment("ended")
        }
        voucher = try reader.optional("voucher") { reader throws(WireFailure) in
            VoucherCode(try reader.bytes("voucher", count: VoucherCode.count))
        }
        wasReleased = try reader.value("released before", bytes: 1) { $0 <= 1 ? $0 == 1 : nil }
        owesPoints =
            format == 1
            ? false : try reader.value("owes points", bytes: 1) { $0 <= 1 ? $0 == 1 : nil }
        lastRow = try reader.integer("last row", bytes: 8)
        lastHash = try reader.bytes("hash", count: RecordLimits.hashBytes)
        try reader.end()
        let isCode = benefit.handout == .voucher && state == .fulfilled
        guard (endedAt == nil) == (state == .reserved), (voucher != nil) == isCode,
            !owesPoints || state == .released
        else {
            throw reader.failure("state", .invalid)
        }
    }

    /// Holds the voucher code; it leaves the server only sealed.
    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 384)
        writer.byte(BenefitRedemption.format)
        writer.transaction(transaction)
        writer.membership(member)
        writer.benefit(benefit)
        writer.byte(state.rawValue)
        writer.moment(reservedAt)
        writer.optional(endedAt) { $0.moment($1) }
        writer.optional(voucher) { $0.append($1.bytes) }
        writer.byte(wasReleased ? 1 : 0)
        writer.byte(owesPoints ? 1 : 0)
        writer.integer(lastRow, bytes: 8)
        writer.append(lastHash)
        return writer.bytes
    }
}
