// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// What became of a request to enter a member's number, sealed by the proof of identity and, where
/// the number was entered, durable with it: who asks again gets the reply that lies beside it. So
/// a late copy of a request that was refused for good never enters the number. Format 1: member's
/// number (counted), answered at 8, reason of the refusal 1 (0 for a number that was entered).
package struct EnrolmentRecord: Equatable, Sendable {
    /// TRX of the proof 16, CURR 2: one proof may be shown for several programmes.
    package static let kind = RecordKind("enrolment", keyBytes: 18...18)
    private static let format: UInt8 = 1

    package let proof: TransactionIdentifier
    package let membership: Membership
    package let answeredAt: Instant
    /// Nil where the number was entered.
    package let refusal: PointsRefusal?

    package var key: RecordKey { EnrolmentRecord.key(proof, membership.programme) }

    static func key(_ proof: TransactionIdentifier, _ programme: Currency) -> RecordKey {
        RecordKey(kind, proof.bytes + MemberRecord.prefix(programme))
    }

    init(
        _ membership: Membership,
        provedIn proof: TransactionIdentifier,
        at answeredAt: Instant,
        refusal: PointsRefusal? = nil
    ) {
        self.proof = proof
        self.membership = membership
        self.answeredAt = answeredAt
        self.refusal = refusal
    }

    package init(_ bytes: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "enrolment")
        proof = try name.transaction()
        let programme = try name.programme()
        var reader = ByteReader(bytes, of: "enrolment")
        guard try reader.byte("format") == EnrolmentRecord.format else {
            throw reader.failure("format", .invalid)
        }
        let text = try reader.text("member number", bytesMax: MemberNumber.bytesMax)
        guard let number = MemberNumber(text) else {
            throw reader.failure("member number", .invalid)
        }
        membership = Membership(programme: programme, number: number)
        answeredAt = try reader.moment("answered at")
        let refusal = try reader.byte("refusal")
        self.refusal = PointsRefusal(rawValue: refusal)
        guard (self.refusal != nil) == (refusal != 0) else {
            throw reader.failure("refusal", .invalid)
        }
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 32)
        writer.byte(EnrolmentRecord.format)
        writer.text(membership.number.text)
        writer.moment(answeredAt)
        writer.byte(refusal?.rawValue ?? 0)
        return writer.bytes
    }

    /// What the loyalty server is told.
    var reply: [UInt8] {
        switch refusal {
        case nil: PointsMessage.enrolled(proof).bytes
        case let reason?: PointsMessage.refusal(proof, reason).bytes
        }
    }
}
