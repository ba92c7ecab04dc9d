// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
import Wire

/// What the loyalty server keeps. A key begins with CURR of the programme (2 bytes), except where a
/// TRX (16) names the record in all programmes.
package enum LoyaltyRecords {
    package static let programme = RecordKind("programme", keyBytes: 2...2)
    /// CURR, member number.
    package static let member = RecordKind("member", keyBytes: 3...2 + MemberNumber.bytesMax)
    /// CURR, TRX of the proof; open until the OPAL server has answered.
    package static let enrolment = RecordKind("enrolment", keyBytes: 18...18)
    /// CURR, card pseudonym: the member number of a card.
    package static let card = RecordKind("card", keyBytes: 18...18)
    /// CURR, TRX: the points of a purchase; open while they are pending.
    package static let purchase = RecordKind("purchase", keyBytes: 18...18)
    /// Moment in milliseconds 8, CURR, TRX: confirmed points of a purchase, by when they are due.
    package static let maturity = RecordKind("maturity", keyBytes: 26...26)
    /// CURR, reference: the points of a line of an earn file.
    package static let earn = RecordKind("earn", keyBytes: 3...2 + EarnLine.referenceBytesMax)
    /// CURR, digest of an earn file 32; open until its last line.
    package static let batch = RecordKind("batch", keyBytes: 34...34)
    /// CURR, digest, number of the line 4.
    package static let refusedLine = RecordKind("refused_line", keyBytes: 38...38)
    /// TRX of the credit; open until the OPAL server has answered.
    package static let posting = RecordKind("posting", keyBytes: 16...16)
    /// TRX of the order: points that were debited in the database.
    package static let redemption = RecordKind("redemption", keyBytes: 16...16)

    package static let schema = RecordSchema(
        party: "loyalty_server",
        version: 1,
        kinds: [
            programme, member, enrolment, card, purchase, maturity, earn, batch, refusedLine,
            posting, redemption,
        ]
    )
}

/// A record of the loyalty server. What its key says, its body does not repeat: the seal covers
/// both.
protocol LoyaltyRecord: Equatable, Sendable {
    static var kind: RecordKind { get }
    /// The bytes of its key.
    var key: [UInt8] { get }
    var isOpen: Bool { get }
    var bytes: [UInt8] { get }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure)
}

extension LoyaltyRecord {
    var isOpen: Bool { false }
}

extension Currency {
    /// CURR 2, which begins a key.
    var bytes: [UInt8] { [UInt8(truncatingIfNeeded: bcd >> 8), UInt8(truncatingIfNeeded: bcd)] }
}

extension Membership {
    /// CURR 2, member number.
    var bytes: [UInt8] { programme.bytes + number.bytes }

    /// The stream of the member's history; nothing else has one of this form.
    package var stream: [UInt8] { Array("member ".utf8) + bytes }
}
