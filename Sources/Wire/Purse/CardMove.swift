// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What an expired card gave to its successor: CURR 2, CEXP 1, M 8, TRX 16, BIN and IEP of the
/// successor 8, NT of the last transaction 4, BAL afterwards 8 (47 bytes).
/// The successor's history has a load with the same TRX and M.
package struct CardMove: Equatable, Sendable {
    package let amount: Money
    package let transaction: TransactionIdentifier
    package let successor: CardIdentifier
    /// NT: none is consumed.
    package let lastNumber: UInt32
    /// The balance afterwards.
    package let balance: UInt64

    package init(
        amount: Money,
        transaction: TransactionIdentifier,
        successor: CardIdentifier,
        lastNumber: UInt32,
        balance: UInt64
    ) {
        self.amount = amount
        self.transaction = transaction
        self.successor = successor
        self.lastNumber = lastNumber
        self.balance = balance
    }

    init(_ reader: inout ByteReader) throws(WireFailure) {
        amount = try reader.money()
        transaction = try reader.transaction()
        successor = try reader.card()
        lastNumber = try reader.number("NT")
        balance = try reader.integer("BAL", bytes: 8)
    }

    func write(to writer: inout ByteWriter) {
        writer.money(amount)
        writer.transaction(transaction)
        writer.card(successor)
        writer.number(lastNumber)
        writer.integer(balance, bytes: 8)
    }
}
