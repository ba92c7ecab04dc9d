// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer
import SecurityModule

// The statement of a month: a page to read and to print, and the same rows as CSV.
extension CardholderSite {
    func statementPage(
        _ month: StatementMonth,
        _ place: HistoryPlace,
        _ signed: Signed,
        _ reader: Reader
    ) async throws(SiteFailure) -> Response {
        let present = StatementMonth(of: now)
        guard month.first <= present.first else { throw .notFound }
        var values: [String: Any] = [
            "title": reader.month(month.first), "previousHref": place.statement(month.previous),
            "historyHref": place.history, "csvHref": place.file(month),
        ]
        if month != present { values["nextHref"] = place.statement(month.next) }
        if let cards = place.cards(at: "/statement/" + month.text) { values["cards"] = cards }
        if let ward = place.ward { values["owner"] = ["name": ward.name, "href": ward.path] }
        let issuer = try await asking { try await parts.desk.issuer(place.card.issuer) }
        values["head"] = [
            ["label": "Issuer", "value": issuer?.name ?? ""],
            ["label": "Card", "value": place.card.masked],
            ["label": "Holder", "value": place.ward?.name ?? signed.user.maskedIdentifier],
            ["label": "From", "value": reader.day(month.first)],
            ["label": "To", "value": reader.day(month.last)],
        ]
        if let card = try await describe(place.card) {
            let history = CardRows(desk: parts.desk, card: card.card, count: card.historyCount)
            let statement = try await Statement(month, of: history, on: card)
            values["facts"] = statement.facts(reader)
            if statement.isCut { values["cut"] = "\(Statement.rowsMax)" }
            if !statement.rows.isEmpty {
                values["transactions"] = try await table(
                    statement.rows,
                    reader,
                    for: place.ward,
                    at: place.history
                )
            }
        } else {
            var facts = RefusalText.Facts()
            if let issuer { facts.issuer = issuer.name }
            values["refusal"] = RefusalText(.cardDamaged, facts).values()
        }
        return page(Page("cardholder/statement", values), of: signed, current: place.current)
    }
}
