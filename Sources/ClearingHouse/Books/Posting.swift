// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule

/// The accounts that one transition changes: each is read once, gets its rows one after the other,
/// and is written once. What is posted balances to zero, or is not posted at all. Nothing of it
/// outlives the transition; who changes one of the accounts meanwhile makes it a conflict.
struct Posting {
    /// What an entry changes on one account, and why.
    struct Leg {
        let account: LedgerAccount
        let amount: ExactAmount
        let cause: AccountRow.Cause
    }

    private struct Held {
        var record: AccountRecord
        let revision: UInt64
        var isChanged = false
    }

    private let book: ClearingBook
    private let now: Instant
    private var held: [LedgerAccount: Held] = [:]
    private var salesRows: [LedgerAccount: UInt64] = [:]

    init(_ book: ClearingBook, now: Instant) {
        self.book = book
        self.now = now
    }

    /// The account as this transition has it; one that there is not yet has nothing on it.
    mutating func account(
        _ account: LedgerAccount
    ) async throws(ClearingFailure) -> AccountRecord {
        if let known = held[account] { return known.record }
        let entry = try await book.find(AccountRecord.self, account.key)
        let record = entry?.value ?? AccountRecord(account)
        held[account] = Held(record: record, revision: entry?.revision ?? 0)
        return record
    }

    /// Posts an entry: what is taken from accounts is given to others.
    ///
    /// - Throws: `.amountTooLarge`, and then nothing may be committed.
    mutating func post(
        _ legs: [Leg],
        to transition: inout Transition
    ) async throws(ClearingFailure) {
        let moving = legs.filter { $0.amount != .zero }
        let whole = LedgerEntry(moving.map { LedgerEntry.Leg($0.account, $0.amount) })
        precondition(moving.isEmpty || whole != nil, "An entry balances.")
        for leg in legs where leg.amount != .zero || leg.cause.namesSales {
            try await post(leg, to: &transition)
        }
    }

    /// Posts an entry that takes an amount from one account and gives it to another.
    ///
    /// - Throws: as ``post(_:to:)``.
    mutating func move(
        _ amount: ExactAmount,
        from one: LedgerAccount,
        to other: LedgerAccount,
        _ cause: AccountRow.Cause,
        in transition: inout Transition
    ) async throws(ClearingFailure) {
        try await post(
            [
                Leg(account: one, amount: -amount, cause: cause),
                Leg(account: other, amount: amount, cause: cause),
            ],
            to: &transition
        )
    }

    /// The accounts that this transition has read.
    var touched: Set<LedgerAccount> { Set(held.keys) }

    /// The row with which sales were put on an account here; 0 where none were.
    func salesRow(of account: LedgerAccount) -> UInt64 { salesRows[account] ?? 0 }

    private mutating func post(
        _ leg: Leg,
        to transition: inout Transition
    ) async throws(ClearingFailure) {
        var record = try await account(leg.account)
        guard record.add(leg.amount) else { throw .amountTooLarge }
        guard record.period.add(leg) else { throw .amountTooLarge }
        let entry = AccountRow(leg.cause, amount: leg.amount, balance: record.balance, at: now)
        try await note(entry, of: &record, to: &transition)
        switch leg.cause {
        case .sales, .suspended: salesRows[leg.account] = record.lastRow
        default: break
        }
        keep(record)
    }

    /// Begins a new period behind a payout.
    mutating func close(_ account: LedgerAccount, with payout: Payout.Name) {
        guard var record = held[account]?.record else {
            preconditionFailure("An account is read before it is changed.")
        }
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.feeRestLeaks) { _ = record.add(-record.balance) }
        #endif
        record.period = AccountRecord.Period(opening: record.balance, row: record.lastRow)
        record.lastPayout = payout
        keep(record)
    }

    /// Adds the writes of the accounts that have changed, in the order of their keys.
    func write(to transition: inout Transition) async throws(ClearingFailure) {
        let changed = held.values.filter(\.isChanged).sorted {
            $0.record.key.lexicographicallyPrecedes($1.record.key)
        }
        for next in changed {
            try await book.put(next.record, over: next.revision, to: &transition)
        }
    }

    private mutating func keep(_ record: AccountRecord) {
        held[record.account]?.record = record
        held[record.account]?.isChanged = true
    }

    private func note(
        _ entry: AccountRow,
        of record: inout AccountRecord,
        to transition: inout Transition
    ) async throws(ClearingFailure) {
        let stream = record.account.stream
        do throws(ModuleFailure) {
            let row = try await book.sealing.chain(
                entry.bytes,
                stream: stream,
                number: record.lastRow + 1,
                previous: record.lastHash
            )
            (record.lastRow, record.lastHash) = (row.number, row.hash)
            transition.history.append(
                HistoryRow(stream: stream, number: row.number, hash: row.hash, body: row.body)
            )
        } catch { throw .module(error) }
    }
}

extension AccountRow.Cause {
    /// Whether a row is wanted though nothing moves: a sale that its fee takes whole names it.
    fileprivate var namesSales: Bool {
        switch self {
        case .sales(let sales), .suspended(let sales): sales.gross != .zero
        default: false
        }
    }
}

extension AccountRecord.Period {
    /// Adds sales and fees to what the next payout is made of; whatever else changes the balance
    /// is the rest.
    ///
    /// - Returns: false where a sum would be too large.
    fileprivate mutating func add(_ leg: Posting.Leg) -> Bool {
        var (moreGross, moreFees) = (ExactAmount.zero, ExactAmount.zero)
        switch leg.cause {
        case .sales(let sales):
            (moreGross, moreFees) = (sales.gross, sales.fees)
            count += UInt64(sales.count)
        case .batchFee where leg.amount.isNegative: moreFees = -leg.amount
        case .batchFee: moreGross = leg.amount
        default: return true
        }
        guard let gross = gross.adding(moreGross), let fees = fees.adding(moreFees) else {
            return false
        }
        (self.gross, self.fees) = (gross, fees)
        return true
    }
}
