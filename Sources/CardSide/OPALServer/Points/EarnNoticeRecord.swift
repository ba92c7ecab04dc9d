// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// A member's purchase at a partner of a programme, of which its loyalty server is told until it
/// has noted the end; durable with the debit. What was bought stands in the draw with the same TRX.
/// Format 2: member's number (counted), state that was noted last 1 (0 none), refusal 1 (0 none);
/// behind a presence byte the reason of the last refusal 1, its time 8, how many in a row 1. Format
/// 1 ends before the presence byte.
package struct EarnNoticeRecord: Equatable, Sendable {
    /// The loyalty server has refused the notice for a reason that may be set right: it waits.
    package struct Pause: Equatable, Sendable {
        package let reason: PointsRefusal
        package let since: Instant
        /// Refusals in a row.
        package let count: UInt8

        /// Whether the notice still waits. A pause that began in the future is over: the clock was
        /// set back.
        func lasts(at now: Instant) -> Bool {
            since <= now && now < since.adding(PointsLimits.noticePause(after: count))
        }
    }

    /// TRX 16, CURR 2: a merchant may be partner of several programmes.
    package static let kind = RecordKind("earn_notice", keyBytes: 18...18)
    private static let format: UInt8 = 2
    private static let formatWithoutPause: UInt8 = 1

    package let transaction: TransactionIdentifier
    package let membership: Membership
    package private(set) var noted: PurchaseNotice.State?
    /// Why the loyalty server wants to hear no more of it.
    package private(set) var refusal: PointsRefusal?
    package private(set) var pause: Pause?

    /// Whether the loyalty server is still to be told something.
    package var isOpen: Bool {
        refusal == nil && (noted == nil || noted == .debited)
    }

    package var key: RecordKey {
        RecordKey(
            EarnNoticeRecord.kind,
            transaction.bytes + MemberRecord.prefix(membership.programme)
        )
    }

    init(_ transaction: TransactionIdentifier, _ membership: Membership) {
        self.transaction = transaction
        self.membership = membership
    }

    package init(_ bytes: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "earn notice")
        transaction = try name.transaction()
        let programme = try name.programme()
        var reader = ByteReader(bytes, of: "earn notice")
        let format = try reader.byte("format")
        guard format == EarnNoticeRecord.format || format == EarnNoticeRecord.formatWithoutPause
        else { throw reader.failure("format", .invalid) }
        let text = try reader.text("member number", bytesMax: MemberNumber.bytesMax)
        guard let number = MemberNumber(text) else {
            throw reader.failure("member number", .invalid)
        }
        membership = Membership(programme: programme, number: number)
        let noted = try reader.byte("noted")
        self.noted = PurchaseNotice.State(rawValue: noted)
        let refusal = try reader.byte("refusal")
        self.refusal = PointsRefusal(rawValue: refusal)
        guard (self.noted != nil) == (noted != 0), (self.refusal != nil) == (refusal != 0) else {
            throw reader.failure("state", .invalid)
        }
        if format == EarnNoticeRecord.format {
            pause = try reader.optional("pause") { reader throws(WireFailure) in
                Pause(
                    reason: try reader.value("reason", bytes: 1) {
                        PointsRefusal(rawValue: UInt8($0))
                    },
                    since: try reader.moment("since"),
                    count: try reader.byte("count")
                )
            }
        }
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 32)
        writer.byte(EarnNoticeRecord.format)
        writer.text(membership.number.text)
        writer.byte(noted?.rawValue ?? 0)
        writer.byte(refusal?.rawValue ?? 0)
        writer.optional(pause) { writer, pause in
            writer.byte(pause.reason.rawValue)
            writer.moment(pause.since)
            writer.byte(pause.count)
        }
        return writer.bytes
    }

    // MARK: Changes

    /// The loyalty server has noted this state.
    func noting(_ state: PurchaseNotice.State) -> EarnNoticeRecord {
        var next = self
        next.noted = state
        next.pause = nil
        return next
    }

    /// The loyalty server has refused.
    func refused(_ reason: PointsRefusal, at now: Instant) -> EarnNoticeRecord {
        var next = self
        // The member has left: nothing will ever be noted. All else may be set right.
        if reason == .unknownMember {
            next.refusal = reason
        } else {
            let count = pause?.count ?? 0
            next.pause = Pause(reason: reason, since: now, count: count == .max ? count : count + 1)
        }
        return next
    }
}
