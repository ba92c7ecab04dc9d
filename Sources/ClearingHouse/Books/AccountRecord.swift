// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// An account in the books. Format 1: balance 16; since the last payout: the balance behind it 16,
/// its row 8, gross 16, fees 16, count of sales 8; behind a presence byte the name of the last
/// payout 8; number and hash of the last row of the history 8 + 32. The key is that of the account.
package struct AccountRecord: Equatable, Sendable {
    /// What came since the last payout: what the next one is made of.
    package struct Period: Equatable, Sendable {
        /// What the payout before left.
        package internal(set) var opening = ExactAmount.zero
        /// The row of the payout before; 0 before the first one.
        package internal(set) var row: UInt64 = 0
        package internal(set) var gross = ExactAmount.zero
        package internal(set) var fees = ExactAmount.zero
        package internal(set) var count: UInt64 = 0
    }

    package let account: LedgerAccount
    package private(set) var balance = ExactAmount.zero
    package internal(set) var period = Period()
    package internal(set) var lastPayout: Payout.Name?
    package internal(set) var lastRow: UInt64 = 0
    var lastHash = [UInt8](repeating: 0, count: RecordLimits.hashBytes)

    private static let format: UInt8 = 1

    init(_ account: LedgerAccount) {
        self.account = account
    }

    /// Adds to the balance what an entry brings.
    ///
    /// - Returns: false, and nothing is changed, where the sum would be too large.
    mutating func add(_ amount: ExactAmount) -> Bool {
        guard let sum = balance.adding(amount) else { return false }
        balance = sum
        return true
    }
}

extension AccountRecord: ClearingRecord {
    static let kind = ClearingRecords.account
    var key: [UInt8] { account.key }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(body, of: "account")
        guard let account = LedgerAccount(key: key) else {
            throw reader.failure("key", .invalid)
        }
        self.account = account
        guard try reader.byte("format") == AccountRecord.format else {
            throw reader.failure("format", .invalid)
        }
        balance = try reader.exact("balance")
        period.opening = try reader.exact("opening")
        period.row = try reader.integer("row", bytes: 8)
        period.gross = try reader.exact("gross")
        period.fees = try reader.exact("fees")
        period.count = try reader.integer("count", bytes: 8)
        lastPayout = try reader.optional("last payout") { reader throws(WireFailure) in
            try reader.payoutName()
        }
        lastRow = try reader.integer("last row", bytes: 8)
        lastHash = try reader.bytes("hash", count: RecordLimits.hashBytes)
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 160)
        writer.byte(AccountRecord.format)
        writer.exact(balance)
        writer.exact(period.opening)
        writer.integer(period.row, bytes: 8)
        writer.exact(period.gross)
        writer.exact(period.fees)
        writer.integer(period.count, bytes: 8)
        writer.optional(lastPayout) { $0.payoutName($1) }
        writer.integer(lastRow, bytes: 8)
        writer.append(lastHash)
        return writer.bytes
    }
}
