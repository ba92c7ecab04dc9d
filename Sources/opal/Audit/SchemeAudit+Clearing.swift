// SPDX-License-Identifier: Apache-2.0

import Batches
import ClearingHouse
import Kernel
import Keys
import PaymentServer
import Records
import RecordsSQLite

// The clearing house: its books, and what it and the payment server say of the same batches.
extension SchemeAudit {
    /// To be called after the payment server was audited: what is acknowledged there was durable
    /// here before.
    ///
    /// Returns what is in the books; nil where the clearing house is not here.
    func clearingHouse(
        _ acquirer: Audited<SaleAudit, SaleAudit.Report>?,
        _ report: inout Report
    ) async throws -> ClearingAudit.Report? {
        let found = try await audited(.clearing, ClearingRecords.schema, &report) {
            side,
            findings in
            progress.begin("books", of: try await side.store.count(ClearingRecords.account))
            let audit = ClearingAudit(
                store: side.store,
                sealing: side.seals,
                batches: BatchKeys(
                    try await ClearingParty.batchMasters(
                        in: side.store,
                        side.seals,
                        side.master,
                        withRetired: true
                    )
                )
            )
            let books = try await audit.run(progress.step)
            findings += books.findings
            if let acquirer {
                findings += try await compare(books.whole, acquirer)
                findings += try await compareRefunds(books.refunds, acquirer)
            }
            return (side.store, books)
        }
        guard let (store, books) = found else { return nil }
        await store.close()
        for (currency, books) in books.books { report.books[currency.word] = BooksLine(books) }
        return books
    }

    private func compare(
        _ whole: [BatchName: BatchHeader],
        _ acquirer: Audited<SaleAudit, SaleAudit.Report>
    ) async throws -> [AuditFinding] {
        var findings: [AuditFinding] = []
        for (name, header) in whole.sorted(by: { $0.key.text < $1.key.text })
        where name.securityCard.acquirer == PaymentServerParty.acquirer {
            let known = try await acquirer.audit.header(of: name)
            if known == header { continue }
            let problem =
                known == nil
                ? "the payment server has closed no such batch"
                : "is not as the payment server has closed it"
            findings.append(AuditFinding("clearing house, batch \(name.text)", problem))
        }
        for name in acquirer.report.acknowledged where whole[name] == nil {
            findings.append(
                AuditFinding(
                    "clearing house, batch \(name.text)",
                    "is acknowledged at the payment server alone"
                )
            )
        }
        return findings
    }

    /// What stands in the books in one currency, as decimal numbers.
    struct BooksLine: Encodable {
        let bank: String
        let pools: String
        let acquirers: String
        let merchants: String
        let suspense: String
        let expired: String
        let inTransit: String

        init(_ books: ClearingAudit.Books) {
            bank = books.bank.decimal
            pools = books.pools.decimal
            acquirers = books.acquirers.decimal
            merchants = books.merchants.decimal
            suspense = books.suspense.decimal
            expired = books.expired.decimal
            inTransit = books.inTransit.decimal
        }
    }
}
