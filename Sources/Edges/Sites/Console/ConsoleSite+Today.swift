// SPDX-License-Identifier: Apache-2.0

import Batches
import Kernel
import PaymentServer
import Records
import SecurityModule

// Today at a glance: what happened since midnight, UTC, as the rounds of ``FigureBook`` counted it.
extension ConsoleSite {
    /// Tiles, charts and tables; the page takes as long however much happened before.
    func addToday(_ visit: Visit, to values: inout [String: Any]) async throws(SiteFailure) {
        let reader = visit.reader
        let (all, asOf) = await operators.figures.hours(ofDay: visit.now.day)
        let hours = all.map { $0.visible(to: role) }
        var day = Figures()
        for hour in hours { day.add(hour) }
        var tiles = purchaseTiles(day, reader)
        if let tile = latencyTile(day) { tiles.append(tile) }
        if let side = parts.cardSide,
            let float = await operators.figures.float()?.of(side.issuer)
        {
            tiles.append(Self.tile(float, reader))
            values["float"] = floatTable(float, reader)
        }
        if let batches = try await batches(reader) {
            tiles.append(batches.tile)
            if !batches.rows.isEmpty { values["batches"] = ["rows": batches.rows] }
        }
        let charts = charts(hours, reader)
        if tiles.isEmpty, charts.isEmpty { return }
        var today: [String: Any] = [
            "day": reader.day(visit.now), "tiles": tiles, "charts": charts,
        ]
        if let asOf { today["asOf"] = reader.time(asOf) }
        if let refusals = refusals(day, reader) { today["refusals"] = refusals }
        values["today"] = today
    }

    /// Sales where the payment server is here, else draws.
    private var purchaseKinds: (sold: Figures.Kind, undone: Figures.Kind) {
        parts.payments == nil ? (.debited, .putBack) : (.sold, .givenUp)
    }

    // MARK: Tiles

    private func purchaseTiles(_ day: Figures, _ reader: Reader) -> [[String: Any]] {
        var tiles: [[String: Any]] = []
        func add(_ label: String, _ kind: Figures.Kind, href: String? = nil) {
            var tile: [String: Any] = ["label": label, "value": reader.count(day.count(kind))]
            let amounts = day.sums(kind).map { reader.amount($0.amount) }
            if !amounts.isEmpty { tile["note"] = amounts.joined(separator: " · ") }
            if let href { tile["href"] = href }
            tiles.append(tile)
        }
        if parts.payments != nil || parts.cardSide != nil {
            let kinds = purchaseKinds
            add("Purchases", kinds.sold, href: parts.payments == nil ? nil : "/sales")
            let isPutBack = parts.cardSide != nil
            add(isPutBack ? "Put back" : "Given up", isPutBack ? .putBack : kinds.undone)
        }
        if let side = parts.cardSide, side.refusals != nil, side.issuer == nil {
            tiles.append(["label": "Refused", "value": reader.count(day.count(.refused))])
        }
        if parts.cardSide?.loads != nil || parts.cardSide?.accountLoads != nil {
            add("Loads", .loaded, href: "/loads")
        }
        return tiles
    }

    private func latencyTile(_ day: Figures) -> [String: Any]? {
        guard let half = day.latency(perMille: 500), let most = day.latency(perMille: 950) else {
            return nil
        }
        return [
            "label": "Half end within", "value": Self.duration(half),
            "note": "95 of 100 within \(Self.duration(most)), from debit to result",
        ]
    }

    private static func duration(_ milliseconds: Int64) -> String {
        switch milliseconds {
        case .max: "over \(duration(Figures.latencyBounds.last ?? 0))"
        case 1_000...: "\(milliseconds / 1_000) s"
        default: "\(milliseconds) ms"
        }
    }

    // MARK: Charts

    private func charts(_ hours: [Figures], _ reader: Reader) -> [[String: Any]] {
        var charts: [HourChart] = []
        if parts.payments != nil || parts.cardSide != nil {
            let kinds = purchaseKinds
            let undone = parts.payments == nil ? "put back" : "given up"
            charts.append(
                HourChart(
                    id: "purchases",
                    title: "Purchases by the hour",
                    hours: hours,
                    parts: [
                        .init(look: "here", words: "sold", kind: kinds.sold),
                        .init(look: "way", words: undone, kind: kinds.undone),
                    ]
                )
            )
        }
        if parts.cardSide?.loads != nil || parts.cardSide?.accountLoads != nil {
            charts.append(
                HourChart(
                    id: "loads",
                    title: "Loads by the hour",
                    hours: hours,
                    parts: [
                        .init(look: "here", words: "loaded", kind: .loaded),
                        .init(look: "way", words: "not loaded", kind: .notLoaded),
                    ]
                )
            )
        }
        return charts.map { $0.values(reader) }
    }

    /// Reasons, the most frequent first, each with a bar.
    private func refusals(_ day: Figures, _ reader: Reader) -> [String: Any]? {
        let counts = day.lines.compactMap { name, line in
            name.kind == .refused ? (word: name.scope, count: line.count) : nil
        }.sorted { ($1.count, $0.word) < ($0.count, $1.word) }
        guard let largest = counts.first?.count, largest > 0 else { return nil }
        return [
            "rows": counts.map { word, count in
                [
                    "reason": word.replacing("-", with: " ").capitalizedFirst,
                    "count": reader.count(count), "percent": "\(max(1, count * 100 / largest))",
                ]
            }
        ]
    }

    // MARK: Float and batches

    private static func tile(_ float: FloatFigure, _ reader: Reader) -> [String: Any] {
        let money = float.lines.filter { !$0.amount.currency.isProgramme }
        var sums: [Money: UInt64] = [:]
        for line in money {
            let unit = Money(
                minorUnits: 0,
                currency: line.amount.currency,
                exponent: line.amount.exponent
            )
            sums[unit, default: 0] &+= line.amount.minorUnits
        }
        let amounts = sums.map { unit, sum in
            reader.amount(
                Money(minorUnits: sum, currency: unit.currency, exponent: unit.exponent)
            )
        }.sorted()
        return [
            "label": "Float", "value": amounts.isEmpty ? "–" : amounts.joined(separator: " · "),
            "note": "on cards, \(reader.timeText(float.asOf))",
        ]
    }

    private func floatTable(_ float: FloatFigure, _ reader: Reader) -> [String: Any] {
        var table: [String: Any] = [
            "asOf": reader.time(float.asOf),
            "rows": float.lines.map { line in
                [
                    "issuer": line.issuer.digits, "cards": reader.count(UInt64(line.cards)),
                    "unit": reader.currency(line.amount.currency),
                    "amount": line.amount.currency.isProgramme
                        ? reader.number(line.amount) : reader.amount(line.amount),
                ]
            },
        ]
        if float.damaged > 0 { table["damaged"] = "\(float.damaged)" }
        return table
    }

    /// What security cards count into now, and what has not got to the clearing house.
    private func batches(_ reader: Reader) async throws(SiteFailure) -> (
        tile: [String: Any], rows: [[String: Any]]
    )? {
        guard let payments = parts.payments else { return nil }
        let open: [BatchRecord?]
        do throws(StoreFailure) {
            open = try await payments.module.openBatches(limit: RecordLimits.pageMax)
        } catch {
            throw .unavailable(error)
        }
        let filling = await payments.module.terminalLines()
            .reduce(UInt64(0)) { $0 + UInt64($1.description?.openBatch.count ?? 0) }
        let tile: [String: Any] = [
            "label": "Batches under way",
            "value": reader.count(open.count, of: RecordLimits.pageMax),
            "note": "\(reader.count(filling)) sales in batches that are not closed yet",
        ]
        var rows: [[String: Any]] = []
        func add(_ label: String, _ badge: [String: Any], _ fits: (BatchRecord?) -> Bool) {
            let some = open.filter(fits)
            if some.isEmpty { return }
            let sales = some.reduce(UInt64(0)) { $0 + UInt64($1?.header.count ?? 0) }
            rows.append([
                "state": label, "badge": badge, "batches": reader.count(UInt64(some.count)),
                "sales": reader.count(sales),
            ])
        }
        add("Does not open", Shape.badge("Alarm", .bad)) { $0 == nil }
        add("Refused, and offered again", Shape.badge("Alarm", .bad)) { batch in
            batch.map { $0.state == .waiting && $0.refusal != nil } ?? false
        }
        add("Waits to be sent", Shape.badge("Waits", .wait)) { batch in
            batch.map { $0.state == .waiting && $0.refusal == nil } ?? false
        }
        add("Comes in", Shape.badge("Waits", .wait)) { $0?.state == .receiving }
        add("Acknowledged", Shape.badge("Well", .good)) { $0?.state == .acknowledged }
        return (tile, rows)
    }
}
