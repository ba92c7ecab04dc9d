// SPDX-License-Identifier: Apache-2.0

import Batches
package import Kernel
package import Records
package import SecurityModule
import Wire

/// Goes through the clearing house's database: opens every record, walks the history of every
/// account, adds up the books, and compares them with batches, suspense and payouts.
package struct ClearingAudit: Sendable {
    package struct Report: Sendable {
        package internal(set) var findings: [AuditFinding] = []
        /// Records of all kinds.
        package internal(set) var recordCount = 0
        /// Batches of which all is here, by what their security cards said of them.
        package internal(set) var whole: [BatchName: BatchHeader] = [:]
        /// Refunds that open, by their sales.
        package internal(set) var refunds: [TransactionIdentifier: [RefundRecord]] = [:]
        /// Sweeps and returns that open, by issuer.
        package internal(set) var sweeps: [IssuerIdentifier: [SweepNotice]] = [:]
        /// What accounts of one kind come to, by currency.
        package internal(set) var books: [Currency: Books] = [:]
    }

    /// What stands in one currency: all of it comes to nothing.
    package struct Books: Equatable, Sendable {
        package internal(set) var bank = ExactAmount.zero
        package internal(set) var pools = ExactAmount.zero
        package internal(set) var acquirers = ExactAmount.zero
        package internal(set) var merchants = ExactAmount.zero
        package internal(set) var suspense = ExactAmount.zero
        package internal(set) var expired = ExactAmount.zero
        package internal(set) var inTransit = ExactAmount.zero

        package var sum: ExactAmount {
            let all = [bank, pools, acquirers, merchants, suspense, expired, inTransit]
            return ExactAmount(trillionths: all.reduce(0) { $0 &+ $1.trillionths })
        }

        mutating func add(_ record: AccountRecord) {
            func sum(_ amount: ExactAmount) -> ExactAmount {
                ExactAmount(trillionths: amount.trillionths &+ record.balance.trillionths)
            }
            switch record.account.owner {
            case .bank: bank = sum(bank)
            case .pool: pools = sum(pools)
            case .acquirer: acquirers = sum(acquirers)
            case .merchant: merchants = sum(merchants)
            case .suspense: suspense = sum(suspense)
            case .expired: expired = sum(expired)
            case .inTransit: inTransit = sum(inTransit)
            }
        }
    }

    let house: ClearingHouse
    let batches: any BatchChecking
    var book: ClearingBook { house.book }

    /// How often the books are added up again where somebody changes them meanwhile.
    private static let attemptsMax = 5

    /// `batches`: checks SB with KB of the acquirers.
    package init(
        store: any RecordStore,
        sealing: any RecordSealing,
        batches: any BatchChecking
    ) {
        house = ClearingHouse(
            store: store,
            sealing: sealing,
            batches: batches,
            issuers: { _ in nil }
        )
        self.batches = batches
    }

    /// `progress`: told after each record.
    package func run(_ progress: @Sendable () -> Void) async throws(StoreFailure) -> Report {
        var report = Report()
        try await each(ClearingTerms.self, &report, progress)
        try await each(ClearedIssuer.self, &report, progress)
        try await each(ClearedAcquirer.self, &report, progress)
        try await each(AcquirerKeys.self, &report, progress)
        try await each(ClearedMerchant.self, &report, progress)
        try await each(CountedNumbers.self, &report, progress)
        try await each(UpdateRecord.self, &report, progress)
        try await each(BlockRevision.self, &report, progress)
        try await each(BatchFee.self, &report, progress)
        try await each(AccountDay.self, &report, progress)
        try await each(DisputeCase.self, &report, progress)
        try await checkRefunds(&report, progress)
        try await checkBatches(&report, progress)
        try await checkAccounts(&report, progress)
        try await checkBooks(&report, progress)
        return report
    }

    /// Opens all records of a type.
    func each<Value: ClearingRecord>(
        _ type: Value.Type,
        _ report: inout Report,
        _ progress: @Sendable () -> Void,
        _ check: (Value, Record, inout Report) async throws(StoreFailure) -> Void = { _, _, _ in }
    ) async throws(StoreFailure) {
        try await book.store.forEach(Value.kind) { record async throws(StoreFailure) in
            report.recordCount += 1
            if let value = (try? await book.open(type, record))?.value {
                try await check(value, record, &report)
            } else {
                report.findings.append(Self.unopened(record))
            }
            progress()
        }
    }

    static func unopened(_ record: Record) -> AuditFinding {
        AuditFinding(
            "clearing house, \(record.key.kind.name) \(Hex.text(record.key.bytes))",
            "does not open"
        )
    }

    // MARK: Accounts

    private func checkAccounts(
        _ report: inout Report,
        _ progress: @Sendable () -> Void
    ) async throws(StoreFailure) {
        try await each(AccountRecord.self, &report, progress) {
            account,
            record,
            report async throws(StoreFailure) in
            report.findings += try await check(account, record)
        }
    }

    private func check(
        _ account: AccountRecord,
        _ record: Record
    ) async throws(StoreFailure) -> [AuditFinding] {
        let place = "clearing house, \(account.account.name)"
        var balance = ExactAmount.zero
        var problems: [AuditFinding] = []
        let stream = account.account.stream
        let findings = try await book.store.checkJournal(
            of: record,
            stream: stream,
            rows: account.lastRow,
            lastHash: account.lastHash,
            place: place
        ) { row, previous in
            let expected = try? await book.sealing.chain(
                row.body,
                stream: stream,
                number: row.number,
                previous: previous
            )
            if let entry = try? AccountRow(row.body) {
                balance = ExactAmount(
                    trillionths: balance.trillionths &+ entry.amount.trillionths
                )
                if (try? await isRefundUnknown(entry)) == true {
                    let problem = "no refund is on record for it"
                    problems.append(AuditFinding("\(place), journal row \(row.number)", problem))
                }
                if entry.balance != balance {
                    let problem = "the balance is not what its rows come to"
                    problems.append(AuditFinding("\(place), journal row \(row.number)", problem))
                    balance = entry.balance
                }
            }
            return expected?.hash
        }
        if findings.isEmpty, problems.isEmpty, balance != account.balance {
            problems.append(AuditFinding(place, "the balance is not what its rows come to"))
        }
        return findings + problems
    }

    // MARK: The books as a whole

    private func checkBooks(
        _ report: inout Report,
        _ progress: @Sendable () -> Void
    ) async throws(StoreFailure) {
        for _ in 0..<ClearingAudit.attemptsMax {
            let before = try await balances()
            var inTransit: [Currency: ExactAmount] = [:]
            var standing: [LedgerAccount: ExactAmount] = [:]
            var findings = Report()
            try await checkPayouts(&findings, progress, &inTransit)
            try await checkSuspense(&findings, progress, &standing)
            try await checkSweeps(&findings, progress, &standing)
            // Whatever else has changed meanwhile, they are what was posted.
            report.sweeps = findings.sweeps
            guard try await balances().revisions == before.revisions else { continue }
            report.books = before.books
            report.recordCount += findings.recordCount
            report.findings += findings.findings
            report.findings += ClearingAudit.compare(before.records, inTransit, standing)
            for (currency, books) in before.books where books.sum != .zero {
                report.findings.append(
                    AuditFinding(
                        "clearing house, books in \(currency.digits)",
                        "do not balance: \(books.sum.decimal) too much"
                    )
                )
            }
            return
        }
    }

    private struct Balances {
        var books: [Currency: Books] = [:]
        var records: [LedgerAccount: AccountRecord] = [:]
        var revisions: [[UInt8]: UInt64] = [:]
    }

    private func balances() async throws(StoreFailure) -> Balances {
        var balances = Balances()
        var ignored = Report()
        try await each(AccountRecord.self, &ignored, {}) {
            account,
            record,
            _ async throws(StoreFailure) in
            balances.books[account.account.currency, default: Books()].add(account)
            balances.records[account.account] = account
            balances.revisions[record.key.bytes] = record.revision
        }
        return balances
    }

    /// What waits to be seen on a statement is what is in transit, what was set aside is what
    /// stands in suspense, and what was swept and not given back is what stands as expired value.
    private static func compare(
        _ records: [LedgerAccount: AccountRecord],
        _ inTransit: [Currency: ExactAmount],
        _ standing: [LedgerAccount: ExactAmount]
    ) -> [AuditFinding] {
        var expected = standing
        for (currency, amount) in inTransit {
            expected[LedgerAccount(.inTransit, currency)] = amount
        }
        for account in records.keys where expected[account] == nil {
            switch account.owner {
            case .inTransit, .suspense, .expired: expected[account] = .zero
            default: break
            }
        }
        return expected.compactMap { account, amount in
            let balance = records[account]?.balance ?? .zero
            if balance == amount { return nil }
            return AuditFinding(
                "clearing house, \(account.name)",
                "\(balance.decimal) stand there, and \(amount.decimal) are on record"
            )
        }
        .sorted { $0.place < $1.place }
    }
}

extension LedgerAccount {
    /// For people: whose it is and what it counts.
    package var name: String {
        let whose =
            switch owner {
            case .bank: "account at the bank"
            case .pool(let issuer): "pool of \(issuer.digits)"
            case .acquirer(let acquirer): "acquirer \(acquirer)"
            case .merchant(let merchant): "merchant \(merchant.text)"
            case .suspense(let acquirer): "suspense of acquirer \(acquirer)"
            case .expired(let issuer): "expired value of \(issuer.digits)"
            case .inTransit: "payouts in transit"
            }
        return "\(whose) in \(currency.digits)"
    }
}
