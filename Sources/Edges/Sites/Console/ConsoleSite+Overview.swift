// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer
import PaymentServer
import Records
import Wire

// What runs, and what is open.
extension ConsoleSite {
    func showOverview(_ visit: Visit) async throws(SiteFailure) -> Response {
        let stores = await stores()
        let open = try await open()
        var values: [String: Any] = [
            "asOf": visit.reader.time(visit.now),
            "counts": try await counts(open, visit),
            "parties": await parties(stores),
        ]
        try await addToday(visit, to: &values)
        if let proposals = try await proposals(visit) { values["proposals"] = proposals }
        if let terminals = await terminals() { values["terminals"] = terminals }
        if !parts.own.isEmpty, role == .everything || role == .auditor {
            values["storesHref"] = "/stores"
        }
        if let alarm = alarm(stores, open) { values["alarm"] = alarm }
        if !open.isEmpty {
            let rows = open.prefix(ConsoleLimits.openRows).map { $0.values(visit.reader) }
            values["open"] = ["rows": rows]
        }
        return response("console/overview", values, visit, current: "/")
    }

    // MARK: Stores and parties

    /// A store, and whether it answers.
    private struct StoreState {
        let party: String
        let store: ConsoleParts.Store
        let answers: Bool
    }

    /// One record of each is read, however many there are.
    private func stores() async -> [StoreState] {
        var states: [StoreState] = []
        for (party, store) in parts.own {
            var answers = true
            if let kind = store.kinds.first {
                answers =
                    (try? await store.records.list(
                        kind,
                        after: nil,
                        limit: 1,
                        order: .ascending
                    )) != nil
            }
            states.append(StoreState(party: party, store: store, answers: answers))
        }
        return states
    }

    /// The stores with their records counted, which takes longer the more there are.
    func showStores(_ visit: Visit) async -> Response {
        var rows: [[String: Any]] = []
        for (_, store) in parts.own {
            var total: Int? = 0
            for kind in store.kinds {
                guard let known = total, let count = try? await store.records.count(kind) else {
                    total = nil
                    break
                }
                total = known + count
            }
            rows.append([
                "name": store.name, "kind": store.engine,
                "rows": total.map(String.init) ?? "not read",
                "badge": total == nil
                    ? Shape.badge("Does not answer", .bad) : Shape.badge("Well", .good),
            ])
        }
        let values: [String: Any] = ["asOf": visit.reader.time(visit.now), "stores": rows]
        return response("console/stores", values, visit, current: "/")
    }

    private func parties(_ stores: [StoreState]) async -> [[String: Any]] {
        var rows: [[String: Any]] = stores.map { state in
            [
                "name": state.party, "detail": "this process, \(state.store.engine)",
                "badge": !state.answers
                    ? Shape.badge("No store", .bad) : Shape.badge("Well", .good),
            ]
        }
        for link in parts.links {
            let (detail, isWell) = await link.state()
            rows.append([
                "name": link.name, "detail": detail,
                "badge": isWell ? Shape.badge("Well", .good) : Shape.badge("Down", .bad),
            ])
        }
        return rows
    }

    // MARK: Counts

    private func counts(
        _ open: [OpenTransaction],
        _ visit: Visit
    ) async throws(SiteFailure) -> [[String: Any]] {
        var counts: [[String: Any]] = []
        do {
            if let side = parts.cardSide, role.seesMails {
                let mails = try await side.outbox.waiting(limit: RecordLimits.pageMax).count
                let value = visit.reader.count(mails, of: RecordLimits.pageMax)
                counts.append(["label": "Mails waiting", "value": value, "href": "/outbox"])
            }
        } catch {
            throw .unavailable(error)
        }
        let value = visit.reader.count(open.count, of: ConsoleLimits.openRows)
        var count: [String: Any] = ["label": "Open transactions", "value": value]
        if !parts.own.isEmpty { count["href"] = "/open" }
        if let oldest = open.compactMap(\.since).min() {
            count["note"] = "since \(visit.reader.timeText(oldest))"
        }
        counts.append(count)
        return counts
    }

    /// Changes of limits that wait for a second person.
    private func proposals(_ visit: Visit) async throws(SiteFailure) -> [String: Any]? {
        guard let side = parts.cardSide else { return nil }
        let all: [LimitProposals.Stored]
        do throws(OperatorFailure) {
            all = try await operators.proposals.open(at: visit.now)
        } catch {
            throw .unavailable(error)
        }
        var rows: [[String: Any]] = []
        for stored in all.filter({ side.covers($0.card) }).prefix(ConsoleLimits.openPageRows) {
            let reference = try await CardReference(side.seals).text(stored.card)
            rows.append([
                "card": stored.card.masked, "href": "/cards/\(reference)/limits",
                "by": stored.proposal.proposer, "end": visit.reader.time(stored.proposal.end),
            ])
        }
        return rows.isEmpty ? nil : ["rows": rows]
    }

    private func terminals() async -> [String: Any]? {
        guard let payments = parts.payments else { return nil }
        let lines = await payments.module.terminalLines()
        let inUse = lines.count { $0.isLeased }
        let percent = lines.isEmpty ? 0 : inUse * 100 / lines.count
        return ["inUse": "\(inUse)", "total": "\(lines.count)", "percent": "\(percent)"]
    }

    // MARK: What is open

    /// A draw or a sale that waits for its end.
    private struct OpenTransaction {
        let transaction: TransactionIdentifier
        let step: String
        /// Nil, as the rest, where the record does not open.
        let since: Instant?
        let amount: Money?
        let href: String

        func values(_ reader: Reader) -> [String: Any] {
            [
                "transaction": transaction.text, "href": href,
                "time": since.map { reader.time($0) }
                    ?? Shape.time(ofKey: transaction.bytes, reader),
                "step": step, "amount": amount.map { reader.amount($0) } ?? "not read",
            ]
        }
    }

    /// Draws first, oldest first; at most ``ConsoleLimits/openRows``.
    private func open() async throws(SiteFailure) -> [OpenTransaction] {
        var open: [OpenTransaction] = []
        let limit = ConsoleLimits.openRows
        do throws(StoreFailure) {
            for line in try await parts.cardSide?.openDraws(limit: limit) ?? [] {
                // The payment server has the sale, where it is in this process.
                let href = parts.payments == nil ? "/open" : "/sales/\(line.transaction.text)"
                open.append(
                    OpenTransaction(
                        transaction: line.transaction,
                        step: line.draw == nil ? "Record does not open" : "Debited, no result yet",
                        since: line.draw?.debitedAt,
                        amount: line.draw?.terms.amount,
                        href: href
                    )
                )
            }
            for line in try await parts.payments?.module.openSales(limit: limit) ?? [] {
                open.append(
                    OpenTransaction(
                        transaction: line.transaction,
                        step: SaleWords.waits(line),
                        since: line.sale?.drawnAt,
                        amount: line.sale?.request.terms.amount,
                        href: "/sales/\(line.transaction.text)"
                    )
                )
            }
        } catch {
            throw .unavailable(error)
        }
        return Array(open.prefix(limit))
    }

    private func alarm(_ stores: [StoreState], _ open: [OpenTransaction]) -> [String: Any]? {
        if let silent = stores.first(where: { !$0.answers }) {
            return [
                "title": "A store does not answer",
                "text": "\(silent.store.name): what needs it waits; nothing is lost.",
            ]
        }
        guard let damaged = open.first(where: { $0.since == nil }) else {
            var alarm = SaleWords.alarm(overdue: parts.payments?.module.overdueCount ?? 0)
            alarm?["href"] = "/open"
            return alarm
        }
        return [
            "title": "One record did not open",
            "text": """
            Transaction \(damaged.transaction.text) was changed by somebody else. It is \
            stopped; nothing else is.
            """,
            "href": damaged.href,
        ]
    }
}
