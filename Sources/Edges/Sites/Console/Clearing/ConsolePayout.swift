// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Hummingbird
import Kernel
import Wire

/// The console's page of a payout: what it is made of, and the sales that it pays.
struct ConsolePayout: Sendable {
    let site: ConsoleSite
    let clearing: ConsoleParts.Clearing

    init(_ site: ConsoleSite, _ clearing: ConsoleParts.Clearing) {
        self.site = site
        self.clearing = clearing
    }

    /// Where a page of sales begins: behind a row of the account, or within one from an index on.
    private struct Cursor {
        var row: UInt64
        var index: UInt32

        /// `row.index`.
        var text: String { "\(row).\(index)" }

        init(row: UInt64, index: UInt32) {
            (self.row, self.index) = (row, index)
        }

        init?(_ text: String) {
            let parts = text.split(separator: ".").map(String.init)
            guard parts.count == 2, let row = UInt64(parts[0]), let index = UInt32(parts[1]) else {
                return nil
            }
            (self.row, self.index) = (row, index)
        }
    }

    func show(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let reference = visit.context.parameters.get("reference") ?? ""
        guard let name = Payout.Name(reference: reference) else { throw .notFound }
        let found = try await clearingStep { () async throws(ClearingFailure) in
            try await clearing.house.payout(name)
        }
        guard let payout = found, isSeen(payout) else { throw .notFound }
        let start =
            Cursor(visit.form.text("from")) ?? Cursor(row: payout.content.after + 1, index: 0)
        let page = try await clearingStep { () async throws(ClearingFailure) in
            try await sales(of: payout, from: start)
        }
        var values: [String: Any] = [
            "payout": [
                "reference": reference, "badge": payout.state.badge,
                "amount": visit.reader.amount(payout.amount, payout.account.currency),
                "payee": payout.payee.name,
            ] as [String: Any],
            "parts": ["rows": parts(payout, visit)], "facts": facts(payout, visit),
            "clearingHref": "/clearing",
        ]
        if clearing.merchant == nil { values["dayHref"] = "/clearing/days/\(name.day.digits)" }
        if !page.found.isEmpty { values["sales"] = ["rows": page.found.map { row($0, visit) }] }
        if let next = page.next {
            values["pager"] = [
                "summary": "\(page.found.count) sales on this page",
                "next": "/clearing/payouts/\(reference)?from=\(next.text)",
            ]
        }
        return site.response("console/payout", values, visit, current: "/clearing")
    }

    private func isSeen(_ payout: Payout) -> Bool {
        guard let merchant = clearing.merchant else { return true }
        return payout.account.owner == .merchant(merchant)
    }

    private func parts(_ payout: Payout, _ visit: ConsoleSite.Visit) -> [[String: Any]] {
        let content = payout.content
        let count = visit.reader.count(content.count)
        let lines: [(String, ExactAmount)] = [
            ("Left by the payout before", content.opening), ("\(count) sales", content.gross),
            ("Fees", -content.fees), ("Refunds and corrections", content.adjustments),
            ("Left for the next payout", -payout.rest),
        ]
        return lines.map { name, amount in
            ["name": name, "amount": visit.reader.amount(amount, payout.account.currency)]
        }
    }

    private func facts(_ payout: Payout, _ visit: ConsoleSite.Visit) -> [[String: Any]] {
        [
            Shape.fact("Account", payout.account.owner.words),
            Shape.fact("Paid to", "…" + payout.payee.account.suffix(4)),
            Shape.fact("Business day", visit.reader.day(payout.name.day)),
            Shape.fact("Value date", visit.reader.day(BusinessDay(payout.valueDate))),
        ]
    }

    private func row(
        _ view: ClearingHouse.SaleView,
        _ visit: ConsoleSite.Visit
    ) -> [String: Any] {
        [
            "transaction": view.sale.transaction.text,
            "href": "/transactions/\(view.sale.transaction.text)",
            "time": visit.reader.time(view.sale.time.instant),
            "place": "\(view.place.batch.number) / \(view.place.index)",
            "amount": visit.reader.amount(view.sale.amount),
        ]
    }

    // MARK: Sales

    /// A page of the sales that a payout pays, and where the next one begins.
    private func sales(
        of payout: Payout,
        from start: Cursor
    ) async throws(ClearingFailure) -> (found: [ClearingHouse.SaleView], next: Cursor?) {
        var (found, cursor): ([ClearingHouse.SaleView], _) = ([], start)
        while cursor.row <= payout.content.upTo {
            let row = try await clearing.house.rows(
                of: payout.account,
                after: cursor.row - 1,
                limit: 1
            ).first
            guard let row else { break }
            let span: (batch: BatchName, first: UInt32, last: UInt32)? =
                switch row.entry.cause {
                case .sales(let sales): (sales.batch, sales.first, sales.last)
                case .released(let place): (place.batch, place.index, place.index)
                default: nil
                }
            if let span {
                var index = max(cursor.index, span.first)
                while index <= span.last {
                    let page = try await clearing.house.sales(
                        of: span.batch,
                        from: index,
                        limit: CollectionMessage.partMax
                    )
                    guard let last = page.last else { break }
                    for view in page where view.place.index <= span.last {
                        guard isPaid(view, by: payout) else { continue }
                        if found.count == ConsoleLimits.pageRows {
                            return (found, Cursor(row: cursor.row, index: view.place.index))
                        }
                        found.append(view)
                    }
                    index = last.place.index + 1
                }
            }
            cursor = Cursor(row: cursor.row + 1, index: 0)
        }
        return (found, nil)
    }

    private func isPaid(_ view: ClearingHouse.SaleView, by payout: Payout) -> Bool {
        payout.account.owner == .merchant(view.sale.merchant)
            && payout.account.currency == view.sale.amount.currency
            && view.outcome != .points
    }
}
