// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// Which card a member's number of a programme is on, sealed under programme and number, so that a
/// number is on one card. Format 1: card 8, TRX of the proof of identity 16 (zero where the
/// operator has entered it), entered at 8.
package struct MemberRecord: Equatable, Sendable {
    /// CURR 2, number.
    package static let kind = RecordKind("member", keyBytes: 3...(2 + MemberNumber.bytesMax))
    private static let format: UInt8 = 1

    package var card: CardIdentifier
    package let proof: TransactionIdentifier
    package let enteredAt: Instant

    package static func key(_ membership: Membership) -> RecordKey {
        RecordKey(kind, prefix(membership.programme) + membership.number.bytes)
    }

    /// With what the keys of a programme's members begin.
    static func prefix(_ programme: Currency) -> [UInt8] {
        Array(UInt64(programme.bcd).bigEndianBytes.suffix(2))
    }

    init(card: CardIdentifier, proof: TransactionIdentifier, enteredAt: Instant) {
        self.card = card
        self.proof = proof
        self.enteredAt = enteredAt
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "member")
        guard try reader.byte("format") == MemberRecord.format else {
            throw reader.failure("format", .invalid)
        }
        card = try reader.card()
        proof = try reader.transaction()
        enteredAt = try reader.moment("entered at")
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 33)
        writer.byte(MemberRecord.format)
        writer.card(card)
        writer.transaction(proof)
        writer.moment(enteredAt)
        return writer.bytes
    }
}
