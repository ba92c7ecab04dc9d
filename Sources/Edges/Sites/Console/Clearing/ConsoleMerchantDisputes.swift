// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Hummingbird
import Kernel
import Merchant
import Wire

/// The console's pages of disputes for merchants, beside the clearing house that brings them: what
/// holders say of the merchant's sales, and the merchant's answer.
struct ConsoleMerchantDisputes: Sendable {
    let site: ConsoleSite
    let clearing: ConsoleParts.Clearing

    static let path = "/clearing/disputes"

    init(_ site: ConsoleSite, _ clearing: ConsoleParts.Clearing) {
        self.site = site
        self.clearing = clearing
    }

    /// Of the navigation.
    private var current: String { clearing.merchant == nil ? "/clearing" : Self.path }

    // MARK: The list

    func list(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        var pages = DisputePages(Self.path, visit.form)
        if pages.showsOpen {
            let open = try await page(areOpen: true, beyond: pages.after, DisputeLimits.listedMax)
            let cases = open.cases.sorted { $0.answerBy < $1.answerBy }
            pages.showOpen(cases.map { row($0, visit) }, next: open.next, visit.reader)
        }
        if pages.showsEnded {
            let ended = try await page(
                areOpen: false,
                beyond: pages.before,
                ConsoleLimits.pageRows
            )
            pages.showEnded(ended.cases.map { row($0, visit) }, next: ended.next, visit.reader)
        }
        var values = pages.values
        values["merchant"] = true
        return site.response("console/disputes", values, visit, current: current)
    }

    private func page(
        areOpen: Bool,
        beyond transaction: TransactionIdentifier?,
        _ limit: Int
    ) async throws(SiteFailure) -> ClearingHouse.DisputePage {
        try await clearingStep { () async throws(ClearingFailure) in
            try await clearing.house.disputes(
                of: clearing.merchant,
                areOpen: areOpen,
                beyond: transaction,
                limit: limit
            )
        }
    }

    private func row(_ known: DisputeCase, _ visit: ConsoleSite.Visit) -> [String: Any] {
        var row: [String: Any] = [
            "href": Self.path(of: known), "merchant": known.notice.merchant.text,
            "reason": known.notice.reason.words, "badge": badge(known),
            "amount": visit.reader.amount(known.notice.paid),
            "filed": visit.reader.time(known.notice.filedAt),
            "due": visit.reader.time(known.answerBy),
        ]
        if known.answer == nil, known.refusalOfAnswer == nil, known.answerBy < visit.now {
            row["late"] = Shape.badge("Late", .bad)
        }
        return row
    }

    /// An answer that the issuer does not have yet counts here already.
    private func badge(_ known: DisputeCase) -> [String: Any] {
        if known.answer == nil {
            return known.refusalOfAnswer == nil
                ? Shape.badge("Waits for an answer", .wait) : known.notice.state.badge
        }
        return known.notice.state.isUndecided && !known.canAgreeAgain
            ? DisputeState.merchantAnswered.badge : known.notice.state.badge
    }

    private static func path(of known: DisputeCase) -> String {
        "\(path)/\(known.notice.transaction.text)"
    }

    // MARK: One dispute

    func show(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        try await page(try await known(visit), visit)
    }

    private func page(
        _ known: DisputeCase,
        _ visit: ConsoleSite.Visit,
        form: AnswerForm? = nil,
        notice: Page.Notice? = nil
    ) async throws(SiteFailure) -> Response {
        let order = try await order(known)
        var values: [String: Any] = [
            "listHref": Self.path, "facts": facts(known, order, visit), "said": said(known, visit),
            "dispute": [
                "merchant": known.notice.merchant.text, "badge": badge(known),
                "amount": visit.reader.amount(known.notice.paid),
                "standing": standing(known, visit), "transaction": known.notice.transaction.text,
            ] as [String: Any],
            "storyHref": "/transactions/\(known.notice.transaction.text)",
        ]
        if known.refusalOfAnswer == nil, site.role.acts {
            let form = form ?? AnswerForm()
            values["answer"] = form.values(
                action: Self.path(of: known) + "/answer",
                isAgain: known.canAgreeAgain,
                canAgree: known.canAgree
            )
            if let problems = form.problems.values { values["problems"] = problems }
        }
        let isWrong = form.map { !$0.problems.isEmpty } ?? false
        return site.response(
            "console/dispute-answer",
            values,
            visit,
            current: current,
            status: isWrong ? .unprocessableContent : .ok,
            notice: notice
        )
    }

    private func standing(_ known: DisputeCase, _ visit: ConsoleSite.Visit) -> String {
        switch known.notice.state {
        case .refunded(let back), .decided(let back):
            let amount = visit.reader.amount(back.amount)
            return "The issuer has decided for the holder: \(amount) comes off your next payout, "
                + "as a charge-back of this sale."
        case .rejected: return "The issuer has decided for you: there is no charge-back."
        case .withdrawn: return "The holder has taken it back: there is no charge-back."
        case .givenBack:
            let paid = visit.reader.amount(known.notice.paid)
            return "You have given back all of it, \(paid): there is no charge-back."
        case .cameToNothing where known.canAgreeAgain:
            return "The charge-back did not come onto the card, and nothing was taken from you. "
                + "The issuer decides again; or agree to give back what is left."
        case .filed, .merchantAsked, .merchantAnswered, .cameToNothing:
            return known.answer == nil
                ? "Answer until \(visit.reader.timeText(known.answerBy)); then the issuer decides."
                : "You have answered. The issuer decides."
        }
    }

    private func facts(
        _ known: DisputeCase,
        _ order: OrderView?,
        _ visit: ConsoleSite.Visit
    ) -> [[String: Any]] {
        var facts = [
            Shape.fact("Order", OrderNumber.text(known.notice.transaction), isCode: true),
            Shape.fact("Paid", visit.reader.timeText(known.notice.paidAt)),
        ]
        if let order {
            facts.append(Shape.fact("Article", order.article.title))
            let delivered = order.deliveredAt.map { visit.reader.timeText($0) }
            facts.append(Shape.fact("Handed out", delivered ?? "not yet"))
        }
        facts.append(Shape.fact("Disputed", visit.reader.timeText(known.notice.filedAt)))
        return facts
    }

    private func said(_ known: DisputeCase, _ visit: ConsoleSite.Visit) -> [String: Any] {
        var rows: [[String: Any]] = [
            [
                "who": "Holder", "time": visit.reader.time(known.notice.filedAt),
                "head": known.notice.reason.words, "words": known.notice.words,
            ]
        ]
        if let answer = known.answer, let moment = known.answeredAt {
            rows.append(answer.row(moment, visit.reader))
        }
        return ["rows": rows]
    }

    // MARK: The answer

    /// Written down before it is done.
    func answer(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let known = try await known(visit)
        var form = AnswerForm(visit.form)
        let deliveredAt = try await order(known)?.deliveredAt
        guard let answer = form.answer(deliveredAt: deliveredAt) else {
            return try await page(known, visit, form: form)
        }
        if let reason = known.refusal(of: answer) { return try await told(reason, known, visit) }
        let transaction = known.notice.transaction
        do throws(OperatorFailure) {
            try await site.operators.journal.write(
                OperatorJournal.Act(
                    .disputeAnswered,
                    at: visit.now,
                    by: visit.session.name,
                    reason: answer.accepts ? "agrees" : "does not agree"
                ),
                about: transaction
            )
        } catch { throw .unavailable(error) }
        let outcome = try await clearingStep { () async throws(ClearingFailure) in
            try await clearing.house.answer(
                answer,
                toDisputeOf: transaction,
                as: clearing.merchant,
                now: visit.now
            )
        }
        if case .failure(let reason) = outcome { return try await told(reason, known, visit) }
        return SiteShell.seeOther(Self.path(of: known))
    }

    private func told(
        _ reason: DisputeRefusal,
        _ known: DisputeCase,
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) -> Response {
        let notice = Page.Notice(.bad, "\(reason.words) Nothing was changed.")
        return try await page(try await self.known(visit), visit, notice: notice)
    }

    // MARK: Parts

    private func known(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> DisputeCase {
        let transaction = try visit.transaction()
        let found = try await clearingStep { () async throws(ClearingFailure) in
            try await clearing.house.dispute(of: transaction)
        }
        guard let found,
            clearing.merchant == nil || clearing.merchant == found.notice.merchant
        else { throw .notFound }
        return found
    }

    /// The order of the sale, where its shop is in this process and the record opens.
    private func order(_ known: DisputeCase) async throws(SiteFailure) -> OrderView? {
        for shop in site.parts.shops where shop.module.profile.merchant == known.notice.merchant {
            do throws(OrderFailure) {
                return try await shop.module.order(known.notice.transaction)
            } catch .unknownOrder, .damaged { continue } catch { throw .unavailable(error) }
        }
        return nil
    }
}
