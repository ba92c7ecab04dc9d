// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What a bank's statement says, in the order of the file.
package enum BankStatementEvent: Equatable, Sendable {
    case statement(BankStatement)
    case entry(BankEntry)
    /// The entry before it is of a message that was sent to the bank, or of a part of it.
    case batch(BankBatch)
    /// One payment of the entry before it.
    case transaction(BankTransaction)
    /// The statement has ended, and adds up.
    case ended(BalanceFigures)
}

/// A statement of one account. Its texts are the bank's: any characters, lengths up to the limit.
package struct BankStatement: Equatable, Sendable {
    package let identifier: String
    package let sequenceNumber: String?
    /// IBAN or another number, as the bank writes it.
    package let account: String
    package let currency: ISOCurrency
    package let opening: AccountBalance
    package let closing: AccountBalance
}

/// One movement of the account.
package struct BankEntry: Equatable, Sendable {
    package enum Status: Equatable, Sendable {
        case booked
        /// Not in the balances yet.
        case pending
        /// For information, foreseen, or a code of the bank's own: not in the balances.
        case other(String)
    }

    package let reference: String?
    package let amount: FileAmount
    package let direction: Direction
    /// Whether it takes back another entry.
    package let isReversal: Bool
    package let status: Status
    package let bookingDate: CivilDate?
    package let valueDate: CivilDate?
    /// The bank's own reference.
    package let bankReference: String?
}

/// The message that a bank booked as one entry.
package struct BankBatch: Equatable, Sendable {
    package let message: String?
    /// `PmtInfId`, the block in it.
    package let block: String?
    /// How many payments it had.
    package let count: String?
}

/// One payment behind an entry.
package struct BankTransaction: Equatable, Sendable {
    /// As the payment was sent with; nil also where the bank says `NOTPROVIDED`.
    package let endToEnd: String?
    package let message: String?
    package let block: String?
    package let transaction: String?
    package let bankReference: String?
    /// May be in another currency than the account. Where it is missing, the entry's amount is that
    /// of its only transaction.
    package let amount: FileAmount?
    package let direction: Direction?
    package let remittance: [String]
}
