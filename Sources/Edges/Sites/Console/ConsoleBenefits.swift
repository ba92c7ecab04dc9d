// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import LoyaltyServer
import Wire

/// The console's pages of benefits: the catalogue with its stock, one benefit with what can be done
/// to it, and what members took.
struct ConsoleBenefits: Sendable {
    let site: ConsoleSite
    let loyalty: ConsoleParts.Loyalty

    init(_ site: ConsoleSite, _ loyalty: ConsoleParts.Loyalty) {
        self.site = site
        self.loyalty = loyalty
    }

    // MARK: The catalogue

    func list(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        try await page(BenefitForm(), visit)
    }

    private func page(
        _ form: BenefitForm,
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) -> Response {
        let programmes = try await programmes()
        let views = try await benefitStep { () async throws(BenefitFailure) in
            try await loyalty.benefits.list()
        }
        var values: [String: Any] = ["programmesHref": "/programmes"]
        if !views.isEmpty {
            values["benefits"] = ["rows": views.map { row($0, programmes, visit.reader) }]
        }
        if !programmes.isEmpty {
            values["form"] = form.values(action: "/benefits", programmes, isKnown: false)
        }
        if let problems = problems("The benefit was not put into the catalogue", form) {
            values["problems"] = problems
        }
        return site.response(
            "console/benefits",
            values,
            visit,
            current: "/programmes",
            status: form.problems.isEmpty ? .ok : .unprocessableContent
        )
    }

    private func programmes() async throws(SiteFailure) -> [Programme] {
        try await site.programmes(loyalty).map(\.programme)
    }

    private func problems(_ title: String, _ form: BenefitForm) -> [String: Any]? {
        if form.problems.isEmpty { return nil }
        return [
            "title": title,
            "items": form.problems.map { ["field": $0.field, "text": $0.text] },
        ]
    }

    private func row(
        _ view: BenefitView,
        _ programmes: [Programme],
        _ reader: Reader
    ) -> [String: Any] {
        let name = name(of: view.benefit.programme, programmes)
        var row: [String: Any] = [
            "code": view.benefit.code.text, "href": path(view.benefit.code),
            "title": view.benefit.title, "programme": name,
            "price": price(view.benefit, programmes, reader),
            "left": view.left.map { reader.count($0) } ?? "no limit",
            "reserved": reader.count(view.reserved),
            "given": reader.count(view.fulfilled), "badge": badge(view),
        ]
        if view.owed > 0 { row["owed"] = Shape.badge("\(view.owed) owed", .bad) }
        return row
    }

    private func path(_ code: BenefitCode) -> String { "/benefits/\(code.text)" }

    private func name(of programme: Currency, _ programmes: [Programme]) -> String {
        programmes.first { $0.code == programme }?.name ?? programme.digits
    }

    private func price(
        _ benefit: Benefit,
        _ programmes: [Programme],
        _ reader: Reader
    ) -> String {
        reader.price(
            points: benefit.price.points,
            money: benefit.price.money,
            of: name(of: benefit.programme, programmes)
        )
    }

    private func badge(_ view: BenefitView) -> [String: Any] {
        switch view.state {
        case .available: Shape.badge("Offered", .good)
        case .soldOut: Shape.badge("Sold out", .wait)
        case .withdrawn: Shape.badge("Withdrawn", .plain)
        }
    }

    /// Puts a new benefit into the catalogue.
    func put(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        var form = BenefitForm(visit.form)
        let benefit = form.benefit(of: try await programmes(), handout: .voucher)
        guard let benefit, let stock = form.stock() else { return try await page(form, visit) }
        if try await find(benefit.code) != nil {
            form.add("code", "There is a benefit with this code. Change that one.")
            return try await page(form, visit)
        }
        try await site.write(.benefitPut, on: benefit.programme, visit, about: benefit.code.text)
        try await benefitStep { () async throws(BenefitFailure) in
            _ = try await loyalty.benefits.put(benefit, stock: stock, now: visit.now)
        }
        return SiteShell.seeOther(path(benefit.code))
    }

    // MARK: One benefit

    func show(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let view = try await benefit(visit)
        return try await page(view, BenefitForm(view.benefit), nil, visit)
    }

    private func benefit(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> BenefitView {
        guard let code = BenefitCode(visit.context.parameters.get("benefit") ?? ""),
            let view = try await find(code)
        else { throw .notFound }
        return view
    }

    private func find(_ code: BenefitCode) async throws(SiteFailure) -> BenefitView? {
        do throws(BenefitFailure) {
            return try await loyalty.benefits.find(code)
        } catch .unknownBenefit { return nil } catch { throw SiteFailure(error) }
    }

    /// `stockProblem`: what is wrong with a number of pieces.
    private func page(
        _ view: BenefitView,
        _ form: BenefitForm,
        _ stockProblem: String?,
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) -> Response {
        let programmes = try await programmes()
        let path = path(view.benefit.code)
        var pieces: [String: Any] = [
            "value": visit.form["pieces"] ?? view.putIn.map(String.init) ?? ""
        ]
        if let stockProblem { pieces["error"] = stockProblem }
        var values: [String: Any] = [
            "benefit": [
                "title": view.benefit.title, "code": view.benefit.code.text,
                "badge": badge(view),
                "price": price(view.benefit, programmes, visit.reader),
            ] as [String: Any],
            "facts": facts(view, programmes, visit.reader),
            "benefitsHref": "/benefits",
            "restock": ["action": "\(path)/restock", "pieces": pieces] as [String: Any],
            "form": form.values(action: path, programmes, isKnown: true),
        ]
        let change = view.state == .withdrawn ? "offer" : "withdraw"
        values[change] = ["action": "\(path)/\(change)"]
        if view.owed > 0 {
            values["owed"] = view.owed == 1 ? "One piece is owed" : "\(view.owed) pieces are owed"
        }
        if let stockProblem {
            values["problems"] =
                [
                    "title": "The stock was not set",
                    "items": [["field": "pieces", "text": stockProblem]],
                ] as [String: Any]
        } else if let problems = problems("The benefit was not changed", form) {
            values["problems"] = problems
        }
        let isGood = form.problems.isEmpty && stockProblem == nil
        return site.response(
            "console/benefit",
            values,
            visit,
            current: "/programmes",
            status: isGood ? .ok : .unprocessableContent
        )
    }

    private func facts(
        _ view: BenefitView,
        _ programmes: [Programme],
        _ reader: Reader
    ) -> [[String: Any]] {
        let handout: String =
            switch view.benefit.handout {
            case .voucher: "a voucher code"
            case .file(let name, _): "the file \(name)"
            }
        return [
            Shape.fact("Programme", name(of: view.benefit.programme, programmes)),
            Shape.fact("The member gets", handout),
            Shape.fact("Put in", view.putIn.map { reader.count($0) } ?? "no limit"),
            Shape.fact("Left", view.left.map { reader.count($0) } ?? "no limit"),
            Shape.fact("Reserved", reader.count(view.reserved)),
            Shape.fact("Given", reader.count(view.fulfilled)),
            Shape.fact("Owed", reader.count(view.owed)),
        ]
    }

    /// Changes what is said of a benefit; what was ordered before keeps its price.
    func change(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let view = try await benefit(visit)
        var form = BenefitForm(visit.form)
        form.keep(view.benefit)
        let next = form.benefit(of: try await programmes(), handout: view.benefit.handout)
        guard let next else { return try await page(view, form, nil, visit) }
        try await site.write(.benefitPut, on: next.programme, visit, about: next.code.text)
        try await benefitStep { () async throws(BenefitFailure) in
            _ = try await loyalty.benefits.put(next, stock: nil, now: visit.now)
        }
        return SiteShell.seeOther(path(next.code))
    }

    /// Sets how many pieces were ever put in, so that the same form twice puts them in once.
    func restock(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let view = try await benefit(visit)
        let code = view.benefit.code
        let text = visit.form.text("pieces")
        let pieces = DecimalText.integer(text)
        let given = view.reserved + view.fulfilled
        var problem: String?
        if !text.isEmpty, (pieces ?? .max) > BenefitLimits.stockMax {
            problem = BenefitForm.stockProblem
        } else if let pieces, pieces < given {
            problem =
                given == 1
                ? "One piece is reserved or given already: give at least 1."
                : "\(given) pieces are reserved or given already: give at least so many."
        }
        if problem == nil {
            try await site.write(
                .benefitRestocked,
                on: view.benefit.programme,
                visit,
                about: code.text
            )
            do throws(BenefitFailure) {
                try await loyalty.benefits.restock(code, to: pieces, now: visit.now)
            } catch .stockTooSmall {
                problem = "More pieces were given meanwhile. Give at least so many."
            } catch { throw SiteFailure(error) }
        }
        guard let problem else { return SiteShell.seeOther(path(code)) }
        return try await page(view, BenefitForm(view.benefit), problem, visit)
    }

    func setWithdrawn(
        _ isWithdrawn: Bool,
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) -> Response {
        let benefit = try await benefit(visit).benefit
        try await site.write(
            isWithdrawn ? .benefitWithdrawn : .benefitOffered,
            on: benefit.programme,
            visit,
            about: benefit.code.text
        )
        try await benefitStep { () async throws(BenefitFailure) in
            _ =
                isWithdrawn
                ? try await loyalty.benefits.withdraw(benefit.code, now: visit.now)
                : try await loyalty.benefits.offer(benefit.code, now: visit.now)
        }
        return SiteShell.seeOther(path(benefit.code))
    }

    // MARK: What members took

    func redemptions(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let programmes = try await programmes()
        let cursor = visit.form["before"].flatMap { TransactionIdentifier($0) }
        let limit = ConsoleLimits.pageRows
        let lines = try await benefitStep { () async throws(BenefitFailure) in
            try await loyalty.benefits.redemptions(before: cursor, limit: limit + 1)
        }
        let shown = lines.prefix(limit)
        var values: [String: Any] = ["programmesHref": "/programmes"]
        if !shown.isEmpty {
            values["redemptions"] = ["rows": shown.map { row($0, programmes, visit.reader) }]
        }
        if cursor != nil || lines.count > limit {
            var pager: [String: Any] = ["summary": "\(shown.count) on this page, newest first"]
            if lines.count > limit, let last = shown.last {
                pager["next"] = "/redemptions?before=\(last.transaction.text)"
            }
            values["pager"] = pager
        }
        return site.response("console/redemptions", values, visit, current: "/programmes")
    }

    private func row(
        _ line: BenefitRedemptionLine,
        _ programmes: [Programme],
        _ reader: Reader
    ) -> [String: Any] {
        var row: [String: Any] = [
            "transaction": line.transaction.text, "benefit": "not read", "member": "not read",
            "price": "not read", "time": Shape.time(ofKey: line.transaction.bytes, reader),
            "badge": Shape.badge("Does not open", .bad),
        ]
        guard let redemption = line.redemption else { return row }
        row["time"] = reader.time(redemption.reservedAt)
        row["benefit"] = redemption.benefit.title
        row["href"] = path(redemption.benefit.code)
        row["member"] = redemption.member.number.masked
        row["price"] = price(redemption.benefit, programmes, reader)
        switch redemption.state {
        case .reserved: row["badge"] = Shape.badge("Reserved", .wait)
        case .fulfilled: row["badge"] = Shape.badge("Given", .good)
        case .released: row["badge"] = Shape.badge("Came to nothing", .plain)
        }
        if redemption.wasReleased, redemption.state == .fulfilled {
            row["note"] = "paid for after its piece had gone back"
        }
        return row
    }
}
