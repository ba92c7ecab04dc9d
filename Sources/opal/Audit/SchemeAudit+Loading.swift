// SPDX-License-Identifier: Apache-2.0

import Bank
import Kernel
import LoadSecurityModule
import LoadServer
import OPALServer
import Records
import RecordsSQLite
import Sites
import Wire

// The funding side, and what it and the cards say of each other. It is read against the way of the
// money, too: the bank hears of a load when the load server has its proof, and that has it when the
// card was credited.
extension SchemeAudit {
    /// What an audit found at the funding side; nil where a party is not in the data folder.
    struct FundingSide {
        let bank: Audited<BankAudit, BankAudit.Report>?
        let loadServer: Audited<LoadAudit, LoadAudit.Report>?

        func close() async {
            await bank?.side.store.close()
            await loadServer?.side.store.close()
        }
    }

    func fundingSide(_ report: inout Report) async throws -> FundingSide {
        FundingSide(bank: try await bank(&report), loadServer: try await loadServer(&report))
    }

    private func bank(
        _ report: inout Report
    ) async throws -> Audited<BankAudit, BankAudit.Report>? {
        try await audited(.bank, BankParty.schema, &report) { side, findings in
            let accounts = try await side.store.count(BankRecords.account)
            let holds = try await side.store.count(BankRecords.hold)
            progress.begin("accounts", of: accounts + holds)
            let audit = BankAudit(store: side.store, sealing: side.seals)
            let books = try await audit.run(progress.step)
            findings += books.findings
            findings += try await BankCustomers.audit(side.store, sealedBy: side.seals)
            return Audited(side: side, audit: audit, report: books)
        }
    }

    private func loadServer(
        _ report: inout Report
    ) async throws -> Audited<LoadAudit, LoadAudit.Report>? {
        let schema = LoadServerRecords.schema
        return try await audited(.loadServer, schema, &report) { side, findings in
            progress.begin("loads", of: try await side.store.count(AuthorizationRecord.kind))
            let module = SoftwareLoadModule(side.master)
            // The audit of the loads names what does not open.
            let keys = try? await LoadServerRecords.issuerKeys(
                in: side.store,
                sealedBy: side.seals
            )
            for key in keys ?? [] { try? LoadServerParty.install(key, in: module) }
            let audit = LoadAudit(store: side.store, seals: side.seals, module: module)
            let loads = try await audit.run(progress.step)
            findings += loads.findings
            return Audited(side: side, audit: audit, report: loads)
        }
    }

    func compare(
        _ funding: FundingSide,
        _ cards: Audited<CardAuditor, CardAuditor.Report>?,
        _ report: inout Report
    ) async throws {
        if let bank = funding.bank { fill(&report, bank.report) }
        if let loads = funding.loadServer { fill(&report, loads.report) }
        if let bank = funding.bank, let loads = funding.loadServer {
            try await compare(bank, loads, &report)
        }
        if let loads = funding.loadServer, let cards {
            try await compare(loads, cards, &report)
        }
    }

    private func fill(_ report: inout Report, _ books: BankAudit.Report) {
        report.accounts = books.accountCount
        report.onAccountsMinorUnits = named(books.onAccounts)
        var (pools, banked): ([Money: UInt64], [Money: UInt64]) = ([:], [:])
        for pool in books.inPools.values { pools.merge(pool, uniquingKeysWith: &+) }
        for amount in books.loaded.values {
            let unit = Money(
                minorUnits: 0,
                currency: amount.currency,
                exponent: amount.exponent
            )
            banked[unit, default: 0] &+= amount.minorUnits
        }
        report.inPoolsMinorUnits = named(pools)
        report.loadedFromBanksMinorUnits = named(banked)
        // A load may have ended between the look at it and the look at the pool.
        for (unit, loaded) in banked where loaded > pools[unit] ?? 0 {
            report.findings.append(
                "currency \(unit.currency.digits): less is in the issuers' pools than was loaded"
            )
        }
    }

    private func fill(_ report: inout Report, _ loads: LoadAudit.Report) {
        report.loads = loads.loadCount
        report.loaded = loads.loaded.count
        report.loadsPending = loads.open.count
    }

    /// Bank and load server: by transaction, what was paid to a pool is what was loaded.
    private func compare(
        _ bank: Audited<BankAudit, BankAudit.Report>,
        _ loads: Audited<LoadAudit, LoadAudit.Report>,
        _ report: inout Report
    ) async throws {
        for (transaction, amount) in bank.report.loaded {
            let place = "transaction \(transaction.text)"
            guard let loaded = loads.report.loaded[transaction] else {
                report.findings.append("\(place): paid to the issuer's pool without a load")
                continue
            }
            if loaded.amount != amount {
                report.findings.append("\(place): paid to the pool in another amount than loaded")
            }
        }
        for (transaction, load) in loads.report.loaded
        where load.bank == BankParty.identifier && bank.report.loaded[transaction] == nil {
            switch try await bank.audit.state(of: transaction) {
            case .held, .loaded: break
            case .released:
                report.findings.append(
                    "transaction \(transaction.text): loaded, but the bank has given its hold up"
                )
            case nil:
                report.findings.append(
                    "transaction \(transaction.text): loaded, but the bank has no such load"
                )
            }
        }
    }

    /// What came onto a card from a bank, the load server has authorized: module 268 could have
    /// made its signatures alone.
    private func compareCredits(
        _ loads: Audited<LoadAudit, LoadAudit.Report>,
        _ cards: Audited<CardAuditor, CardAuditor.Report>,
        _ report: inout Report
    ) async throws {
        func isRight(
            _ load: LoadAudit.Authorized?,
            _ name: CardAuditor.CreditName,
            _ credit: CardAuditor.Movement
        ) -> Bool {
            load?.name(name.transaction) == name && load?.movement == credit
        }
        for (name, credit) in cards.report.bankCredits {
            let transaction = name.transaction
            if isRight(loads.report.loaded[transaction], name, credit) { continue }
            // It may have been begun since the load server was read.
            if isRight(try await loads.audit.authorized(transaction), name, credit) { continue }
            report.findings.append(
                "transaction \(transaction.text): on card \(credit.card.masked) from bank "
                    + "\(name.bank.text), but the load server has authorized no such load"
            )
        }
    }

    /// Load server and cards: by transaction, what S3 proves is on the card, and what the OPAL
    /// server says of a load is what the load server knows.
    private func compare(
        _ loads: Audited<LoadAudit, LoadAudit.Report>,
        _ cards: Audited<CardAuditor, CardAuditor.Report>,
        _ report: inout Report
    ) async throws {
        for (transaction, load) in loads.report.loaded
        where cards.report.credits[load.name(transaction)] != load.movement {
            report.findings.append(
                "transaction \(transaction.text): loaded without a credit of card \(load.card)"
            )
        }
        try await compareCredits(loads, cards, &report)
        for (transaction, state) in cards.report.loads {
            let authorization = try await loads.audit.state(of: transaction)
            let isRight =
                switch (state, authorization) {
                case (.loaded, .loaded), (.notLoaded, .notLoaded): true
                // Credited, and the load server hears of it; or it has, and the answer was lost.
                case (.credited, .authorized), (.credited, .loaded): true
                case (.requested, _): true
                case (.givenUp, .loaded): false
                case (.givenUp, _): true
                // A page that no load server recognised ended here alone.
                case (.notLoaded, nil): true
                default: false
                }
            if !isRight {
                report.findings.append(
                    "transaction \(transaction.text): \(state) at the OPAL server, "
                        + (authorization.map { "\($0)" } ?? "unknown") + " at the load server"
                )
            }
        }
    }
}

extension LoadAudit.Authorized {
    fileprivate func name(_ transaction: TransactionIdentifier) -> CardAuditor.CreditName {
        CardAuditor.CreditName(bank: bank, transaction: transaction)
    }

    fileprivate var movement: CardAuditor.Movement {
        CardAuditor.Movement(card: card, amount: amount)
    }
}
