// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Hummingbird
import Kernel
import OPALServer
import Records
import SecurityModule
import Wire

/// The console's pages of cards. Numbers are masked everywhere but after *Show the whole number*,
/// and stand in no address.
struct ConsoleCards: Sendable {
    let site: ConsoleSite
    let side: ConsoleParts.CardSide
    let references: CardReference

    init(_ site: ConsoleSite, _ side: ConsoleParts.CardSide) {
        self.site = site
        self.side = side
        references = CardReference(side.seals)
    }

    // MARK: List and search

    func list(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        var cursor = side.issuer.map { CardIdentifier(issuer: $0, number: 0) }
        if let after = visit.form["after"] { cursor = try await references.card(after) }
        let limit = ConsoleLimits.pageRows
        let cards: [CardIdentifier]
        let total: Int?
        do throws(StoreFailure) {
            cards = try await side.desk.cards(after: cursor, limit: limit + 1)
                .filter { side.covers($0) }
            total =
                side.issuer == nil
                ? try await side.store.records.count(Emulator.cardKind) : nil
        } catch {
            throw .unavailable(error)
        }
        let shown = cards.prefix(limit)
        var values = findForm
        if !shown.isEmpty {
            var rows: [[String: Any]] = []
            for card in shown { rows.append(try await row(card, visit)) }
            values["cards"] = ["rows": rows]
        }
        var pager: [String: Any] = [
            "summary": total.map { "\(shown.count) of \($0), by number" }
                ?? "\(shown.count) on this page, by number"
        ]
        if cards.count > limit, let last = shown.last {
            pager["next"] = "/cards?after=\(try await references.text(last))"
        }
        values["pager"] = pager
        return site.response("console/cards", values, visit, current: "/cards")
    }

    /// Searches by the whole number or by the user identifier. Neither may stand in an address, so
    /// that the form is posted.
    func find(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let text = visit.form.text("text")
        if let card = try await card(named: text), side.covers(card) {
            return SiteShell.seeOther("/cards/\(try await references.text(card))")
        }
        // What was searched for is not shown again: it may be a card number.
        return site.response("console/cards", findForm, visit, current: "/cards")
    }

    private var findForm: [String: Any] {
        let empty: [String: Any] = [:]
        return ["form": ["action": "/cards/find", "text": empty] as [String: Any]]
    }

    private func card(named text: String) async throws(SiteFailure) -> CardIdentifier? {
        do {
            let digits = text.filter { $0 != " " }
            if let card = CardIdentifier(digits),
                try await side.store.records.read(Emulator.key(card)) != nil
            {
                return card
            }
            return try await side.users.profile(ofIdentifier: text)?.card
        } catch {
            throw .unavailable(error)
        }
    }

    private func row(
        _ card: CardIdentifier,
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) -> [String: Any] {
        var row: [String: Any] = [
            "number": card.masked, "href": "/cards/\(try await references.text(card))",
            "opened": "–", "lastUsed": "–", "balance": "not read",
            "badge": Shape.badge("Does not open", .bad),
        ]
        guard let description = try await describe(card) else { return row }
        row["badge"] = badge(description, at: visit.now)
        if let purse = description.purses.first {
            row["balance"] = visit.reader.amount(purse.balance)
        }
        let count = description.historyCount
        if count > 0 {
            let first = try await history(card, after: 0, limit: 1).first
            let last = try await history(card, after: count - 1, limit: 1).first
            row["opened"] = first.map { visit.reader.day($0.entry.moment) }
            row["lastUsed"] = last.map { visit.reader.timeText($0.entry.moment) }
        }
        return row
    }

    // MARK: One card

    func show(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        try await page(try await card(visit), visit)
    }

    /// The page once more, with the whole number; who asked is written down.
    func showNumber(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let card = try await card(visit)
        try await write(
            OperatorJournal.Act(.numberShown, at: visit.now, by: visit.session.name),
            card
        )
        return try await page(card, visit, showsNumber: true)
    }

    func setBlocked(
        _ isBlocked: Bool,
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) -> Response {
        let card = try await card(visit)
        let reason = isBlocked ? visit.form.text("reason") : ""
        guard ByteReader.isText(reason), reason.count <= ConsoleLimits.reasonCharactersMax,
            reason.utf8.count <= ConsoleLimits.reasonBytesMax, isBlocked != reason.isEmpty
        else { throw .badForm(.field("reason")) }
        try await write(
            OperatorJournal.Act(
                isBlocked ? .blocked : .unblocked,
                at: visit.now,
                by: visit.session.name,
                reason: reason
            ),
            card
        )
        let isKnown: Bool
        do throws(EmulatorFailure) {
            isKnown = try await side.desk.setBlocked(
                isBlocked,
                card,
                by: visit.session.name.text
            )
        } catch .setBack {
            return stoppedPage(.setBack, card, visit)
        } catch {
            throw .unavailable(error)
        }
        guard isKnown else { throw .notFound }
        return SiteShell.seeOther("/cards/\(try await references.text(card))")
    }

    private func page(
        _ card: CardIdentifier,
        _ visit: ConsoleSite.Visit,
        showsNumber: Bool = false
    ) async throws(SiteFailure) -> Response {
        let reference = try await references.text(card)
        guard let description = try await describe(card) else {
            guard try await exists(card) else { throw .notFound }
            return stoppedPage(.damaged, card, visit)
        }
        var values: [String: Any] = [
            "card": [
                "number": card.masked, "badge": badge(description, at: visit.now),
                "balance": description.purses.first.map { visit.reader.amount($0.balance) } ?? "–",
            ] as [String: Any],
            "facts": try await facts(description, visit, showsNumber: showsNumber),
            "cardsHref": "/cards", "limitsHref": "/cards/\(reference)/limits",
        ]
        if !showsNumber { values["showNumber"] = ["action": "/cards/\(reference)/number"] }
        if description.isBlocked {
            let block = try await standingBlock(card)
            values["unblock"] = [
                "action": "/cards/\(reference)/unblock",
                "since": block.map { visit.reader.timeText($0.moment) } ?? "some time",
                "reason": block.map { "\($0.reason) (\($0.operatorName))" }
                    ?? "too many wrong signatures, or before this console",
            ]
        } else {
            values["block"] = ["action": "/cards/\(reference)/block"]
        }
        let number = visit.form["before"].flatMap { DecimalText.integer($0) }
        try await addHistory(card, description.historyCount, before: number, visit, &values)
        return site.response("console/card", values, visit, current: "/cards")
    }

    /// A card that stands still until its record is the right one again.
    private func stoppedPage(
        _ refusal: RefusalText,
        _ card: CardIdentifier,
        _ visit: ConsoleSite.Visit
    ) -> Response {
        site.response(
            "console/card",
            [
                "card": [
                    "number": card.masked, "balance": "not read",
                    "badge": Shape.badge("Does not open", .bad),
                ] as [String: Any],
                "refusal": refusal.values(), "cardsHref": "/cards",
            ],
            visit,
            current: "/cards"
        )
    }

    // MARK: Reading

    private func card(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> CardIdentifier {
        let card = try await references.card(visit.context.parameters.get("card") ?? "")
        guard side.covers(card) else { throw .notFound }
        return card
    }

    /// - Returns: nil where there is no such card, or its record does not open.
    private func describe(
        _ card: CardIdentifier
    ) async throws(SiteFailure) -> CardDescription? {
        do throws(EmulatorFailure) {
            return try await side.desk.describe(card)
        } catch .module(.sealBroken) {
            return nil
        } catch {
            throw .unavailable(error)
        }
    }

    private func exists(_ card: CardIdentifier) async throws(SiteFailure) -> Bool {
        do throws(StoreFailure) {
            return try await side.store.records.read(Emulator.key(card)) != nil
        } catch {
            throw .unavailable(error)
        }
    }

    func history(
        _ card: CardIdentifier,
        after number: UInt64,
        limit: Int
    ) async throws(SiteFailure) -> [(number: UInt64, entry: CardHistoryEntry)] {
        do throws(StoreFailure) {
            return try await side.desk.history(card, after: number, limit: limit)
        } catch {
            throw .unavailable(error)
        }
    }

    private func standingBlock(
        _ card: CardIdentifier
    ) async throws(SiteFailure) -> OperatorJournal.Act? {
        do throws(OperatorFailure) {
            return try await site.operators.journal.block(of: card)
        } catch {
            throw .unavailable(error)
        }
    }

    private func write(
        _ act: OperatorJournal.Act,
        _ card: CardIdentifier
    ) async throws(SiteFailure) {
        do throws(OperatorFailure) {
            try await site.operators.journal.write(act, on: card)
        } catch {
            throw .unavailable(error)
        }
    }
}

extension RefusalText {
    fileprivate static let damaged = RefusalText(
        "This card does not open",
        what: "Its record was changed by somebody else, or sealed under another key.",
        money: "The card is stopped: nothing can be taken from it. Nothing else is touched.",
        next: "Compare it with its history and with a copy of the database."
    )

    fileprivate static let setBack = RefusalText(
        "This card stays blocked",
        what: "Its record is not the newest one of its history: somebody put another one there.",
        money: "The card is stopped: nothing can be taken from it. Nothing else is touched.",
        next: "Put the right record back from a copy of the database, then unblock the card."
    )
}
