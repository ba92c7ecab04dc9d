// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
package import Wire

/// An account at the bank. What came in and what went out are counted apart, so that every posting
/// adds the same to one side of two accounts, and nothing is ever negative. Format 1: kind 1, owner
/// (text) or BIN 3, CURR 2, CEXP 1, credited 8, debited 8, held 8, opened 8, number and hash of the
/// last journal row 8 + 32.
package struct Account: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case customer(owner: String)
        /// A part of the funds pool of an issuer.
        case pool(IssuerIdentifier)
        /// The bank's own: its balance is what the bank owes to all others.
        case cash
    }

    package let number: AccountNumber
    package let kind: Kind
    package let currency: Currency
    package let exponent: Exponent
    /// The sum of all that came in, in minor units.
    package private(set) var credited: UInt64
    /// The sum of all that went out.
    package private(set) var debited: UInt64
    /// What is held for loads that have not ended.
    package private(set) var held: UInt64
    package let openedAt: Instant
    /// Rows in its journal.
    package internal(set) var lastRow: UInt64
    var lastHash: [UInt8]

    package static let ownerBytesMax = 80
    private static let format: UInt8 = 1

    init(
        number: AccountNumber,
        kind: Kind,
        currency: Currency,
        exponent: Exponent,
        openedAt: Instant
    ) {
        self.number = number
        self.kind = kind
        self.currency = currency
        self.exponent = exponent
        credited = 0
        debited = 0
        held = 0
        self.openedAt = openedAt
        lastRow = 0
        lastHash = Array(repeating: 0, count: RecordLimits.hashBytes)
    }

    /// What is on the account; nothing on the bank's own, from which money goes out.
    package var balance: UInt64 { credited > debited ? credited - debited : 0 }
    /// What its owner can use.
    package var available: UInt64 { balance > held ? balance - held : 0 }

    package func money(_ minorUnits: UInt64) -> Money {
        Money(minorUnits: minorUnits, currency: currency, exponent: exponent)
    }

    // MARK: Changes; each gives nil where it cannot be.

    func crediting(_ amount: UInt64) -> Account? {
        var next = self
        let (sum, isTooLarge) = credited.addingReportingOverflow(amount)
        next.credited = sum
        return isTooLarge ? nil : next
    }

    /// Takes money out; only the bank's own account goes below zero.
    func debiting(_ amount: UInt64) -> Account? {
        var next = self
        let (sum, isTooLarge) = debited.addingReportingOverflow(amount)
        next.debited = sum
        return isTooLarge || (kind != .cash && amount > available) ? nil : next
    }

    /// Holds money for a load (FIG. 18A, step 874).
    func holding(_ amount: UInt64) -> Account? {
        var next = self
        guard amount <= available else { return nil }
        next.held = held + amount
        return next
    }

    /// Gives a hold up.
    func releasing(_ amount: UInt64) -> Account {
        precondition(amount <= held, "A hold is given up once.")
        var next = self
        next.held = held - amount
        return next
    }

    /// Turns a hold into a debit (FIG. 18C, step 892).
    func paying(_ amount: UInt64) -> Account {
        var next = releasing(amount)
        // What is held is on the account, so that neither sum can be too large.
        precondition(amount <= next.balance, "What is held is on the account.")
        next.debited = debited + amount
        return next
    }
}

extension Account {
    package init(_ bytes: [UInt8], number: AccountNumber) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "account")
        guard try reader.byte("format") == Account.format else {
            throw reader.failure("format", .invalid)
        }
        self.number = number
        switch try reader.byte("kind") {
        case 1:
            kind = .customer(owner: try reader.text("owner", bytesMax: Account.ownerBytesMax))
        case 2: kind = .pool(try reader.issuer())
        case 3: kind = .cash
        default: throw reader.failure("kind", .invalid)
        }
        currency = try reader.currency()
        exponent = try reader.exponent()
        credited = try reader.integer("credited", bytes: 8)
        debited = try reader.integer("debited", bytes: 8)
        held = try reader.integer("held", bytes: 8)
        openedAt = try reader.moment("opened")
        lastRow = try reader.integer("last row", bytes: 8)
        lastHash = try reader.bytes("hash", count: RecordLimits.hashBytes)
        try reader.end()
        if kind != .cash, debited > credited || held > balance {
            throw reader.failure("held", .invalid)
        }
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 192)
        writer.byte(Account.format)
        switch kind {
        case .customer(let owner):
            writer.byte(1)
            writer.text(owner)
        case .pool(let issuer):
            writer.byte(2)
            writer.issuer(issuer)
        case .cash: writer.byte(3)
        }
        writer.currency(currency)
        writer.exponent(exponent)
        writer.integer(credited, bytes: 8)
        writer.integer(debited, bytes: 8)
        writer.integer(held, bytes: 8)
        writer.moment(openedAt)
        writer.integer(lastRow, bytes: 8)
        writer.append(lastHash)
        return writer.bytes
    }
}

extension ByteReader {
    mutating func account(_ field: StaticString) throws(WireFailure) -> AccountNumber {
        let text = try text(field, bytesMax: AccountNumber.bytesMax)
        guard let number = AccountNumber(text) else { throw failure(field, .invalid) }
        return number
    }
}
