// SPDX-License-Identifier: Apache-2.0

import Kernel
import PaymentServer
import Records
import RecordsSQLite
import SecurityModule
import TerminalHost

// Hosts of terminals, and what they and the payment server say of each other. A security card is
// ahead of its sale, so it is looked at after the sales, and a sale that is open may be behind.
extension SchemeAudit {
    private typealias Host = Audited<TerminalAudit, TerminalAudit.Report>

    func terminals(
        _ acquirer: Audited<SaleAudit, SaleAudit.Report>?,
        _ report: inout Report
    ) async throws {
        for folder in [folder] + terminalFolders {
            guard let host = try await terminal(in: folder, &report) else { continue }
            if let acquirer { try await compare(host, acquirer, &report) }
            await host.side.store.close()
        }
    }

    private func terminal(in folder: DataFolder, _ report: inout Report) async throws -> Host? {
        try await audited(.terminal, TerminalModule.schema, &report, in: folder) {
            side,
            findings in
            let host = try await TerminalRecords.host(in: side.store, sealedBy: side.seals)
            let audit = TerminalAudit(
                name: host.name,
                store: side.store,
                seals: side.seals,
                securityCards: try await TerminalHostParty.securityCards(
                    in: side.store,
                    side.master,
                    side.seals
                )
            )
            let outcome = try await audit.run()
            findings += outcome.findings
            return Host(side: side, audit: audit, report: outcome)
        }
    }

    private func compare(
        _ host: Host,
        _ acquirer: Audited<SaleAudit, SaleAudit.Report>,
        _ report: inout Report
    ) async throws {
        var counted: Set<TransactionIdentifier> = []
        for entry in host.report.entries {
            if entry.state == .counted { counted.insert(entry.transaction) }
            let sale = try await acquirer.audit.state(
                of: entry.transaction,
                drawnBy: entry.securityCard,
                as: entry.number
            )
            if let problem = problem(entry.state, sale) {
                report.findings.append("transaction \(entry.transaction.text): \(problem)")
            }
        }
        let cards = try await TerminalRecords.securityCards(in: host.side.store)
        for (transaction, card) in acquirer.report.countedElsewhere
        where cards.contains(card) && !counted.contains(transaction) {
            report.findings.append(
                "transaction \(transaction.text): counted by security card \(card.text), which "
                    + "does not know it"
            )
        }
    }

    private func problem(_ exchange: ExchangeRecord.State, _ sale: SaleState?) -> String? {
        switch (exchange, sale) {
        case (_, .drawn), (.drawn, _), (.counted, .sold), (.refused, .refused), (.void, .void),
            (.refused, nil), (.void, nil):
            nil
        case (.counted, nil): "counted at the terminal, no such sale at the payment server"
        case (_, .some(let sale)): "\(exchange) at the terminal, \(sale) at the payment server"
        }
    }
}
