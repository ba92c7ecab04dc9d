// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// One row in the journal of an account, which is its statement. Version 1, event 1, time 8, amount
/// 8, behind a presence byte each the account at the other side (text) and the transaction 16; then
/// the account's sums afterwards: credited 8, debited 8, held 8. The rows hold no name.
package struct AccountEntry: Equatable, Sendable {
    package enum Event: UInt8, CaseIterable, Sendable {
        case opened = 1
        /// Money came in from the account at the other side.
        case credited = 2
        /// Money went out to the account at the other side.
        case debited = 3
        /// An amount is held for a load (FIG. 18A, step 874).
        case held = 4
        /// The hold was given up: nothing was loaded.
        case released = 5
        /// The held amount went to the funds pool of the card's issuer (FIG. 18C, step 892).
        case paid = 6
    }

    package let event: Event
    package let time: Instant
    /// In minor units of the account's currency.
    package let amount: UInt64
    package let otherSide: AccountNumber?
    /// The same at both sides of a posting; for a load its TRX.
    package let transaction: TransactionIdentifier?
    package let credited: UInt64
    package let debited: UInt64
    package let held: UInt64

    private static let version: UInt8 = 1

    init(
        _ event: Event,
        at time: Instant,
        amount: UInt64 = 0,
        otherSide: AccountNumber? = nil,
        transaction: TransactionIdentifier? = nil,
        after account: Account
    ) {
        self.event = event
        self.time = time
        self.amount = amount
        self.otherSide = otherSide
        self.transaction = transaction
        credited = account.credited
        debited = account.debited
        held = account.held
    }

    /// The balance afterwards; 0 on the bank's own account.
    package var balance: UInt64 { credited > debited ? credited - debited : 0 }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "account journal")
        guard try reader.byte("version") == AccountEntry.version else {
            throw reader.failure("version", .invalid)
        }
        event = try reader.value("event", bytes: 1) { Event(rawValue: UInt8($0)) }
        time = try reader.moment("time")
        amount = try reader.integer("amount", bytes: 8)
        otherSide = try reader.optional("other side") { reader throws(WireFailure) in
            try reader.account("other side")
        }
        transaction = try reader.optional("transaction") { reader throws(WireFailure) in
            try reader.transaction()
        }
        credited = try reader.integer("credited", bytes: 8)
        debited = try reader.integer("debited", bytes: 8)
        held = try reader.integer("held", bytes: 8)
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 96)
        writer.byte(AccountEntry.version)
        writer.byte(event.rawValue)
        writer.moment(time)
        writer.integer(amount, bytes: 8)
        writer.optional(otherSide) { $0.text($1.text) }
        writer.optional(transaction) { $0.transaction($1) }
        writer.integer(credited, bytes: 8)
        writer.integer(debited, bytes: 8)
        writer.integer(held, bytes: 8)
        return writer.bytes
    }
}
