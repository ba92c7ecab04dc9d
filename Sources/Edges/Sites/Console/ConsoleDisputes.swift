// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer

/// The console's pages of the issuer's disputes: which wait, the evidence of one, and its decision.
struct ConsoleDisputes: Sendable {
    let site: ConsoleSite
    let side: ConsoleParts.CardSide
    let desk: DisputeDesk

    static let path = "/disputes"

    init(_ site: ConsoleSite, _ side: ConsoleParts.CardSide, _ desk: DisputeDesk) {
        self.site = site
        self.side = side
        self.desk = desk
    }

    // MARK: The list

    func list(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        var pages = DisputePages(Self.path, visit.form)
        if pages.showsOpen {
            let open = try await step { () async throws(UserFailure) in
                try await desk.open(of: side.issuer, after: pages.after)
            }
            pages.showOpen(open.disputes.map { row($0, visit) }, next: open.next, visit.reader)
        }
        if pages.showsEnded {
            let ended = try await step { () async throws(UserFailure) in
                try await desk.ended(
                    of: side.issuer,
                    before: pages.before,
                    limit: ConsoleLimits.pageRows
                )
            }
            pages.showEnded(ended.disputes.map { row($0, visit) }, next: ended.next, visit.reader)
        }
        return site.response("console/disputes", pages.values, visit, current: Self.path)
    }

    private func row(_ dispute: Dispute, _ visit: ConsoleSite.Visit) -> [String: Any] {
        var row: [String: Any] = [
            "href": Self.path(of: dispute), "merchant": dispute.sale.merchant.text,
            "reason": dispute.complaint.reason.words, "badge": dispute.state.badge,
            "amount": visit.reader.amount(dispute.sale.paid),
            "filed": visit.reader.time(dispute.complaint.filedAt),
        ]
        if dispute.state.isFinal {
            row["due"] = visit.reader.time(dispute.changedAt)
        } else {
            row["due"] = visit.reader.time(dispute.decideBy)
            if dispute.decideBy < visit.now, dispute.state.isUndecided {
                row["late"] = Shape.badge("Late", .bad)
            }
        }
        return row
    }

    private static func path(of dispute: Dispute) -> String {
        "\(path)/\(dispute.sale.transaction.text)"
    }

    // MARK: One dispute

    func show(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        try await page(try await dispute(visit), visit)
    }

    private func page(
        _ dispute: Dispute,
        _ visit: ConsoleSite.Visit,
        form: DecisionForm? = nil,
        notice: Page.Notice? = nil
    ) async throws(SiteFailure) -> Response {
        let evidence = try await DisputeEvidence(of: dispute, at: site.parts, desk, visit.reader)
        let cardHref = "/cards/\(try await CardReference(side.seals).text(dispute.sale.card))"
        var values: [String: Any] = [
            "listHref": Self.path, "dispute": evidence.head, "facts": evidence.facts,
            "said": evidence.said, "delivery": evidence.delivery, "steps": evidence.steps,
            "source": evidence.source,
            "asOf": visit.reader.time(visit.now), "cardHref": cardHref,
            "storyHref": "/transactions/\(dispute.sale.transaction.text)",
        ]
        if let money = evidence.money { values["money"] = money }
        let acts = try await journal(of: dispute, visit)
        if !acts.isEmpty { values["acts"] = ["rows": acts] }
        if dispute.state.isUndecided, site.role.acts {
            let form = form ?? DecisionForm(rest: evidence.rest, dispute.sale.paid)
            values["form"] = form.values(
                refund: Self.path(of: dispute) + "/refund",
                reject: Self.path(of: dispute) + "/reject",
                rest: visit.reader.amount(evidence.restMoney)
            )
            if let problems = form.problems.values { values["problems"] = problems }
        }
        let isWrong = form.map { !$0.problems.isEmpty } ?? false
        return site.response(
            "console/dispute",
            values,
            visit,
            current: Self.path,
            status: isWrong ? .unprocessableContent : .ok,
            notice: notice
        )
    }

    private func journal(
        of dispute: Dispute,
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) -> [[String: Any]] {
        let acts: [OperatorJournal.Act]
        do throws(OperatorFailure) {
            acts = try await site.operators.journal.acts(about: dispute.sale.transaction)
        } catch { throw .unavailable(error) }
        return acts.compactMap { act in
            guard let words = act.kind.disputeWords else { return nil }
            return [
                "time": visit.reader.time(act.moment), "by": act.operatorName,
                "text": act.reason.isEmpty ? words : "\(words): \(act.reason)",
            ]
        }
    }

    // MARK: The decision

    func refund(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let dispute = try await dispute(visit)
        var form = DecisionForm(visit.form)
        guard let (minorUnits, words) = form.refund(of: dispute.sale.paid) else {
            return try await page(dispute, visit, form: form)
        }
        return try await decide(dispute, visit, minorUnits, words)
    }

    func reject(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let dispute = try await dispute(visit)
        var form = DecisionForm(visit.form)
        guard let words = form.rejection() else {
            return try await page(dispute, visit, form: form)
        }
        return try await decide(dispute, visit, nil, words)
    }

    /// Looks whether it can be done, writes it down, and does it; what is not done says why.
    ///
    /// `minorUnits`: what is given back; nil for a rejection.
    private func decide(
        _ dispute: Dispute,
        _ visit: ConsoleSite.Visit,
        _ minorUnits: UInt64?,
        _ words: String
    ) async throws(SiteFailure) -> Response {
        let (transaction, name) = (dispute.sale.transaction, visit.session.name)
        let refusal = try await step { () async throws(UserFailure) in
            try await desk.refusal(
                toDecide: minorUnits,
                of: transaction,
                by: name.text,
                words: words
            )
        }
        if let refusal { return try await told(refusal, dispute, visit) }
        let amount = minorUnits.map {
            visit.reader.amount(Money(minorUnits: $0, as: dispute.sale.paid))
        }
        do throws(OperatorFailure) {
            try await site.operators.journal.write(
                OperatorJournal.Act(
                    minorUnits == nil ? .disputeRejected : .disputeRefunded,
                    at: visit.now,
                    by: name,
                    reason: amount ?? ""
                ),
                about: transaction
            )
        } catch { throw .unavailable(error) }
        let outcome = try await step { () async throws(UserFailure) in
            if let minorUnits {
                return try await desk.refund(
                    minorUnits,
                    of: transaction,
                    by: name.text,
                    words: words
                )
            }
            return try await desk.reject(transaction, by: name.text, words: words)
        }
        switch outcome {
        case .success: return SiteShell.seeOther(Self.path(of: dispute))
        case .failure(let reason): return try await told(reason, dispute, visit)
        }
    }

    private func told(
        _ reason: DisputeRefusal,
        _ dispute: Dispute,
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) -> Response {
        let notice = Page.Notice(.bad, "\(reason.words) Nothing was changed.")
        return try await page(try await self.dispute(visit), visit, notice: notice)
    }

    // MARK: Parts

    private func dispute(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Dispute {
        let transaction = try visit.transaction()
        let found = try await step { () async throws(UserFailure) in
            try await desk.find(transaction)
        }
        guard let found, side.covers(found.sale.card) else { throw .notFound }
        return found
    }

    private func step<Value>(
        _ step: () async throws(UserFailure) -> Value
    ) async throws(SiteFailure) -> Value {
        do throws(UserFailure) {
            return try await step()
        } catch { throw .unavailable(error) }
    }
}

extension OperatorJournal.Act.Kind {
    /// What was done with a dispute; nil for another act.
    fileprivate var disputeWords: String? {
        switch self {
        case .disputeRefunded: "Decided for the holder"
        case .disputeRejected: "Rejected"
        case .disputeAnswered: "Answered for the merchant"
        default: nil
        }
    }
}
