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

    /// Nothing is given without its order and its points; points are taken for benefits alone;
    /// what was posted is on a card, and what purchases earned is what the OPAL server told of
    /// them, both ways. The loyalty server was audited first.
    func compare(
        _ loyalty: Audited<LoyaltyModule, Loyalty>,
        _ airline: Audited<OrderAudit, OrderAudit.Report>?,
        _ cards: Audited<CardAuditor, CardAuditor.Report>?,
        _ report: inout Report
    ) async throws {
        if let airline {
            for (transaction, line) in loyalty.report.benefits.redemptions
            where line.state == .fulfilled && airline.report.paid[transaction] == nil {
                let problem = "a benefit was given without its order"
                report.findings.append(Self.finding(transaction, problem))
            }
        }
        try await compareBenefits(loyalty, &report)
        guard let cards else { return }
        try await comparePostings(loyalty, cards.report, &report)
        try await comparePurchases(loyalty, cards.report, &report)
    }

    private static func finding(_ transaction: TransactionIdentifier, _ problem: String) -> String {
        "transaction \(transaction.text): \(problem)"
    }

    /// Points of the database are debited where a benefit is given for them, and nowhere else.
    private func compareBenefits(
        _ loyalty: Audited<LoyaltyModule, Loyalty>,
        _ report: inout Report
    ) async throws {
        let (debits, benefits) = (loyalty.report.points.debits, loyalty.report.benefits.redemptions)
        for (transaction, line) in benefits {
            guard line.state == .fulfilled, line.points == .settled, let price = line.price.points,
                // One that does not open has its own finding.
                let programme = try? await loyalty.audit.programme(line.member.programme),
                programme.programme.home == .database
            else { continue }
            var debit = debits[transaction]
            // It may have been debited after the points were audited.
            if debit == nil, let now = try? await loyalty.audit.redemption(transaction),
                now.state.isDebited
            {
                debit = now.debit
            }
            if debit?.points != price.minorUnits || debit?.membership != line.member {
                let problem = "a benefit was given without its points"
                report.findings.append(Self.finding(transaction, problem))
            }
        }
        for transaction in debits.keys {
            let line = benefits[transaction]
            if let line, line.state != .released || line.points.areDue { continue }
            // They may have been given back after the points were audited.
            if let now = try? await loyalty.audit.redemption(transaction), !now.state.isDebited {
                continue
            }
            report.findings.append(Self.finding(transaction, "points were taken for no benefit"))
        }
    }

    /// What was posted is on a card, and nothing else is.
    private func comparePostings(
        _ loyalty: Audited<LoyaltyModule, Loyalty>,
        _ cards: CardAuditor.Report,
        _ report: inout Report
    ) async throws {
        let (posted, open) = (loyalty.report.points.posted, loyalty.report.points.inPostings)
        func isOf(_ credit: PointsCredit?, _ transaction: TransactionIdentifier) -> Bool {
            credit?.amount == cards.pointsLoads[transaction]?.amount
                && credit?.membership == cards.pointsMembers[transaction]
        }
        for (transaction, credit) in posted where !isOf(credit, transaction) {
            let problem = "posted, and these points are on no card of this member"
            report.findings.append(Self.finding(transaction, problem))
        }
        for transaction in cards.pointsLoads.keys where posted[transaction] == nil {
            if isOf(open[transaction], transaction) { continue }
            // It may have been made after the loyalty server was audited.
            let posting = try? await loyalty.audit.posting(transaction)
            if let posting, !posting.isRefused, isOf(posting.credit, transaction) { continue }
            let problem = "points on a card that no programme posted"
            report.findings.append(Self.finding(transaction, problem))
        }
    }

    /// What the OPAL server told of a purchase is what the loyalty server noted.
    private func comparePurchases(
        _ loyalty: Audited<LoyaltyModule, Loyalty>,
        _ cards: CardAuditor.Report,
        _ report: inout Report
    ) async throws {
        let purchases = loyalty.report.points.purchases
        for (earning, notice) in cards.earnNotices {
            let transaction = earning.transaction
            if cards.debits[transaction] == nil {
                let problem = "a purchase that was told was not debited"
                report.findings.append(Self.finding(transaction, problem))
            }
            guard notice.refusal == nil, let noted = notice.noted else { continue }
            if purchases[earning]?.isNoted(noted, by: notice.membership) == true { continue }
            // It may have been told after the loyalty server was audited.
            let now = try? await loyalty.audit.purchase(transaction, in: earning.programme)
            if now?.isNoted(noted, by: notice.membership) == true { continue }
            let problem = "the programme has not noted what it was told of this purchase"
            report.findings.append(Self.finding(transaction, problem))
        }
        for (earning, earn) in purchases
        where cards.earnNotices[earning]?.membership != earn.membership {
            let problem = "points for a purchase that was not told"
            report.findings.append(Self.finding(earning.transaction, problem))
        }
    }
}

extension PurchaseEarn {
    /// Whether a member's purchase has come as far as the loyalty server has said.
    fileprivate func isNoted(_ noted: PurchaseNotice.State, by member: Membership) -> Bool {
        guard membership == member else { return false }
        switch noted {
        case .debited: return true
        case .sold: return state == .confirmed || state == .due
        case .recovered: return state == .undone
        }
    }
}
