// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import Merchant
import OPALServer
import PaymentServer
import Records
import Wire

/// The console's page of what is open: draws, sales and orders, and since when. The operator can
/// have the payment server asked; the answer alone decides how a transaction ends.
struct ConsoleOpen: Sendable {
    let site: ConsoleSite

    init(_ site: ConsoleSite) {
        self.site = site
    }

    // MARK: The page

    func show(
        _ visit: ConsoleSite.Visit,
        notice: Page.Notice? = nil
    ) async throws(SiteFailure) -> Response {
        var groups: [[String: Any]] = []
        if let side = site.parts.cardSide {
            groups.append(
                group(
                    "Debited, not settled",
                    "Asked about every few seconds; the answer sells or puts back.",
                    try await draws(side, visit)
                )
            )
        }
        if let payments = site.parts.payments {
            var group = group(
                "Sales without an end",
                SaleWords.ends,
                try await sales(payments, visit.reader)
            )
            group["alarm"] = SaleWords.alarm(overdue: payments.module.overdueCount)
            groups.append(group)
        }
        for shop in site.parts.shops {
            groups.append(
                group(
                    "Orders of \(shop.name)",
                    "Not paid yet, or paid and not heard of. Asked about after a minute.",
                    try await orders(shop, visit)
                )
            )
        }
        return site.response(
            "console/open",
            [
                "title": "Open", "asked": "payment server",
                "asOf": visit.reader.time(visit.now), "groups": groups,
            ],
            visit,
            current: "/open",
            notice: notice
        )
    }

    func group(
        _ title: String,
        _ text: String,
        _ rows: [[String: Any]]
    ) -> [String: Any] {
        var group: [String: Any] = ["title": title, "text": text]
        let shown = rows.prefix(ConsoleLimits.openPageRows)
        if !shown.isEmpty { group["table"] = ["rows": Array(shown)] }
        if rows.count > shown.count {
            group["more"] = "There are more; these are the oldest \(shown.count)."
        }
        return group
    }

    private func row(
        _ transaction: TransactionIdentifier,
        _ step: String,
        since: Instant?,
        _ amount: Money?,
        _ reader: Reader
    ) -> [String: Any] {
        var row: [String: Any] = [
            "transaction": transaction.text, "step": step,
            "time": since.map { reader.time($0) } ?? Shape.time(ofKey: transaction.bytes, reader),
            "amount": amount.map { reader.amount($0) } ?? "not read",
        ]
        if site.parts.payments != nil { row["href"] = "/sales/\(transaction.text)" }
        return row
    }

    private func draws(
        _ side: ConsoleParts.CardSide,
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) -> [[String: Any]] {
        let lines: [DrawLine]
        do throws(StoreFailure) {
            lines = try await side.openDraws(limit: ConsoleLimits.openPageRows + 1)
        } catch {
            throw .unavailable(error)
        }
        var rows: [[String: Any]] = []
        for line in lines {
            var row = row(
                line.transaction,
                line.draw.map { "Waits for \($0.paymentServer)" } ?? "Record does not open",
                since: line.draw?.debitedAt,
                line.draw?.terms.amount,
                visit.reader
            )
            if site.role.acts {
                row["ask"] = ["action": "/open/draws/\(line.transaction.text)"]
            }
            try await addLastQuestion(line.transaction, to: &row, visit)
            rows.append(row)
        }
        return rows
    }

    private func sales(
        _ payments: ConsoleParts.Payments,
        _ reader: Reader
    ) async throws(SiteFailure) -> [[String: Any]] {
        let lines: [SaleLine]
        do throws(StoreFailure) {
            lines = try await payments.module.openSales(limit: ConsoleLimits.openPageRows + 1)
        } catch {
            throw .unavailable(error)
        }
        return lines.map { line in
            var row = row(
                line.transaction,
                SaleWords.waits(line),
                since: line.sale?.drawnAt,
                line.sale?.request.terms.amount,
                reader
            )
            if line.isOverdue { row["badge"] = Shape.badge("Alarm", .bad) }
            return row
        }
    }

    private func orders(
        _ shop: ConsoleParts.Shop,
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) -> [[String: Any]] {
        let lines: [OrderLine]
        do throws(OrderFailure) {
            lines = try await shop.module.openOrders(limit: ConsoleLimits.openPageRows + 1)
        } catch {
            throw .unavailable(error)
        }
        var rows: [[String: Any]] = []
        for line in lines {
            var row = row(
                line.transaction,
                line.order == nil ? "Record does not open" : "No result yet",
                since: line.order?.madeAt,
                line.order?.amount,
                visit.reader
            )
            if site.role.acts {
                row["ask"] = ["action": "/open/orders/\(line.transaction.text)"]
            }
            try await addLastQuestion(line.transaction, to: &row, visit)
            rows.append(row)
        }
        return rows
    }

    func addLastQuestion(
        _ transaction: TransactionIdentifier,
        to row: inout [String: Any],
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) {
        do throws(OperatorFailure) {
            guard let act = try await site.operators.journal.lastQuestion(about: transaction)
            else { return }
            row["asked"] = "\(act.operatorName), \(visit.reader.timeText(act.moment))"
        } catch {
            throw .unavailable(error)
        }
    }

    // MARK: Questions

    /// Has the payment server asked about a draw.
    func askDraw(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let transaction = try visit.transaction()
        guard let side = site.parts.cardSide else { throw .notFound }
        let purchases = side.purchases
        // Nothing is written down of a transaction that there is not.
        do throws(Refusal) {
            guard let known = try await purchases.outcome(of: transaction),
                side.covers(known.card)
            else { throw Refusal.orderUnknown }
        } catch .orderUnknown { throw .notFound } catch { throw .unavailable(error) }
        try await write(.drawAsked, transaction, visit)
        let outcome: PurchaseOutcome?
        do throws(Refusal) {
            outcome = try await purchases.ask(about: transaction)
        } catch {
            return try await show(
                visit,
                notice: Page.Notice(.bad, "The question could not be asked: \(error.word).")
            )
        }
        let notice =
            switch outcome {
            case .paid: Page.Notice(.good, "Asked, and answered: sold.")
            case .refused, .refusedByLimit:
                Page.Notice(.good, "Asked, and answered: given up, and put back.")
            case .pending, nil:
                Page.Notice(.wait, "Asked; there is no answer that settles it yet.")
            }
        return try await show(visit, notice: notice)
    }

    /// Has a merchant ask about an order.
    func askOrder(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let transaction = try visit.transaction()
        guard let module = try await merchant(of: transaction) else { throw .notFound }
        try await write(.orderAsked, transaction, visit)
        let notice: Page.Notice
        do throws(OrderFailure) {
            let order = try await module.ask(transaction, now: visit.now)
            notice =
                switch order.state {
                case .open: Page.Notice(.wait, "Asked; the payment server knows no end yet.")
                case .paid, .delivered: Page.Notice(.good, "Asked, and answered: paid.")
                case .unpaid: Page.Notice(.good, "Asked, and answered: not paid.")
                }
        } catch {
            notice = Page.Notice(.bad, "Asked; there is no answer that can be used.")
        }
        return try await show(visit, notice: notice)
    }

    /// The merchant whose order this is.
    private func merchant(
        of transaction: TransactionIdentifier
    ) async throws(SiteFailure) -> MerchantModule? {
        for shop in site.parts.shops {
            do throws(OrderFailure) {
                _ = try await shop.module.order(transaction)
                return shop.module
            } catch .unknownOrder { continue } catch { throw .unavailable(error) }
        }
        return nil
    }

    /// Written down before it is done.
    func write(
        _ kind: OperatorJournal.Act.Kind,
        _ transaction: TransactionIdentifier,
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) {
        do throws(OperatorFailure) {
            try await site.operators.journal.write(
                OperatorJournal.Act(kind, at: visit.now, by: visit.session.name),
                about: transaction
            )
        } catch {
            throw .unavailable(error)
        }
    }
}
