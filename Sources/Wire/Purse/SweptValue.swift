// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What a row of history says of value that was swept from a card to its issuer's account of
/// expired value: amount 11, TRX 16, reason 1, number of the sweep 8, NT before 4, BAL afterwards
/// 8.
package struct SweptValue: Equatable, Sendable {
    package let amount: Money
    package let transaction: TransactionIdentifier
    package let reason: SweepReason
    /// Its number at the issuer, under which it is given back.
    package let number: UInt64
    /// NT: none is consumed.
    package let lastNumber: UInt32
    /// The balance afterwards.
    package let balance: UInt64

    package init(
        amount: Money,
        transaction: TransactionIdentifier,
        reason: SweepReason,
        number: UInt64,
        lastNumber: UInt32,
        balance: UInt64
    ) {
        self.amount = amount
        self.transaction = transaction
        self.reason = reason
        self.number = number
        self.lastNumber = lastNumber
        self.balance = balance
    }

    init(_ reader: inout ByteReader) throws(WireFailure) {
        amount = try reader.money()
        transaction = try reader.transaction()
        reason = try reader.value("reason", bytes: 1) { SweepReason(rawValue: UInt8($0)) }
        number = try reader.integer("number", bytes: 8)
        lastNumber = try reader.number("NT")
        balance = try reader.integer("BAL", bytes: 8)
    }

    func write(to writer: inout ByteWriter) {
        writer.money(amount)
        writer.transaction(transaction)
        writer.byte(reason.rawValue)
        writer.integer(number, bytes: 8)
        writer.number(lastNumber)
        writer.integer(balance, bytes: 8)
    }
}
