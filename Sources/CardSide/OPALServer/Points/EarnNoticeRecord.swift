// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// A member's purchase at a partner of a programme, of which its loyalty server is told until it
/// has noted the end; durable with the debit. What was bought stands in the draw with the same TRX.
/// Format 1: member's number (counted), state that was noted last 1 (0 none), refusal 1 (0 none).
package struct EarnNoticeRecord: Equatable, Sendable {
    /// TRX 16, CURR 2: a merchant may be partner of several programmes.
    package static let kind = RecordKind("earn_notice", keyBytes: 18...18)
    private static let format: UInt8 = 1

    package let transaction: TransactionIdentifier
    package let membership: Membership
    package var noted: PurchaseNotice.State?
    /// Why the loyalty server wants to hear no more of it.
    package var refusal: PointsRefusal?

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
        guard try reader.byte("format") == EarnNoticeRecord.format else {
            throw reader.failure("format", .invalid)
        }
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
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 32)
        writer.byte(EarnNoticeRecord.format)
        writer.text(membership.number.text)
        writer.byte(noted?.rawValue ?? 0)
        writer.byte(refusal?.rawValue ?? 0)
        return writer.bytes
    }
}
