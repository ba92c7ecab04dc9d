// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import SecurityModule
import Wire

// What the pages of cards show.
extension ConsoleCards {
    func badge(_ card: CardDescription, at now: Instant) -> [String: Any] {
        if card.isBlocked { return Shape.badge("Blocked", .bad) }
        if card.expiry.isPast(at: CardTime(now)) { return Shape.badge("Expired", .plain) }
        return Shape.badge("Ready", .good)
    }

    func facts(
        _ card: CardDescription,
        _ visit: ConsoleSite.Visit,
        showsNumber: Bool
    ) async throws(SiteFailure) -> [[String: Any]] {
        var facts: [[String: Any]] = []
        if showsNumber { facts.append(Shape.fact("Whole number", card.card.digits, isCode: true)) }
        do throws(StoreFailure) {
            if let issuer = try await side.desk.issuer(card.card.issuer) {
                facts.append(Shape.fact("Issuer", issuer.name))
            }
        } catch {
            throw .unavailable(error)
        }
        facts.append(Shape.fact("Valid until", card.expiry.monthAndYear))
        facts.append(Shape.fact("Last transaction", "\(card.lastNumber)"))
        facts.append(Shape.fact("Rows of history", "\(card.historyCount)"))
        facts.append(Shape.fact("Wrong signatures in a row", "\(card.wrongSignatures)"))
        for (index, purse) in card.purses.enumerated() {
            let most = Money(
                minorUnits: purse.balanceMax,
                currency: purse.balance.currency,
                exponent: purse.balance.exponent
            )
            let text = visit.reader.amount(purse.balance)
            facts.append(
                Shape.fact(
                    "Purse \(index + 1)",
                    "\(text), at most \(visit.reader.amount(most))"
                )
            )
        }
        return facts
    }

    /// Adds a page of the history, newest first; `number` is the row behind the newest one shown,
    /// nil for the first page.
    func addHistory(
        _ card: CardIdentifier,
        _ count: UInt64,
        before number: UInt64?,
        _ visit: ConsoleSite.Visit,
        _ values: inout [String: Any]
    ) async throws(SiteFailure) {
        let pageRows = UInt64(ConsoleLimits.pageRows)
        let end = min(number ?? count + 1, count + 1)
        guard end > 1 else { return }
        let start = end > pageRows ? end - pageRows : 1
        let rows = try await history(card, after: start - 1, limit: Int(end - start)).reversed()
        if rows.isEmpty { return }
        values["transactions"] = ["rows": rows.map { row($0.entry, visit.reader) }]
        var pager: [String: Any] = ["summary": "Rows \(start) to \(end - 1) of \(count)"]
        let path = "/cards/\(try await references.text(card))"
        if start > 1 { pager["next"] = "\(path)?before=\(start)" }
        if end <= count { pager["previous"] = "\(path)?before=\(min(end + pageRows, count + 1))" }
        values["pager"] = pager
    }

    private func row(_ entry: CardHistoryEntry, _ reader: Reader) -> [String: Any] {
        guard let movement = entry.movement, entry.kind != .proof else {
            return entry.settingRow(reader)
        }
        let amount = movement.amount
        var row: [String: Any] = [
            "time": reader.time(entry.moment), "balance": reader.amount(movement.money),
        ]
        if !entry.note.isEmpty { row["note"] = entry.note }
        switch entry.event {
        case .debit, .recovery:
            row["href"] = "/transactions/\(movement.transaction.text)"
        case .load(let request, let card, _, _):
            // Of the others there is no record but this row.
            let source = request.bank.source(at: card.card.issuer)
            let isAlone = [.own, .move, .swept].contains(source)
            if !isAlone, !amount.currency.isProgramme {
                row["href"] = "/transactions/\(movement.transaction.text)"
            }
        case .moved, .setting, .expired, .swept: break
        }
        switch entry.event {
        case .debit(let evidence) where evidence.answer.completion == .done:
            row["what"] = "Paid"
            row["amount"] = reader.debit(amount)
            row["direction"] = "out"
        case .debit:
            row["what"] = "Refused by the card"
            row["amount"] = reader.amount(amount)
            row["direction"] = "none"
        case .load(_, _, _, let answer) where answer.completion == .done:
            row["what"] =
                entry.kind == .refund ? "Refunded" : entry.isGivenBack ? "Given back" : "Loaded"
            row["amount"] = reader.credit(amount)
            row["direction"] = "in"
        case .load:
            row["what"] = "Load refused by the card"
            row["amount"] = reader.amount(amount)
            row["direction"] = "none"
        case .recovery:
            row["what"] = "Put back"
            row["amount"] = reader.credit(amount)
            row["direction"] = "in"
        case .moved(let move):
            row["what"] = "Moved to card \(move.successor.masked)"
            row["amount"] = reader.debit(amount)
            row["direction"] = "out"
        case .swept(let swept):
            row["what"] = swept.reason == .expired ? "Swept: card expired" : "Swept: not used"
            row["amount"] = reader.debit(amount)
            row["direction"] = "out"
        case .setting, .expired: break
        }
        return row
    }
}
