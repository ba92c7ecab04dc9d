// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hummingbird
import Kernel
import PaymentServer
import Records
import SecurityModule
import Wire

/// The console's pages of sales and terminals.
struct ConsoleSales: Sendable {
    let site: ConsoleSite
    let payments: ConsoleParts.Payments

    init(_ site: ConsoleSite, _ payments: ConsoleParts.Payments) {
        self.site = site
        self.payments = payments
    }

    // MARK: Sales

    func list(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let text = visit.form.text("text").trimmingCharacters(in: .whitespaces)
        let state = visit.form.text("state")
        let filter = Filter(text: text, state: SaleWords.state(named: state))
        let cursor = visit.form["before"].flatMap { TransactionIdentifier($0) }
        let (lines, next) = try await search(filter, before: cursor)
        var values: [String: Any] = [
            "form": [
                "action": "/sales", "text": ["value": text],
                "state": ["options": SaleWords.options(selected: state)],
            ] as [String: Any]
        ]
        if !lines.isEmpty {
            values["sales"] = ["rows": lines.map { row($0, visit.reader) }]
        }
        if let next {
            // Without an item the browser would read a plus sign as a blank.
            let known = CharacterSet.alphanumerics
            let query = text.addingPercentEncoding(withAllowedCharacters: known) ?? ""
            let kind = filter.state == nil ? "" : state
            values["pager"] = [
                "summary": "\(lines.count) on this page, newest first",
                "next": "/sales?before=\(next.text)&text=\(query)&state=\(kind)",
            ]
        }
        return site.response("console/sales", values, visit, current: "/sales")
    }

    /// What sales are looked for.
    private struct Filter {
        let text: String
        let state: SaleState?

        /// A transaction or a merchant; everything, where nothing is searched for.
        func fits(_ line: SaleLine) -> Bool {
            guard !text.isEmpty || state != nil else { return true }
            if let state, line.sale?.state != state { return false }
            if text.isEmpty { return true }
            return line.transaction.text.hasPrefix(text.lowercased())
                || line.sale?.request.terms.merchant.text.lowercased()
                    .hasPrefix(text.lowercased()) == true
        }
    }

    /// One page of the sales that fit, and where the next one begins, if there may be more.
    private func search(
        _ filter: Filter,
        before cursor: TransactionIdentifier?
    ) async throws(SiteFailure) -> ([SaleLine], next: TransactionIdentifier?) {
        var (found, cursor, looked): ([SaleLine], _, _) = ([], cursor, 0)
        // A whole transaction is found wherever it is.
        if let transaction = TransactionIdentifier(filter.text), filter.state == nil {
            return (try await sale(transaction).map { [$0.line] } ?? [], nil)
        }
        do throws(StoreFailure) {
            while looked < ConsoleLimits.searchedSalesMax {
                let page = try await payments.module.sales(
                    before: cursor,
                    limit: ConsoleLimits.pageRows
                )
                for line in page {
                    cursor = line.transaction
                    if filter.fits(line) { found.append(line) }
                    if found.count == ConsoleLimits.pageRows { return (found, cursor) }
                }
                looked += page.count
                if page.count < ConsoleLimits.pageRows { return (found, nil) }
            }
        } catch {
            throw .unavailable(error)
        }
        return (found, cursor)
    }

    private func row(_ line: SaleLine, _ reader: Reader) -> [String: Any] {
        var row: [String: Any] = [
            "transaction": line.transaction.text, "href": href(line.transaction),
            "time": Shape.time(ofKey: line.transaction.bytes, reader), "merchant": "not read",
            "terminal": "not read", "amount": "not read",
            "badge": Shape.badge("Does not open", .bad),
        ]
        guard let sale = line.sale else { return row }
        row["time"] = reader.time(sale.drawnAt)
        row["merchant"] = sale.request.terms.merchant.text
        row["terminal"] = sale.terminal
        row["amount"] = reader.amount(sale.request.terms.amount)
        row["badge"] = SaleWords.badge(sale.state)
        return row
    }

    func show(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let transaction = try visit.transaction()
        guard let detail = try await sale(transaction) else { throw .notFound }
        let sale = detail.line.sale
        let amount = sale.map { visit.reader.amount($0.request.terms.amount) } ?? "not read"
        return site.response(
            "console/sale",
            [
                "sale": [
                    "transaction": transaction.text, "amount": amount,
                    "badge": sale.map { SaleWords.badge($0.state) }
                        ?? Shape.badge("Does not open", .bad),
                ] as [String: Any],
                "facts": sale.map { facts($0, visit.reader) } ?? [],
                "journal": detail.journal.map { SaleWords.row($0, of: transaction, visit.reader) },
                "salesHref": "/sales", "storyHref": "/transactions/\(transaction.text)",
            ],
            visit,
            current: "/sales"
        )
    }

    private func facts(_ sale: SaleRecord, _ reader: Reader) -> [[String: Any]] {
        let terms = sale.request.terms
        return [
            Shape.fact("Merchant", terms.merchant.text, isCode: true),
            Shape.fact("Ordered", reader.timeText(terms.madeAt)),
            Shape.fact("Drawn", reader.timeText(sale.drawnAt)),
            Shape.fact("Card", sale.draw.initializeAnswer.card.masked),
            Shape.fact("Terminal", sale.terminal),
            Shape.fact("Security card", sale.command.securityCard.text, isCode: true),
            Shape.fact("Its number", "\(sale.command.securityCardNumber)"),
            Shape.fact("Compared by", SaleWords.place(terms.policy)),
            Shape.fact(
                "Terminal held",
                terms.policy.releasesTerminalEarly ? "for one exchange" : "until S3 was compared"
            ),
            Shape.fact("Counted or given up", sale.isClosedBySecurityCard ? "yes" : "not yet"),
        ]
    }

    private func sale(
        _ transaction: TransactionIdentifier
    ) async throws(SiteFailure) -> SaleDetail? {
        do throws(StoreFailure) {
            return try await payments.module.sale(transaction)
        } catch {
            throw .unavailable(error)
        }
    }

    private func href(_ transaction: TransactionIdentifier) -> String {
        "/sales/\(transaction.text)"
    }

    // MARK: Terminals

    func terminals(_ visit: ConsoleSite.Visit) async -> Response {
        let lines = await payments.module.terminalLines()
        var values: [String: Any] = [:]
        if !lines.isEmpty {
            values["terminals"] = ["rows": lines.map { row($0, visit.reader) }]
        }
        let uses = payments.module.policyUses()
        let policies = ComparisonPolicy.allCases.compactMap { policy in
            uses[policy].map { row(policy, $0) }
        }
        if !policies.isEmpty { values["policies"] = ["rows": policies] }
        return site.response("console/terminals", values, visit, current: "/terminals")
    }

    /// What a sale of this policy takes on the average.
    private func row(_ policy: ComparisonPolicy, _ use: PolicyUse) -> [String: Any] {
        func each(_ count: UInt64) -> String {
            let tenths = use.draws == 0 ? 0 : (count * 10 + use.draws / 2) / use.draws
            return "\(tenths / 10).\(tenths % 10)"
        }
        func each(_ time: Duration) -> String {
            let (seconds, attoseconds) = time.components
            let microseconds = UInt64(max(seconds * 1_000_000 + attoseconds / 1_000_000_000_000, 0))
            let tenths = use.draws == 0 ? 0 : microseconds / use.draws / 100
            return "\(tenths / 10).\(tenths % 10) ms"
        }
        return [
            "policy": SaleWords.place(policy), "figure": SaleWords.figure(policy),
            "sales": "\(use.draws)", "trips": each(use.trips), "notices": each(use.notices),
            "exchanges": each(use.exchanges), "held": each(use.held),
            "countings": each(use.countings), "heldToCount": each(use.heldToCount),
        ]
    }

    private func row(_ line: TerminalLine, _ reader: Reader) -> [String: Any] {
        var row: [String: Any] = [
            "name": line.name, "securityCard": line.securityCard.text, "now": "waiting",
            "sales": "not read", "counted": "not read",
            "badge": line.isLeased ? Shape.badge("In use", .good) : Shape.badge("Free", .plain),
        ]
        if let transaction = line.transaction {
            row["now"] = transaction.text
            row["href"] = href(transaction)
        } else if line.isLeased {
            row["now"] = "a sale begins"
        }
        row["host"] = line.host ?? "this server"
        if line.isFull {
            row["badge"] = Shape.badge("Full", .wait)
            row["now"] = "no number left; has to count first"
        }
        if !line.isPresent {
            row["badge"] = Shape.badge("Away", .bad)
            if line.transaction == nil { row["now"] = "not connected; gets no sale" }
        }
        guard let description = line.description else {
            if line.isPresent {
                row["badge"] = Shape.badge("Out", .bad)
                row["now"] = "security card does not answer"
            }
            return row
        }
        row["sales"] = "\(description.totals.reduce(0) { $0 + $1.count })"
        let totals = description.totals.map { total in
            reader.amount(
                Money(
                    minorUnits: total.minorUnits,
                    currency: total.currency,
                    exponent: total.exponent
                )
            )
        }
        row["counted"] = totals.isEmpty ? "–" : totals.joined(separator: ", ")
        return row
    }
}
