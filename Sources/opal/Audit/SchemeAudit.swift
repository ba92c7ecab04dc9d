// SPDX-License-Identifier: Apache-2.0

import Foundation
import HSM
import Kernel
import Keys
import Merchant
import OPALServer
import PaymentServer
import Records
import RecordsSQLite
import SecurityCard
import SecurityModule

/// Audits every party in a data folder, then what they say of each other: nothing delivered without
/// a sale, no sale without a debit, no debit without an end, no value made or lost.
///
/// The databases are only read, so that it can run beside the servers. It goes from the shop to the
/// cards, against the way of the money: what is seen at one party has happened before at the next.
struct SchemeAudit {
    struct Report: Encodable {
        var findings: [String] = []
        var cards = 0
        var historyRows: UInt64 = 0
        var sales = 0
        var sold = 0
        var pending = 0
        var orders = 0
        var delivered = 0
        var loadedMinorUnits: [String: UInt64] = [:]
        var debitedMinorUnits: [String: UInt64] = [:]
        var recoveredMinorUnits: [String: UInt64] = [:]
        var onCardsMinorUnits: [String: UInt64] = [:]

        var isClean: Bool { findings.isEmpty }
    }

    let folder: DataFolder
    let passphrase: String?
    let progress: ProgressLine

    func run() async throws -> Report {
        var report = Report()
        let orders = try await orders()
        let sales = try await sales()
        let cards = try await cards()
        report.findings = (orders?.findings ?? []).map(\.description)
        report.findings += (sales?.findings ?? []).map(\.description)
        report.findings += (cards?.findings ?? []).map(\.description)
        if let orders {
            report.orders = orders.orderCount
            report.delivered = orders.deliveredCount
        }
        if let sales {
            report.sales = sales.saleCount
            report.sold = sales.sold.count
        }
        if let cards { fill(&report, cards) }
        if let orders, let sales { compare(orders, sales, &report) }
        if let sales, let cards { compare(sales, cards, &report) }
        progress.end()
        return report
    }

    // MARK: Parties

    private func open(
        _ party: DataFolder.Party,
        _ schema: RecordSchema
    ) throws -> (LocalMasterKey, SQLiteStore)? {
        guard folder.exists(party) else { return nil }
        let master = try KeyFile.read(at: folder.keyFile(party), passphrase: passphrase)
        return (master, try SQLiteStore(readingAt: folder.database(party), schema: schema))
    }

    private func orders() async throws -> OrderAudit.Report? {
        guard let (master, store) = try open(.shop, MerchantRecords.schema) else { return nil }
        progress.begin("orders", of: try await store.count(MerchantRecords.order))
        let audit = OrderAudit(
            store: store,
            sealing: RecordSealer(master, party: MerchantRecords.schema.party)
        )
        let report = try await audit.run(progress.step)
        await store.close()
        return report
    }

    private func sales() async throws -> SaleAudit.Report? {
        guard let (master, store) = try open(.paymentServer, PaymentModule.schema) else {
            return nil
        }
        progress.begin("sales", of: try await store.count(SaleRecord.kind))
        let keys = try await AcquirerRecords.issuerKeys(in: store)
        var securityCards: [any PurchaseModule] = []
        var damaged: [AuditFinding] = []
        for record in try await store.list(
            Terminal.memoryKind,
            after: nil,
            limit: RecordLimits.pageMax,
            order: .ascending
        ) {
            let bits = record.key.bytes.reduce(0) { $0 << 8 | UInt64($1) }
            let card = SoftwareSecurityCard(SecurityCardIdentifier(bits: bits), master: master)
            for key in keys {
                do {
                    try card.install(
                        purchaseKey: key.wrapped,
                        as: SoftwareSecurityCard.KeyName(
                            issuer: key.issuer,
                            version: key.version
                        )
                    )
                } catch {
                    damaged = [
                        AuditFinding(
                            "payment server, key of issuer \(key.issuer.digits)",
                            "does not unwrap"
                        )
                    ]
                }
            }
            securityCards.append(card)
        }
        let audit = SaleAudit(
            store: store,
            seals: RecordSealer(master, party: PaymentModule.schema.party),
            securityCards: securityCards
        )
        var report = try await audit.run(progress.step)
        report.findings += damaged
        for key in try await AcquirerRecords.merchantKeys(in: store)
        where (try? master.unwrapBytes(key.wrapped)) == nil {
            report.findings.append(
                AuditFinding(
                    "payment server, key \(key.name) of \(key.merchant.text)",
                    "does not unwrap"
                )
            )
        }
        await store.close()
        return report
    }

    private func cards() async throws -> CardAuditor.Report? {
        guard let (master, store) = try open(.opalServer, OPALServerRecords.schema) else {
            return nil
        }
        let total = try await store.count(.init("card", keyBytes: 8...8))
        progress.begin("cards", of: total + (try await store.count(DrawRecord.kind)))
        let module = SoftwareModule(master)
        var damaged: [AuditFinding] = []
        do {
            try await OPALServerParty.installKeys(from: store, in: module)
        } catch {
            damaged = [AuditFinding("OPAL server, issuer keys", "do not unwrap")]
        }
        let auditor = CardAuditor(
            store: store,
            module: module,
            seals: RecordSealer(master, party: OPALServerRecords.schema.party)
        )
        var report = try await auditor.run(progress.step)
        report.findings += damaged
        await store.close()
        return report
    }

    // MARK: Between parties

    private func compare(
        _ orders: OrderAudit.Report,
        _ sales: SaleAudit.Report,
        _ report: inout Report
    ) {
        for (transaction, amount) in orders.paid {
            let place = "transaction \(transaction.text)"
            if let sold = sales.sold[transaction] {
                if sold.amount != amount {
                    report.findings.append("\(place): delivered for another amount than was sold")
                }
            } else {
                report.findings.append("\(place): paid or delivered without a sale")
            }
        }
    }

    private func compare(
        _ sales: SaleAudit.Report,
        _ cards: CardAuditor.Report,
        _ report: inout Report
    ) {
        for (transaction, sold) in sales.sold where cards.debits[transaction] != sold.card {
            report.findings.append(
                "transaction \(transaction.text): sold without a debit of card \(sold.card)"
            )
        }
        for (transaction, card) in cards.debits where cards.draws[transaction] == nil {
            report.findings.append(
                "transaction \(transaction.text): card \(card) was debited without a draw"
            )
        }
        for (transaction, state) in cards.draws {
            switch state {
            case .sold where sales.void.contains(transaction):
                report.findings.append(
                    "transaction \(transaction.text): sold at the OPAL server, given up at the "
                        + "payment server"
                )
            case .recovered where sales.sold[transaction] != nil:
                report.findings.append(
                    "transaction \(transaction.text): recovered at the OPAL server, sold at the "
                        + "payment server"
                )
            case .debited: report.pending += 1
            default: break
            }
        }
    }

    private func fill(_ report: inout Report, _ cards: CardAuditor.Report) {
        report.cards = cards.cardCount
        report.historyRows = cards.rowCount
        report.loadedMinorUnits = named(cards.loaded)
        report.debitedMinorUnits = named(cards.debited)
        report.recoveredMinorUnits = named(cards.recovered)
        report.onCardsMinorUnits = named(cards.onCards)
        for (unit, onCards) in cards.onCards {
            let came = (cards.loaded[unit] ?? 0) &+ (cards.recovered[unit] ?? 0)
            if came != (cards.debited[unit] ?? 0) &+ onCards {
                report.findings.append(
                    "currency \(unit.currency.digits): loads + recoveries − debits is not what is "
                        + "on the cards"
                )
            }
        }
    }

    private func named(_ amounts: [Money: UInt64]) -> [String: UInt64] {
        Dictionary(
            amounts.map { ("\($0.key.currency.digits)/\($0.key.exponent.decimals)", $0.value) },
            uniquingKeysWith: &+
        )
    }
}
