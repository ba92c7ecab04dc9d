// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

/// Goes through the bank's database: opens every record, walks every journal, and balances the
/// books.
package struct BankAudit: Sendable {
    package struct Report: Sendable {
        package var findings: [AuditFinding] = []
        package var accountCount = 0
        package var holdCount = 0
        /// What came in and what went out of all accounts, by currency and exponent (the amount in
        /// the key is zero): the same, because each posting has two sides.
        package var credited: [Money: UInt64] = [:]
        package var debited: [Money: UInt64] = [:]
        /// What is on the accounts of customers, and in the pools of each issuer.
        package var onAccounts: [Money: UInt64] = [:]
        package var inPools: [IssuerIdentifier: [Money: UInt64]] = [:]
        /// Loads by how they ended, with their amounts.
        package var loaded: [TransactionIdentifier: Money] = [:]
        package var released: Set<TransactionIdentifier> = []
        package var open: [TransactionIdentifier: Money] = [:]
    }

    private let book: BankBook

    package init(store: any RecordStore, sealing: any RecordSealing) {
        book = BankBook(store: store, sealing: sealing)
    }

    /// `progress`: told after each account and each load.
    package func run(_ progress: @Sendable () -> Void) async throws(StoreFailure) -> Report {
        var report = Report()
        // Loads first: what they say of an end is on the accounts from then on.
        var holds: [LoadHold] = []
        try await book.store.forEach(BankRecords.hold) { record async throws(StoreFailure) in
            report.holdCount += 1
            if let hold = try await check(hold: record, &report) { holds.append(hold) }
            progress()
        }
        var books = Books()
        try await book.store.forEach(BankRecords.account) { record async throws(StoreFailure) in
            report.accountCount += 1
            if let walk = try await check(account: record, &report) { books.add(walk) }
            progress()
        }
        try await compare(books, &report)
        for hold in holds { try await compare(hold, books, &report) }
        for kind in [BankRecords.inquiry, BankRecords.sharedKey] {
            try await book.store.forEach(kind) { record async throws(StoreFailure) in
                if (try? await book.open(record)) == nil {
                    report.findings.append(AuditFinding(Self.place(record), "does not open"))
                }
            }
        }
        return report
    }

    /// The state of a load as it is now: nil where there is none, or where it does not open.
    package func state(
        of transaction: TransactionIdentifier
    ) async throws(StoreFailure) -> HoldState? {
        let key = RecordKey(BankRecords.hold, transaction.bytes)
        guard let record = try await book.store.read(key) else { return nil }
        return (try? await book.openHold(record))?.value.state
    }

    // MARK: Loads

    private func check(
        hold record: Record,
        _ report: inout Report
    ) async throws(StoreFailure) -> LoadHold? {
        let place = Self.place(record)
        guard let hold = (try? await book.openHold(record))?.value else {
            report.findings.append(AuditFinding(place, "does not open"))
            return nil
        }
        switch hold.state {
        case .held: report.open[hold.transaction] = hold.terms.amount
        case .loaded: report.loaded[hold.transaction] = hold.terms.amount
        case .released: report.released.insert(hold.transaction)
        }
        report.findings += try await checkJournal(
            of: record,
            hold.transaction.bytes,
            hold.lastRow,
            hold.lastHash
        )
        return hold
    }

    /// Both sides of what was loaded must be on record, nothing of what was not.
    private func compare(
        _ hold: LoadHold,
        _ books: Books,
        _ report: inout Report
    ) async throws(StoreFailure) {
        let amount = hold.terms.amount
        let pool = AccountNumber.pool(
            of: hold.issuer,
            amount.currency,
            amount.exponent,
            part: FundsPool.part(of: hold.transaction)
        )
        let out = books.outgoing[hold.transaction]
        let into = books.incoming[hold.transaction]
        var isRight: Bool
        switch hold.state {
        case .loaded:
            isRight =
                out?.account == hold.account && out?.amount == amount.minorUnits
                && into?.account == pool && into?.amount == amount.minorUnits
        case .released: isRight = out == nil && into == nil
        case .held:
            isRight = out == nil && into == nil
            // It may have ended since it was read.
            if !isRight { isRight = try await state(of: hold.transaction) != .held }
        }
        if !isRight {
            let place = "bank, load \(hold.transaction.text)"
            report.findings.append(AuditFinding(place, "its postings are not what it says"))
        }
    }

    // MARK: Postings

    /// All sides of all postings.
    private struct Books {
        var incoming: [TransactionIdentifier: AccountWalk.Side] = [:]
        var outgoing: [TransactionIdentifier: AccountWalk.Side] = [:]
        /// Transactions that came in, or went out, twice.
        var doubled: Set<TransactionIdentifier> = []

        mutating func add(_ walk: AccountWalk) {
            for (transaction, side) in walk.incoming {
                if incoming.updateValue(side, forKey: transaction) != nil {
                    doubled.insert(transaction)
                }
            }
            for (transaction, side) in walk.outgoing {
                if outgoing.updateValue(side, forKey: transaction) != nil {
                    doubled.insert(transaction)
                }
            }
        }
    }

    /// The books sum to zero: each posting has two sides of one amount.
    private func compare(_ books: Books, _ report: inout Report) async throws(StoreFailure) {
        var broken = books.doubled
        for (transaction, side) in books.incoming
        where try await !hasOther(side, books.outgoing[transaction], transaction, \.outgoing) {
            broken.insert(transaction)
        }
        for (transaction, side) in books.outgoing
        where try await !hasOther(side, books.incoming[transaction], transaction, \.incoming) {
            broken.insert(transaction)
        }
        for transaction in broken.sorted(by: { $0.text < $1.text }) {
            report.findings.append(
                AuditFinding("bank, posting \(transaction.text)", "does not sum to zero")
            )
        }
    }

    /// Whether a side of a posting has its other side. Both became durable together, so that one
    /// that was read too early for it is found now.
    private func hasOther(
        _ side: AccountWalk.Side,
        _ other: AccountWalk.Side?,
        _ transaction: TransactionIdentifier,
        _ sides: KeyPath<AccountWalk, [TransactionIdentifier: AccountWalk.Side]>
    ) async throws(StoreFailure) -> Bool {
        guard let number = side.otherSide else { return false }
        let expected = AccountWalk.Side(
            account: number,
            otherSide: side.account,
            amount: side.amount
        )
        if other == expected { return true }
        guard let record = try await book.store.read(BankBook.key(number)),
            let account = (try? await book.openAccount(record))?.value
        else { return false }
        return try await walk(account)[keyPath: sides][transaction] == expected
    }

    private func walk(_ account: Account) async throws(StoreFailure) -> AccountWalk {
        var walk = AccountWalk(account.number)
        _ = try await book.store.forEachPage(
            of: account.number.stream,
            upTo: account.lastRow
        ) { rows async throws(StoreFailure) in
            for row in rows { walk.add(row.body) }
        }
        return walk
    }

    // MARK: Accounts

    private func check(
        account record: Record,
        _ report: inout Report
    ) async throws(StoreFailure) -> AccountWalk? {
        let place = Self.place(record)
        guard let account = (try? await book.openAccount(record))?.value else {
            report.findings.append(AuditFinding(place, "does not open"))
            return nil
        }
        report.findings += try await checkJournal(
            of: record,
            account.number.stream,
            account.lastRow,
            account.lastHash
        )
        let walk = try await walk(account)
        if !walk.isOf(account) {
            report.findings.append(AuditFinding(place, "is not what its rows add up to"))
        }
        let unit = account.money(0)
        report.credited[unit, default: 0] &+= account.credited
        report.debited[unit, default: 0] &+= account.debited
        switch account.kind {
        case .customer: report.onAccounts[unit, default: 0] &+= account.balance
        case .pool(let issuer):
            report.inPools[issuer, default: [:]][unit, default: 0] &+= account.balance
        case .cash: break
        }
        return walk
    }

    private func checkJournal(
        of record: Record,
        _ stream: [UInt8],
        _ rows: UInt64,
        _ lastHash: [UInt8]
    ) async throws(StoreFailure) -> [AuditFinding] {
        try await book.store.checkJournal(
            of: record,
            stream: stream,
            rows: rows,
            lastHash: lastHash,
            place: Self.place(record)
        ) { row, previous in
            try? await book.sealing.chain(
                row.body,
                stream: stream,
                number: row.number,
                previous: previous
            ).hash
        }
    }

    private static func place(_ record: Record) -> String {
        let key = record.key
        // A number of an account is named by its last characters.
        if key.kind == BankRecords.account {
            return "bank, account •••• "
                + String(decoding: key.bytes.suffix(4), as: UTF8.self)
        }
        return "bank, \(key.kind.name) \(Hex.text(key.bytes))"
    }
}
