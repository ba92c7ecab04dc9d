// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Hummingbird
import Kernel
import OPALServer
import SecurityModule
import Wire

/// The console's page of a card's limits, which two persons change: one proposes, another one
/// agrees. Both are written down before it is done.
struct ConsoleCardLimits: Sendable {
    let site: ConsoleSite
    let side: ConsoleParts.CardSide
    private let references: CardReference

    init(_ site: ConsoleSite, _ side: ConsoleParts.CardSide) {
        self.site = site
        self.side = side
        references = CardReference(side.seals)
    }

    private var proposals: LimitProposals { site.operators.proposals }

    // MARK: The page

    func show(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let card = try await card(visit)
        let form = LimitForm(card.spending?.policy.limits, of: card.purses[0].balance)
        return try await page(card, form, visit)
    }

    private func page(
        _ card: CardDescription,
        _ form: LimitForm,
        _ visit: ConsoleSite.Visit,
        notice: Page.Notice? = nil
    ) async throws(SiteFailure) -> Response {
        let path = "/cards/\(try await references.text(card.card))"
        let words = LimitWords(card.spending, visit.reader, at: visit.now)
        var limits: [String: Any] = [:]
        if let facts = words.facts { limits["table"] = ["facts": facts] }
        var values: [String: Any] = [
            "card": card.card.masked, "cardHref": path, "limits": limits,
            "currency": visit.reader.currency(card.purses[0].balance.currency),
        ]
        if site.role.acts {
            values["propose"] = true
            values["form"] = form.values(action: path + "/limits")
        }
        if let problems = form.problems.values { values["problems"] = problems }
        if let stored = try await stored(card.card), stored.proposal.isOpen(at: visit.now) {
            values["proposal"] = self.values(stored.proposal, path, card, visit)
        }
        return site.response(
            "console/limits",
            values,
            visit,
            current: "/cards",
            status: form.problems.isEmpty ? .ok : .unprocessableContent,
            notice: notice
        )
    }

    private func values(
        _ proposal: LimitProposal,
        _ path: String,
        _ card: CardDescription,
        _ visit: ConsoleSite.Visit
    ) -> [String: Any] {
        let spending = CardSpending.setting(
            SpendingPolicy(limits: proposal.limits),
            after: card.spending,
            at: visit.now,
            nextTransaction: card.lastNumber
        )
        var limits: [String: Any] = [:]
        if let facts = LimitWords(spending, visit.reader, at: visit.now).facts {
            limits["table"] = ["facts": facts]
        }
        var values: [String: Any] = [
            "by": proposal.proposer, "time": visit.reader.time(proposal.moment),
            "end": visit.reader.time(proposal.end), "limits": limits,
        ]
        guard site.role.acts else { return values }
        // What is agreed to is what was seen.
        values["seen"] = Hex.text(proposal.bytes)
        values["decline"] = ["action": path + "/limits/decline"]
        if proposal.proposer == visit.session.name.text {
            values["isOwn"] = true
        } else {
            values["agree"] = ["action": path + "/limits/agree"]
        }
        return values
    }

    // MARK: Acts

    func propose(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let card = try await card(visit)
        let purse = card.purses[0].balance
        var form = LimitForm(visit.form, of: purse)
        guard let typed = form.limits(visit.reader) else {
            return try await page(card, form, visit)
        }
        var empty = SpendingLimits(currency: purse.currency, exponent: purse.exponent)
        empty.offset = typed.offset
        let limits = typed == empty ? nil : typed
        let before = card.spending?.policy.limits
        if limits == before {
            return try await page(
                card,
                form,
                visit,
                notice: Page.Notice(.plain, "These are the limits that the card has.")
            )
        }
        if try await stored(card.card)?.proposal.isOpen(at: visit.now) == true {
            return try await page(
                card,
                form,
                visit,
                notice: Page.Notice(.bad, "A change waits already: have it agreed or declined.")
            )
        }
        try await step { () async throws(OperatorFailure) in
            try await proposals.removeLapsed(at: visit.now)
        }
        try await write(.limitsProposed, card.card, visit)
        let proposal = LimitProposal(
            proposer: visit.session.name.text,
            moment: visit.now,
            before: before,
            limits: limits
        )
        try await step { () async throws(OperatorFailure) in
            try await proposals.put(proposal, for: card.card)
        }
        return try await again(card, visit)
    }

    /// The second person: the change is made.
    func agree(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let card = try await card(visit)
        guard let stored = try await stored(card.card), stored.proposal.isOpen(at: visit.now)
        else { return try await told(card, visit, "There is no change that waits any more.") }
        let proposal = stored.proposal
        guard isSeen(proposal, visit) else { return try await changed(card, visit) }
        guard proposal.proposer != visit.session.name.text else {
            return try await told(card, visit, "Somebody else has to agree to your proposal.")
        }
        let present = card.spending?.policy.limits
        // What was agreed before, and not removed.
        guard present == proposal.before || present == proposal.limits else {
            return try await told(
                card,
                visit,
                "The limits were changed since: decline it, and propose anew."
            )
        }
        try await write(.limitsAgreed, card.card, visit, about: proposal.proposer)
        let outcome: Result<SpendingPolicy, SettingRefusal>
        do throws(EmulatorFailure) {
            outcome = try await side.desk.setLimits(
                proposal.limits,
                of: card.card,
                by: visit.session.name.text
            )
        } catch {
            throw .unavailable(error)
        }
        guard case .success = outcome else {
            return try await told(card, visit, "The card does not take these limits.")
        }
        try await step { () async throws(OperatorFailure) in try await proposals.remove(stored) }
        return try await again(card, visit)
    }

    func decline(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let card = try await card(visit)
        guard let stored = try await stored(card.card) else { return try await again(card, visit) }
        guard isSeen(stored.proposal, visit) else { return try await changed(card, visit) }
        try await write(.limitsDeclined, card.card, visit, about: stored.proposal.proposer)
        try await step { () async throws(OperatorFailure) in try await proposals.remove(stored) }
        return try await again(card, visit)
    }

    // MARK: Parts

    /// Whether the form was made for this proposal, and not for one that was there before.
    private func isSeen(_ proposal: LimitProposal, _ visit: ConsoleSite.Visit) -> Bool {
        visit.form["seen"] == Hex.text(proposal.bytes)
    }

    private func changed(
        _ card: CardDescription,
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) -> Response {
        try await told(
            card,
            visit,
            "Another change waits than the one that you saw. Nothing was done: look at this one."
        )
    }

    private func again(
        _ card: CardDescription,
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) -> Response {
        SiteShell.seeOther("/cards/\(try await references.text(card.card))/limits")
    }

    private func told(
        _ card: CardDescription,
        _ visit: ConsoleSite.Visit,
        _ text: String
    ) async throws(SiteFailure) -> Response {
        let form = LimitForm(card.spending?.policy.limits, of: card.purses[0].balance)
        return try await page(card, form, visit, notice: Page.Notice(.bad, text))
    }

    /// A card with a purse that opens.
    private func card(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> CardDescription {
        let card = try await references.card(visit.context.parameters.get("card") ?? "")
        guard side.covers(card) else { throw .notFound }
        let description: CardDescription?
        do throws(EmulatorFailure) {
            description = try await side.desk.describe(card)
        } catch .module(.sealBroken) {
            throw .notFound
        } catch {
            throw .unavailable(error)
        }
        guard let description, !description.purses.isEmpty else { throw .notFound }
        return description
    }

    private func stored(
        _ card: CardIdentifier
    ) async throws(SiteFailure) -> LimitProposals.Stored? {
        try await step { () async throws(OperatorFailure) in
            try await proposals.proposal(for: card)
        }
    }

    private func write(
        _ kind: OperatorJournal.Act.Kind,
        _ card: CardIdentifier,
        _ visit: ConsoleSite.Visit,
        about what: String = ""
    ) async throws(SiteFailure) {
        try await step { () async throws(OperatorFailure) in
            try await site.operators.journal.write(
                OperatorJournal.Act(kind, at: visit.now, by: visit.session.name, reason: what),
                on: card
            )
        }
    }

    private func step<Value>(
        _ step: () async throws(OperatorFailure) -> Value
    ) async throws(SiteFailure) -> Value {
        do throws(OperatorFailure) {
            return try await step()
        } catch {
            throw .unavailable(error)
        }
    }
}
