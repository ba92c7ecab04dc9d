// SPDX-License-Identifier: Apache-2.0

import Foundation
import HSM
import Kernel
import Keys
import OPALServer
import Records
import RecordsSQLite

// What cards have paid, by the sales that came back, beside what they say themselves.
extension SchemeAudit {
    /// To be called after the cards were audited: it names no record and no row that is found
    /// there.
    func float(
        _ cards: Audited<CardAuditor, CardAuditor.Report>,
        _ report: inout Report
    ) async throws {
        let path = folder.floatDatabase
        guard FileManager.default.fileExists(atPath: path) else { return }
        do throws(StoreFailure) {
            let store = try SQLiteStore(readingAt: path, schema: FloatRecords.schema)
            report.findings += try await store.problems().map { "issuer's float, database: \($0)" }
            report.findings += try await store.impossibleRows().map {
                // The key of a number leads with that of its card.
                let card = Hex.text($0.key.prefix(8).suffix(2))
                return
                    "issuer's float, \($0.table) •••• \(card): breaks the constraints of its table"
            }
            progress.begin("sales that came back", of: try await store.count(NumberRecord.kind))
            let found = try await FloatAudit(
                ledger: (
                    store, RecordSealer(cards.side.master, party: FloatRecords.schema.party)
                ),
                cards: (cards.side.store, cards.side.seals),
                module: SoftwareModule(cards.side.master)
            ).run(progress.step)
            report.findings += found.findings.map(\.description)
            for (transaction, sale) in found.forgotten {
                report.cardsBehind.note(transaction, sale.amount, of: sale.card)
            }
            report.proved = found.provedCount
            report.provedMinorUnits = named(found.proved)
            await store.close()
        } catch {
            if error.isTransient { throw error }
            report.findings.append("issuer's float, database: \(error)")
        }
    }
}
