// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// One row in the history of a member, which is the member's statement. Version 1, event 1, time 8,
/// amount 8, behind a presence byte each the transaction 16, the reference of a line of an earn
/// file (counted), and the day on which the points expire 3; note (counted); then what the member
/// has afterwards: pending 8, here 8, in postings 8.
package struct MemberEntry: Equatable, Sendable {
    package enum Event: UInt8, CaseIterable, Sendable {
        case enrolled = 1
        /// A line of an earn file.
        case earned = 2
        /// A purchase; its points are pending.
        case pending = 3
        /// The pending period is over.
        case matured = 4
        /// The purchase was recovered.
        case undone = 5
        /// On the way to the card.
        case posting = 6
        case posted = 7
        /// The OPAL server refused the posting.
        case putBack = 8
        /// Taken out for a benefit.
        case debited = 9
        case givenBack = 10
        case expired = 11
        /// What had been given back was taken again: its order was paid after all.
        case takenAgain = 12
        /// The card, which had not taken the number, is asked again, with a new proof.
        case rejoined = 13
    }

    package let event: Event
    package let time: Instant
    /// In minor units of points.
    package let amount: UInt64
    package let transaction: TransactionIdentifier?
    package let reference: String?
    package let expiry: CardDate?
    package let note: String
    package let pending: UInt64
    package let here: UInt64
    package let inPostings: UInt64

    private static let version: UInt8 = 1

    init(
        _ event: Event,
        at time: Instant,
        amount: UInt64 = 0,
        transaction: TransactionIdentifier? = nil,
        reference: String? = nil,
        expiry: CardDate? = nil,
        note: String = "",
        after member: Member
    ) {
        self.event = event
        self.time = time
        self.amount = amount
        self.transaction = transaction
        self.reference = reference
        self.expiry = expiry
        self.note = note
        pending = member.pending
        here = member.tranches.total
        inPostings = member.inPostings
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "member history")
        guard try reader.byte("version") == MemberEntry.version else {
            throw reader.failure("version", .invalid)
        }
        event = try reader.value("event", bytes: 1) { Event(rawValue: UInt8($0)) }
        time = try reader.moment("time")
        amount = try reader.integer("amount", bytes: 8)
        transaction = try reader.optional("transaction") { reader throws(WireFailure) in
            try reader.transaction()
        }
        reference = try reader.optional("reference") { reader throws(WireFailure) in
            try reader.text("reference", bytesMax: EarnLine.referenceBytesMax)
        }
        expiry = try reader.optional("expiry") { reader throws(WireFailure) in
            try reader.expiry()
        }
        note = try reader.text("note", bytesMax: EarnLine.noteBytesMax)
        pending = try reader.integer("pending", bytes: 8)
        here = try reader.integer("here", bytes: 8)
        inPostings = try reader.integer("in postings", bytes: 8)
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.byte(MemberEntry.version)
        writer.byte(event.rawValue)
        writer.moment(time)
        writer.integer(amount, bytes: 8)
        writer.optional(transaction) { $0.transaction($1) }
        writer.optional(reference) { $0.text($1) }
        writer.optional(expiry) { $0.expiry($1) }
        writer.text(note)
        writer.integer(pending, bytes: 8)
        writer.integer(here, bytes: 8)
        writer.integer(inPostings, bytes: 8)
        return writer.bytes
    }
}
