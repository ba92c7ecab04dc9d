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

    func show(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        try await page(visit)
    }

    private func name(_ visit: ConsoleSite.Visit) throws(SiteFailure) -> Payout.Name {
        let reference = visit.context.parameters.get("reference") ?? ""
        guard let name = Payout.Name(reference: reference) else { throw .notFound }
        return name
    }

    /// The payout, where it is seen.
    private func payout(_ name: Payout.Name) async throws(SiteFailure) -> Payout {
        let payout = try await clearingStep { () async throws(ClearingFailure) in
            let payout = try await clearing.house.payout(name)
            guard let payout, try await clearing.covers(payout.account.owner) else {
                return Payout?.none
            }
            return payout
        }
        guard let payout else { throw .notFound }
        return payout
    }

    private func page(
        _ visit: ConsoleSite.Visit,
        notice: Page.Notice? = nil
    ) async throws(SiteFailure) -> Response {
        let name = try name(visit)
        let reference = name.reference
        let payout = try await payout(name)
        let page = try await clearingStep { () async throws(ClearingFailure) in
            try await clearing.house.sales(
                of: payout,
                from: PayoutSalesCursor(visit.form.text("from")),
                limit: ConsoleLimits.pageRows
            )
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
        if payout.isMerchants {
            var report = ["csvHref": Self.path(name, "csv")]
            if fitsPDF(payout) { report["pdfHref"] = Self.path(name, "pdf") }
            values["report"] = report
        }
        if clearing.merchant == nil { values["dayHref"] = "/clearing/days/\(name.day.digits)" }
        if payout.state == .instructed, clearing.part == nil, site.role.acts {
            values["giveBack"] = ["action": "/clearing/payouts/\(reference)/return"]
        }
        if !page.sales.isEmpty { values["sales"] = ["rows": page.sales.map { row($0, visit) }] }
        if let next = page.next {
            values["pager"] = [
                "summary": "\(page.sales.count) sales on this page",
                "next": "/clearing/payouts/\(reference)?from=\(next.text)",
            ]
        }
        return site.response(
            "console/payout",
            values,
            visit,
            current: "/clearing",
            notice: notice
        )
    }

    // MARK: The report

    private static func path(_ name: Payout.Name, _ ending: String) -> String {
        "/clearing/payouts/\(name.reference)/report.\(ending)"
    }

    /// The payout of a merchant; what others are paid is no sum of sales.
    private func reported(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Payout {
        let payout = try await payout(try name(visit))
        guard payout.isMerchants else { throw .notFound }
        return payout
    }

    /// All sales, however many: they are sent as they are read.
    func csv(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let payout = try await reported(visit)
        let next = clearing.reports.csv(payout, visit.now)
        let first: [UInt8]?
        // Of most reports all: what keeps it from being made gets a page that says so.
        do { first = try await next() } catch { throw .broken(error) }
        let body = ResponseBody { writer in
            var part = first
            while let bytes = part {
                try await writer.write(ByteBuffer(bytes: bytes))
                part = try await next()
            }
            try await writer.finish(nil)
        }
        return .attachment(payout.name.reference + ".csv", type: Response.csv, body)
    }

    func pdf(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let payout = try await reported(visit)
        var bytes: [UInt8]?
        if fitsPDF(payout) {
            do {
                bytes = try await clearing.reports.pdf(payout, visit.now)
            } catch { throw .broken(error) }
        }
        guard let bytes else {
            let text = "There are too many sales for a PDF: take the CSV file."
            return try await page(visit, notice: Page.Notice(.plain, text))
        }
        let body = ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        return .attachment(payout.name.reference + ".pdf", type: "application/pdf", body)
    }

    /// Whether its sales may fit into a PDF; those that waited in suspense are not counted yet.
    private func fitsPDF(_ payout: Payout) -> Bool {
        payout.content.count <= clearing.reports.pdfSalesMax
    }

    // MARK: Refused by the bank

    /// Written down before it is done, and not where it cannot be done.
    func giveBack(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let name = try name(visit)
        let reason = visit.form.text("reason")
        guard ByteReader.isText(reason), !reason.isEmpty,
            reason.count <= ConsoleLimits.reasonCharactersMax
        else { throw .badForm(.field("reason")) }
        let isToGiveBack: Bool
        do throws(ClearingFailure) {
            isToGiveBack = try await clearing.house.isToGiveBack(name)
        } catch { return try await told(error, visit) }
        guard isToGiveBack else {
            let text = "It was given back before. Nothing was changed."
            return try await page(visit, notice: Page.Notice(.plain, text))
        }
        try await site.write(.payoutGivenBack, visit, about: "\(name.reference): \(reason)")
        do throws(ClearingFailure) {
            try await clearing.house.giveBack(
                name,
                because: reason,
                by: visit.session.name.text,
                now: visit.now
            )
        } catch { return try await told(error, visit) }
        return SiteShell.seeOther("/clearing/payouts/\(name.reference)")
    }

    private func told(
        _ failure: ClearingFailure,
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) -> Response {
        switch failure {
        case .payoutPaid:
            let text = "The bank's statement shows this payout. Nothing was changed."
            return try await page(visit, notice: Page.Notice(.bad, text))
        case .unknownPayout: throw .notFound
        default: throw SiteFailure(failure)
        }
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
        var facts = [
            Shape.fact("Account", payout.account.owner.words),
            Shape.fact("Paid to", "…" + payout.payee.account.suffix(4)),
            Shape.fact("Business day", visit.reader.day(payout.name.day)),
            Shape.fact("Value date", visit.reader.day(BusinessDay(payout.valueDate))),
        ]
        if let refusal = payout.refusal {
            facts.append(Shape.fact("Refused by the bank", refusal.reason))
            facts.append(
                Shape.fact("Given back", "\(visit.reader.timeText(refusal.at)), \(refusal.by)")
            )
        }
        return facts
    }

    private func row(
        _ view: ClearingHouse.SaleView,
        _ visit: ConsoleSite.Visit
    ) -> [String: Any] {
        let (batch, index) = (view.place.batch, view.place.index)
        return [
            "transaction": view.sale.transaction.text,
            "href": "/transactions/\(view.sale.transaction.text)",
            "time": visit.reader.time(view.sale.time.instant),
            "place": "\(batch.securityCard.serial) / \(batch.number) / \(index)",
            "amount": visit.reader.amount(view.sale.amount),
        ]
    }
}

extension Payout {
    fileprivate var isMerchants: Bool {
        guard case .merchant = account.owner else { return false }
        return true
    }
}

extension PayoutSalesCursor {
    /// `row.index`, for addresses.
    fileprivate var text: String { "\(row).\(index)" }

    /// - Returns: nil for a text that is no place.
    fileprivate init?(_ text: String) {
        let parts = text.split(separator: ".").map(String.init)
        guard parts.count == 2, let row = UInt64(parts[0]), let index = UInt32(parts[1]) else {
            return nil
        }
        self.init(row: row, index: index)
    }
}
