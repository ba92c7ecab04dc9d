// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer
import SecurityModule

// The statement of a month: a page to read and to print, and the same rows as CSV.
extension CardholderSite {
    func addStatementRoutes(to router: Router<SiteContext>) {
        router.get("/statement") { _, _ in
            SiteShell.seeOther("/statement/\(StatementMonth(of: now).text)")
        }
        router.get("/statement/:month") { request, context in
            guard let month = context.parameters.get("month").flatMap({ StatementMonth($0) })
            else { throw SiteFailure.notFound }
            return try await withSession(request) { signed throws(SiteFailure) in
                try await statementPage(month, signed, reader(request))
            }
        }
    }

    private func statementPage(
        _ month: StatementMonth,
        _ signed: Signed,
        _ reader: Reader
    ) async throws(SiteFailure) -> Response {
        let present = StatementMonth(of: now)
        guard month.first <= present.first else { throw .notFound }
        var values: [String: Any] = [
            "title": reader.month(month.first), "previousHref": "/statement/\(month.previous.text)",
            "historyHref": "/history", "csvHref": Self.csvHref(month),
        ]
        if month != present { values["nextHref"] = "/statement/\(month.next.text)" }
        let issuer = try await asking { try await parts.desk.issuer(signed.user.card.issuer) }
        values["head"] = [
            ["label": "Issuer", "value": issuer?.name ?? ""],
            ["label": "Card", "value": signed.user.card.masked],
            ["label": "Holder", "value": signed.user.maskedIdentifier],
            ["label": "From", "value": reader.day(month.first)],
            ["label": "To", "value": reader.day(month.last)],
        ]
        if let card = try await describe(signed.user.card) {
            let history = CardRows(desk: parts.desk, card: card.card, count: card.historyCount)
            let statement = try await Statement(month, of: history, on: card)
            values["facts"] = statement.facts(reader)
            if statement.isCut { values["cut"] = "\(Statement.rowsMax)" }
            if !statement.rows.isEmpty {
                values["transactions"] = try await table(statement.rows, reader)
            }
        } else {
            var facts = RefusalText.Facts()
            if let issuer { facts.issuer = issuer.name }
            values["refusal"] = RefusalText(.cardDamaged, facts).values()
        }
        return page(Page("cardholder/statement", values), of: signed, current: "/history")
    }

    private static func csvHref(_ month: StatementMonth) -> String {
        "/history.csv?from=\(DateWords.iso(month.first))&to=\(DateWords.iso(month.last))"
    }
}
