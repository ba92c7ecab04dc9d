// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer
import Merchant
import OPALServer
import Records
import RecordsSQLite
import SecurityModule
import Wire

// The loyalty server, and what it says of orders and cards.
extension SchemeAudit {
    /// What was found at the loyalty server.
    struct Loyalty {
        let points: LoyaltyAudit.Report
        let benefits: BenefitAudit.Report
    }

    func loyaltyServer(
        _ report: inout Report
    ) async throws -> Audited<LoyaltyModule, Loyalty>? {
        try await audited(.loyaltyServer, LoyaltyParty.schema, &report) { side, findings in
            var count = 0
            for kind in LoyaltyParty.schema.kinds { count += try await side.store.count(kind) }
            progress.begin("points and benefits", of: count)
            let points = try await LoyaltyAudit(store: side.store, sealing: side.seals)
                .run(progress.step)
            let benefits = try await BenefitAudit(store: side.store, seals: side.seals)
                .run(progress.step)
            findings += points.findings + benefits.findings
            let (module, _) = LoyaltyParty.modules(side.store, side.master, link: NoLink())
            return Audited(
                side: side,
                audit: module,
                report: Loyalty(points: points, benefits: benefits)
            )
        }
    }

    /// Nothing is given without its order, and what was posted is on a card, and the other way
    /// round. The loyalty server was audited first.
    func compare(
        _ loyalty: Audited<LoyaltyModule, Loyalty>,
        _ airline: Audited<OrderAudit, OrderAudit.Report>?,
        _ cards: Audited<CardAuditor, CardAuditor.Report>?,
        _ report: inout Report
    ) async throws {
        if let airline {
            for transaction in loyalty.report.benefits.fulfilled.keys
            where airline.report.paid[transaction] == nil {
                report.findings.append(
                    "transaction \(transaction.text): a benefit was given without its order"
                )
            }
        }
        guard let cards else { return }
        let loads = cards.report.pointsLoads
        for (transaction, amount) in loyalty.report.points.posted
        where loads[transaction]?.amount != amount {
            report.findings.append(
                "transaction \(transaction.text): posted, and these points are on no card"
            )
        }
        for (transaction, load) in loads
        where loyalty.report.points.posted[transaction] == nil
            && loyalty.report.points.inPostings[transaction] == nil
        {
            // It may have been made after the loyalty server was audited.
            let posting = try? await loyalty.audit.posting(transaction)
            if posting?.credit.amount == load.amount { continue }
            report.findings.append(
                "transaction \(transaction.text): points on a card that no programme posted"
            )
        }
    }
}
