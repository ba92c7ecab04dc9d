// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// What came onto an account and left it up to the settlement of a business day, since the one
/// before: what the account's statement of that day is made of. Format 1: rows behind 8 and up to
/// 8, opening 16, closing 16. The key is that of the account and the day 4.
package struct AccountDay: Equatable, Sendable {
    package let account: LedgerAccount
    package let day: BusinessDay
    /// Rows of the account's history that it covers: behind this number…
    package let after: UInt64
    /// …up to this one.
    package let upTo: UInt64
    /// The balance behind the first of these numbers.
    package let opening: ExactAmount
    /// The balance behind the last one.
    package let closing: ExactAmount

    private static let format: UInt8 = 1

    init(
        _ account: LedgerAccount,
        _ day: BusinessDay,
        after: UInt64,
        upTo: UInt64,
        opening: ExactAmount,
        closing: ExactAmount
    ) {
        self.account = account
        self.day = day
        self.after = after
        self.upTo = upTo
        self.opening = opening
        self.closing = closing
    }
}

extension AccountDay: ClearingRecord {
    static let kind = ClearingRecords.accountDay
    static func key(_ account: LedgerAccount, _ day: BusinessDay) -> [UInt8] {
        account.key + day.number.bigEndianBytes
    }
    /// Behind all days of an account.
    static func end(of account: LedgerAccount) -> [UInt8] {
        account.key + UInt32.max.bigEndianBytes
    }
    var key: [UInt8] { AccountDay.key(account, day) }
    /// - Returns: nil for bytes that are no key.
    static func account(key: [UInt8]) -> LedgerAccount? { LedgerAccount(key: key.dropLast(4)) }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(body, of: "day of an account")
        guard let account = AccountDay.account(key: key) else {
            throw reader.failure("key", .invalid)
        }
        self.account = account
        var name = ByteReader(key.suffix(4), of: "day of an account key")
        day = try name.day("day")
        guard try reader.byte("format") == AccountDay.format else {
            throw reader.failure("format", .invalid)
        }
        after = try reader.integer("after", bytes: 8)
        upTo = try reader.integer("up to", bytes: 8)
        opening = try reader.exact("opening")
        closing = try reader.exact("closing")
        try reader.end()
        guard after < upTo else { throw reader.failure("up to", .invalid) }
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 49)
        writer.byte(AccountDay.format)
        writer.integer(after, bytes: 8)
        writer.integer(upTo, bytes: 8)
        writer.exact(opening)
        writer.exact(closing)
        return writer.bytes
    }
}

extension ClearingBook {
    /// The newest day of an account; that of its neighbour is not opened.
    ///
    /// - Returns: nil before its first one.
    func newestDay(
        of account: LedgerAccount
    ) async throws(ClearingFailure) -> AccountDay? {
        let newest = try await records(
            AccountDay.kind,
            after: AccountDay.end(of: account),
            limit: 1,
            order: .descending
        ).first
        guard let newest, AccountDay.account(key: newest.key.bytes) == account else { return nil }
        return try await open(AccountDay.self, newest).value
    }

    /// Accounts in the order of their keys; none of them is opened.
    func accountNames(
        after account: [UInt8]?,
        limit: Int
    ) async throws(ClearingFailure) -> [LedgerAccount] {
        var names: [LedgerAccount] = []
        for record in try await records(AccountRecord.kind, after: account, limit: limit) {
            guard let name = LedgerAccount(key: record.key.bytes) else {
                throw ClearingBook.damaged(record)
            }
            names.append(name)
        }
        return names
    }
}

extension ClearingHouse {
    /// What accounts have a statement of for a day, in the order of their keys.
    ///
    /// - Parameters:
    ///   - day: of the settlement run.
    ///   - account: where the page before ended; nil for the first page.
    ///   - limit: accounts that are looked at.
    /// - Returns: those of which something moved, and where the next page goes on; nil behind the
    ///   last account.
    /// - Throws: `.damaged`, `.store`, `.module`.
    package func accountDays(
        of day: BusinessDay,
        after account: LedgerAccount?,
        limit: Int
    ) async throws(ClearingFailure) -> (days: [AccountDay], next: LedgerAccount?) {
        let names = try await book.accountNames(after: account?.key, limit: limit)
        var days: [AccountDay] = []
        for name in names {
            let found = try await book.find(AccountDay.self, AccountDay.key(name, day))?.value
            if let found { days.append(found) }
        }
        return (days, names.count < limit ? nil : names.last)
    }
}
