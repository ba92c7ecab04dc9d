// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import LoyaltyServer
import Records

/// The console's pages of loyalty programmes: the list with the form for a new one, and what each
/// of them owes.
struct ConsoleProgrammes: Sendable {
    let site: ConsoleSite
    let loyalty: ConsoleParts.Loyalty
    private let figures: LiabilityFigures

    init(_ site: ConsoleSite, _ loyalty: ConsoleParts.Loyalty) {
        self.site = site
        self.loyalty = loyalty
        figures = LiabilityFigures(loyalty.module, now: site.now)
    }

    // MARK: List

    func list(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        try await page(.usual, [], visit)
    }

    private func page(
        _ entry: ProgrammeEntry,
        _ problems: [ProgrammeEntry.Problem],
        _ visit: ConsoleSite.Visit,
        notice: Page.Notice? = nil
    ) async throws(SiteFailure) -> Response {
        var rows: [[String: Any]] = []
        for record in try await site.programmes(loyalty) {
            rows.append(try await row(record, visit.reader))
        }
        var values: [String: Any] = [
            "form": entry.form(action: "/programmes", problems),
            "benefitsHref": "/benefits", "redemptionsHref": "/redemptions",
        ]
        if loyalty.enter == nil { values["elsewhere"] = true }
        if !rows.isEmpty { values["programmes"] = ["rows": rows] }
        if !problems.isEmpty {
            values["problems"] =
                [
                    "title": "The programme was not created",
                    "items": problems.map { ["field": $0.field.rawValue, "text": $0.text] },
                ] as [String: Any]
        }
        return site.response(
            "console/programmes",
            values,
            visit,
            current: "/programmes",
            status: problems.isEmpty ? .ok : .unprocessableContent,
            notice: notice
        )
    }

    private func row(
        _ record: ProgrammeRecord,
        _ reader: Reader
    ) async throws(SiteFailure) -> [String: Any] {
        let programme = record.programme
        let figure = try await figures.figure(of: programme.code)
        let liability = figure.liability
        let chart = LiabilityChart(liability, programme)
        var row: [String: Any] = [
            "code": programme.code.digits, "name": programme.name,
            "href": "/programmes/\(programme.code.digits)", "home": programme.home.words,
            "members": reader.count(UInt64(liability.memberCount)),
            "outstanding": reader.amount(programme.points(chart.total), of: programme.name),
            "rule": reader.words(record.rule, of: programme),
        ]
        if !figure.countsCards { row["note"] = "without what is on cards" }
        if liability.damagedCount > 0 {
            let count = reader.count(UInt64(liability.damagedCount))
            row["note"] = "records that do not open, and are not in it: \(count)"
        }
        if record.isClosed { row["badge"] = Shape.badge("Closed", .plain) }
        return row
    }

    // MARK: A new one

    /// The same form again creates nothing twice, and enters the programme where that had failed.
    func create(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let entry = ProgrammeEntry(visit.form)
        let (programme, rule): (Programme, EarnRule)
        do throws(ProgrammeEntry.Problems) {
            (programme, rule) = try entry.read()
        } catch {
            return try await page(entry, error.all, visit)
        }
        let other = ProgrammeEntry.Problem(
            .code,
            "There is another programme with this code. Choose another code."
        )
        // Nothing is written down of what is not done.
        if let known = try await site.programmes(loyalty)
            .first(where: { $0.programme.code == programme.code }),
            known.programme != programme || known.rule != rule
        {
            return try await page(entry, [other], visit)
        }
        try await site.write(.programmeCreated, on: programme.code, visit)
        do throws(LoyaltyFailure) {
            try await loyalty.module.create(programme, rule, now: visit.now)
        } catch .programmeExists {
            return try await page(entry, [other], visit)
        } catch { throw SiteFailure(error) }
        do {
            try await loyalty.enter?(programme)
        } catch {
            return try await page(
                entry,
                [],
                visit,
                notice: Page.Notice(
                    .bad,
                    "Created; the OPAL server could not be told of it. Send the form again."
                )
            )
        }
        return SiteShell.seeOther("/programmes/\(programme.code.digits)")
    }

    // MARK: One programme

    func show(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let record = try await site.programme(visit, loyalty)
        let programme = record.programme
        let path = "/programmes/\(programme.code.digits)"
        let figure = try await figures.figure(of: programme.code)
        let liability = figure.liability
        var values: [String: Any] = [
            "programme": [
                "name": programme.name, "code": programme.code.digits,
                "badge": record.isClosed
                    ? Shape.badge("Closed", .plain) : Shape.badge("Open", .good),
            ] as [String: Any],
            "facts": facts(record, visit.reader),
            "sums": sums(liability, programme, visit.reader),
            "asOf": visit.reader.time(figure.asOf),
            "programmesHref": "/programmes", "issueHref": "\(path)/issue",
            "membersHref": "\(path)/members", "benefitsHref": "/benefits",
            "redemptionsHref": "/redemptions", "journalHref": "\(path)/journal",
        ]
        if !figure.countsCards { values["withoutCards"] = true }
        if liability.damagedCount > 0 {
            values["damaged"] = visit.reader.count(UInt64(liability.damagedCount))
        }
        let chart = LiabilityChart(liability, programme)
        if let drawn = chart.values(visit.reader) { values["liability"] = drawn }
        let files = try await loyaltyStep { () async throws(LoyaltyFailure) in
            try await loyalty.module.batches(of: programme.code, limit: ConsoleLimits.pageRows)
        }
        if !files.newest.isEmpty {
            values["files"] = ["rows": files.newest.map { row($0, programme, visit.reader) }]
            if files.count > files.newest.count {
                let count = visit.reader.count(UInt64(files.count))
                values["moreFiles"] = "\(files.newest.count) of \(count), newest first"
            }
        }
        return site.response("console/programme", values, visit, current: "/programmes")
    }

    private func facts(_ record: ProgrammeRecord, _ reader: Reader) -> [[String: Any]] {
        let programme = record.programme
        func merchants(_ merchants: [MerchantIdentifier]) -> String {
            merchants.isEmpty ? "none" : merchants.map(\.text).joined(separator: " ")
        }
        return [
            Shape.fact("Rule", reader.words(record.rule, of: programme)),
            Shape.fact("Points are", programme.home.words),
            Shape.fact("Decimals", "\(programme.exponent.decimals)"),
            Shape.fact(
                "A card holds at most",
                reader.number(programme.points(programme.balanceMax))
            ),
            Shape.fact("Earned at", merchants(programme.partners), isCode: true),
            Shape.fact("Its web servers", merchants(programme.sites), isCode: true),
            Shape.fact("Since", reader.day(record.madeAt)),
        ]
    }

    private func sums(
        _ liability: Liability,
        _ programme: Programme,
        _ reader: Reader
    ) -> [[String: Any]] {
        func tile(_ label: String, _ points: UInt64) -> [String: Any] {
            ["label": label, "value": reader.number(programme.points(points))]
        }
        return [
            ["label": "Members", "value": reader.count(UInt64(liability.memberCount))],
            tile("Earned", liability.earned), tile("Pending", liability.pending),
            tile("Undone", liability.undone), tile("Put on cards", liability.posted),
            tile("Redeemed in the database", liability.redeemed),
            tile("Expired in the database", liability.expired),
        ]
    }

    private func row(
        _ batch: EarnBatch,
        _ programme: Programme,
        _ reader: Reader
    ) -> [String: Any] {
        [
            "name": batch.fileName, "href": ConsoleEarnFiles.path(batch.name),
            "time": reader.time(batch.begunAt), "lines": reader.count(batch.lines),
            "accepted": reader.count(batch.accepted), "known": reader.count(batch.known),
            "refused": reader.count(batch.refused),
            "points": reader.number(programme.points(batch.points)),
            "badge": ConsoleEarnFiles.badge(
                batch,
                isUnderWay: loyalty.works.isUnderWay(batch, now: site.now())
            ),
        ]
    }
}
