// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// One row in the history of an account: what changed, by what, and what came of it. Format 1:
/// cause 1, amount 16, balance afterwards 16, moment 8, then of the cause what follows.
package struct AccountRow: Equatable, Sendable {
    /// Sales of one batch that stand next to each other: index of first and last one among those of
    /// this account, how many they are, what they come to and what they cost.
    package struct Sales: Equatable, Sendable {
        package let batch: BatchName
        package internal(set) var first: UInt32
        package internal(set) var last: UInt32
        package internal(set) var count: UInt32
        package internal(set) var gross: ExactAmount
        package internal(set) var fees: ExactAmount
    }

    package enum Cause: Equatable, Sendable {
        /// 01: sales were cleared.
        case sales(Sales)
        /// 02: the fee for a batch in which the merchant has sales.
        case batchFee(BatchName)
        /// 03: sales were set aside, with the same fields.
        case suspended(Sales)
        /// 04: a sale that was set aside was cleared, or 05: given back to its issuer.
        case released(BatchPlace)
        case rejected(BatchPlace)
        /// 06: paid out with a settlement run.
        case payout(Payout.Name)
        /// 07: what an institution was to have went against what it owes as an issuer.
        case netted(BusinessDay)
        /// 08: a line of a bank statement.
        case statement(BankStatementLine.Name)
        /// 09: a payout came back with a line of a bank statement.
        case returned(BankStatementLine.Name)
        /// 0A: all or part of a sale was refunded, or, with the other sign, comes back because its
        /// issuer did not take it: TRX 16, number of the refund 1.
        case refund(TransactionIdentifier, number: UInt8)
        /// 0B: a payout that the bank refused without booking it.
        case refused(Payout.Name)
        /// 0C: value that nobody uses was swept from a card of the issuer whose account this is:
        /// its number 8.
        case swept(UInt64)
        /// 0D: it was given back: the number of the return 8.
        case sweepReturned(UInt64)
    }

    package let cause: Cause
    /// What it changes.
    package let amount: ExactAmount
    package let balance: ExactAmount
    package let at: Instant

    private static let format: UInt8 = 1

    init(_ cause: Cause, amount: ExactAmount, balance: ExactAmount, at moment: Instant) {
        self.cause = cause
        self.amount = amount
        self.balance = balance
        at = moment
    }

    package init(_ body: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(body, of: "account entry")
        guard try reader.byte("format") == AccountRow.format else {
            throw reader.failure("format", .invalid)
        }
        let code = try reader.byte("cause")
        amount = try reader.exact("amount")
        balance = try reader.exact("balance")
        at = try reader.moment("at")
        switch code {
        case 0x01: cause = .sales(try reader.sales())
        case 0x02: cause = .batchFee(try reader.batch())
        case 0x03: cause = .suspended(try reader.sales())
        case 0x04: cause = .released(try reader.place())
        case 0x05: cause = .rejected(try reader.place())
        case 0x06: cause = .payout(try reader.payoutName())
        case 0x07: cause = .netted(try reader.day("day"))
        case 0x08: cause = .statement(try reader.statementLine())
        case 0x09: cause = .returned(try reader.statementLine())
        case 0x0A:
            let transaction = try reader.transaction()
            cause = .refund(transaction, number: try reader.byte("refund"))
        case 0x0B: cause = .refused(try reader.payoutName())
        case 0x0C: cause = .swept(try reader.integer("sweep", bytes: 8))
        case 0x0D: cause = .sweepReturned(try reader.integer("return", bytes: 8))
        default: throw reader.failure("cause", .invalid)
        }
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.byte(AccountRow.format)
        writer.byte(code)
        writer.exact(amount)
        writer.exact(balance)
        writer.moment(at)
        switch cause {
        case .sales(let sales), .suspended(let sales): writer.sales(sales)
        case .batchFee(let batch): writer.batch(batch)
        case .released(let place), .rejected(let place): writer.place(place)
        case .payout(let payout), .refused(let payout): writer.payoutName(payout)
        case .netted(let day): writer.day(day)
        case .statement(let line), .returned(let line): writer.statementLine(line)
        case .refund(let transaction, let number):
            writer.transaction(transaction)
            writer.byte(number)
        case .swept(let number), .sweepReturned(let number): writer.integer(number, bytes: 8)
        }
        return writer.bytes
    }

    private var code: UInt8 {
        switch cause {
        case .sales: 0x01
        case .batchFee: 0x02
        case .suspended: 0x03
        case .released: 0x04
        case .rejected: 0x05
        case .payout: 0x06
        case .netted: 0x07
        case .statement: 0x08
        case .returned: 0x09
        case .refund: 0x0A
        case .refused: 0x0B
        case .swept: 0x0C
        case .sweepReturned: 0x0D
        }
    }
}

extension ByteReader {
    /// IDPSAM 8, batch number 4, first and last index 4 + 4, count 4, gross 16, fees 16.
    fileprivate mutating func sales() throws(WireFailure) -> AccountRow.Sales {
        AccountRow.Sales(
            batch: try batch(),
            first: try number("first"),
            last: try number("last"),
            count: try number("count"),
            gross: try exact("gross"),
            fees: try exact("fees")
        )
    }
}

extension ByteWriter {
    fileprivate mutating func sales(_ sales: AccountRow.Sales) {
        batch(sales.batch)
        number(sales.first)
        number(sales.last)
        number(sales.count)
        exact(sales.gross)
        exact(sales.fees)
    }
}
