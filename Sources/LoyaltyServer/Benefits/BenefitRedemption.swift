// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// One benefit on its way to one member, named by the TRX of the order that pays for it (FIG. 16).
package struct BenefitRedemption: Equatable, Sendable {
    /// What is to be done with points that were debited in the database for it. The piece goes
    /// first; the record stays open until the points have followed.
    package enum Points: UInt8, CaseIterable, Sendable {
        case settled = 0
        /// The piece went back to the stock.
        case comeBack = 1
        /// It was paid for after it had been given up.
        case areKept = 2
        /// They had come back and were spent when it was paid for after all: the programme has
        /// given the benefit without them.
        case areMissing = 3

        /// Whether they have still to follow.
        package var areDue: Bool { self == .comeBack || self == .areKept }
    }

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
    package internal(set) var points = Points.settled
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
    var isOpen: Bool { state == .reserved || points.areDue }

    /// Whether nobody can pay for it any more, if no clock is wrong by more than is allowed, or its
    /// points have to follow it.
    package func isOver(at now: Instant) -> Bool {
        points.areDue || state == .reserved && now.since(reservedAt) > BenefitLimits.reservationTime
    }

    /// The redemption after an event, or nil where it changes nothing.
    func ended(_ event: RedemptionEvent, at now: Instant) -> BenefitRedemption? {
        guard let state = state.next(after: event) else { return nil }
        var next = self
        next.wasReleased = self.state == .released
        next.state = state
        next.points = benefit.price.points == nil ? .settled : points(in: state)
        next.endedAt = now
        return next
    }

    private func points(in next: RedemptionState) -> Points {
        switch next {
        case .reserved: .settled
        case .released: .comeBack
        case .fulfilled: state == .released ? .areKept : .settled
        }
    }
}

// Format 2, TRX 16, member (CURR 2, number), the benefit, state 1, time of the reservation 8, time
// of the end behind a presence byte 8, voucher behind a presence byte 10, released before 1,
// points 1, number and hash of the last journal row 8 + 32. Format 1 has no points to settle.
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
        if format > 1 {
            points = try reader.value("points", bytes: 1) { Points(rawValue: UInt8($0)) }
        }
        lastRow = try reader.integer("last row", bytes: 8)
        lastHash = try reader.bytes("hash", count: RecordLimits.hashBytes)
        try reader.end()
        let isCode = benefit.handout == .voucher && state == .fulfilled
        guard (endedAt == nil) == (state == .reserved), (voucher != nil) == isCode,
            points != .comeBack || state == .released,
            points != .areKept && points != .areMissing || state == .fulfilled
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
        writer.byte(points.rawValue)
        writer.integer(lastRow, bytes: 8)
        writer.append(lastHash)
        return writer.bytes
    }
}
