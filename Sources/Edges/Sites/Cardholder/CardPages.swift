// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Hummingbird
import Kernel
import OPALServer
import SecurityModule
import Wire

// The card, and what was done with it.
extension CardholderSite {
    private static let lastRows = 8
    private static let pageRows = 25

    func addCardRoutes(to router: Router<SiteContext>) {
        router.get("/card") { request, _ in
            try await withSession(request) { signed throws(SiteFailure) in
                try await cardPage(signed, reader(request), try Form.query(request))
            }
        }
    }

    // MARK: The card

    private func cardPage(
        _ signed: Signed,
        _ reader: Reader,
        _ query: Form
    ) async throws(SiteFailure) -> Response {
        let issuer = try await asking { try await parts.desk.issuer(signed.user.card.issuer) }
        var facts = RefusalText.Facts()
        if let issuer { facts.issuer = issuer.name }
        guard let described = try await describe(signed.user.card) else {
            let refusal = RefusalText(.cardDamaged, facts)
            return page(
                Page(
                    "cardholder/card",
                    ["refusal": refusal.values(), "historyHref": "/history"]
                ),
                of: signed,
                current: "/card"
            )
        }
        let card = try await withoutExpired(described)
        let rows = CardRows(desk: parts.desk, card: card.card, count: card.historyCount)
        let reason = try await renewal(of: card)
        var values: [String: Any] = [
            "card": drawing(
                card,
                reason,
                facts.issuer,
                holder: signed.user.maskedIdentifier,
                reader
            ),
            "historyHref": "/history",
        ]
        if card.isBlocked { values["refusal"] = RefusalText.cardBlocked(facts).values() }
        try await addFunding(to: &values, of: card, reason, signed, reader)
        if let spending = try await Spending(rows, on: card, today: now).values(reader) {
            values["spending"] = spending
        }
        if let points = try await points(of: card, reader) {
            values["points"] = points
            values["benefits"] = settings.benefits.map { ["label": $0.label, "href": $0.href] }
        }
        let last = try await rows.newest(Self.lastRows)
        if !last.isEmpty { values["transactions"] = try await table(last, reader, at: "/history") }
        let notice =
            Self.settingNotice(query) ?? Self.topUpNotice(query) ?? Self.renewalNotice(query)
        return page(
            Page("cardholder/card", values, notice: notice),
            of: signed,
            current: "/card"
        )
    }

    /// - Returns: nil where the record of the card does not open: that card stands still, and
    ///   nothing else does.
    func describe(_ card: CardIdentifier) async throws(SiteFailure) -> CardDescription? {
        do {
            guard let description = try await parts.desk.describe(card) else {
                throw SiteFailure.broken(SiteBreak.cardMissing)
            }
            return description
        } catch let failure as SiteFailure {
            throw failure
        } catch EmulatorFailure.module(.sealBroken) {
            return nil
        } catch {
            throw .unavailable(error)
        }
    }

    /// `card` of the templates.
    func drawing(
        _ card: CardDescription,
        _ renewal: CardRenewal?,
        _ issuer: String,
        holder: String,
        _ reader: Reader
    ) -> [String: Any] {
        var values: [String: Any] = [
            "issuer": String(issuer.prefix(Self.drawnLettersMax)), "number": card.card.masked,
            "lastDigits": String(card.card.masked.suffix(4)), "expiry": card.expiry.monthAndYear,
            "holder": String(holder.prefix(Self.drawnLettersMax)),
            "balance": reader.amount(card.purses[0].balance),
        ]
        if card.isBlocked { values["blocked"] = true }
        values["badge"] = state(of: card, renewal)
        return values
    }

    /// The badge of a card, which may be due for `renewal`.
    func state(of card: CardDescription, _ renewal: CardRenewal?) -> [String: Any] {
        if card.isBlocked { return badge(.bad, "Blocked") }
        switch renewal {
        case .expired: return badge(.bad, "Expired")
        case .keysEnded: return badge(.bad, "Has to be renewed")
        case .keysReplaced, nil: break
        }
        if card.spending?.policy.isFrozen == true { return badge(.wait, "Frozen") }
        return badge(.good, "Ready to pay")
    }

    /// Letters that the drawing of a card has room for.
    private static let drawnLettersMax = 26

    func badge(_ tone: Tone, _ text: String) -> [String: Any] {
        ["text": text, "tone": tone.rawValue]
    }

    // MARK: Rows

    /// `Transactions` of the templates.
    ///
    /// `ward`: whose card it is, where its guardian looks.
    /// `history`: behind which address the purchases of the card have their pages.
    func table(
        _ rows: [CardRows.Row],
        _ reader: Reader,
        for ward: Ward? = nil,
        at history: String
    ) async throws(SiteFailure) -> [String: Any] {
        var values: [[String: Any]] = []
        let titles = SettingTitles(rows)
        for (number, entry) in rows {
            var line = try await line(entry, reader, at: history)
            if let title = titles[number] { line["what"] = title }
            if ward != nil, entry.isGift { line["what"] = "From you" }
            values.append(line)
        }
        return ["rows": values]
    }

    private func line(
        _ entry: CardHistoryEntry,
        _ reader: Reader,
        at history: String
    ) async throws(SiteFailure) -> [String: Any] {
        guard let movement = entry.movement, entry.kind != .proof else {
            return entry.settingRow(reader)
        }
        let amount = movement.amount
        var line: [String: Any] = [
            "time": reader.time(entry.moment), "what": entry.title,
            "balance": reader.amount(movement.money),
        ]
        if !entry.remark.isEmpty { line["note"] = entry.remark }
        switch entry.kind {
        case .payment:
            line["amount"] = reader.debit(amount)
            line["direction"] = "out"
            let debited = try await outcome(of: movement.transaction)
            if debited != nil, parts.disputes != nil {
                line["href"] = HistoryPlace.purchase(movement.transaction, at: history)
            }
            if let badge = state(of: debited) {
                line["badge"] = badge
                if badge["tone"] as? String == Tone.wait.rawValue {
                    line["note"] = [entry.remark, Self.pendingNote].filter { !$0.isEmpty }
                        .joined(separator: " – ")
                }
            }
        case .load, .allowance, .refund:
            line["amount"] = reader.credit(amount)
            line["direction"] = "in"
        case .recovery:
            line["amount"] = reader.credit(amount)
            line["direction"] = "in"
            line["badge"] = badge(.plain, "Put back")
        case .moved, .swept:
            line["amount"] = reader.debit(amount)
            line["direction"] = "out"
        case .setting, .expired, .proof: break
        }
        return line
    }

    /// What will happen to a payment that is pending.
    private static let pendingNote = "we ask until it is paid or put back, and send you a mail"

    private func outcome(
        of transaction: TransactionIdentifier
    ) async throws(SiteFailure) -> Purchases.Debited? {
        try await asking { try await parts.purchases.outcome(of: transaction) }
    }

    /// Only what is not simply paid is marked.
    private func state(of debited: Purchases.Debited?) -> [String: Any]? {
        switch debited?.outcome {
        case .pending: badge(.wait, "Pending")
        case .refused, .refusedByLimit: badge(.plain, "Given up")
        case .paid, nil: nil
        }
    }

    // MARK: History

    func historyPage(
        _ place: HistoryPlace,
        _ signed: Signed,
        _ request: Request
    ) async throws(SiteFailure) -> Response {
        let (filter, reader) = (HistoryFilter(try Form.query(request)), reader(request))
        var values: [String: Any] = [
            "form": filter.form(at: place.history),
            "csvHref": filter.href(place.history + ".csv"),
            "statementHref": place.statement(StatementMonth(of: now)),
        ]
        if let cards = place.cards(at: "/history") { values["cards"] = cards }
        if let ward = place.ward { values["owner"] = ["name": ward.name, "href": ward.path] }
        if let problems = filter.problems {
            values["problems"] = problems
        } else if let card = try await describe(place.card) {
            let (rows, total) = try await matching(
                filter,
                CardRows(desk: parts.desk, card: card.card, count: card.historyCount)
            )
            if !rows.isEmpty {
                values["transactions"] = try await table(
                    rows,
                    reader,
                    for: place.ward,
                    at: place.history
                )
                values["pager"] = Self.pager(
                    filter,
                    at: place.history,
                    shown: rows.count,
                    total: total
                )
            }
        }
        let status: HTTPResponse.Status = filter.problem == nil ? .ok : .unprocessableContent
        return page(
            Page("cardholder/history", values, status: status),
            of: signed,
            current: place.current
        )
    }

    /// The rows of one page, and how many fit at all.
    private func matching(
        _ filter: HistoryFilter,
        _ rows: CardRows
    ) async throws(SiteFailure) -> ([CardRows.Row], UInt64) {
        let skipped = filter.page * Self.pageRows
        if filter.isOpen {
            return (try await rows.newest(Self.pageRows, skipped: UInt64(skipped)), rows.count)
        }
        var (found, total): ([CardRows.Row], Int) = ([], 0)
        try await rows.scan { row in
            if filter.isBefore(row.entry) { return false }
            guard filter.fits(row.entry) else { return true }
            if total >= skipped, found.count < Self.pageRows { found.append(row) }
            total += 1
            return true
        }
        return (found, UInt64(total))
    }

    private static func pager(
        _ filter: HistoryFilter,
        at path: String,
        shown: Int,
        total: UInt64
    ) -> [String: Any] {
        let first = filter.page * pageRows + 1
        let last = first + shown - 1
        var pager: [String: Any] = ["summary": "\(first) to \(last) of \(total)"]
        if filter.page > 0 { pager["previous"] = filter.href(path, page: filter.page - 1) }
        if UInt64(last) < total { pager["next"] = filter.href(path, page: filter.page + 1) }
        return pager
    }

    func historyFile(
        _ card: CardIdentifier,
        _ filter: HistoryFilter
    ) async throws(SiteFailure) -> Response {
        var file = HistoryFile(parts.wording)
        if filter.problem == nil, let card = try await describe(card) {
            let rows = CardRows(desk: parts.desk, card: card.card, count: card.historyCount)
            try await rows.scan { row in
                if filter.isBefore(row.entry) { return false }
                if filter.fits(row.entry) { file.add(row.entry) }
                return true
            }
        }
        let body = ResponseBody(byteBuffer: ByteBuffer(string: file.text))
        return .attachment("history.csv", type: Response.csv, body)
    }
}
