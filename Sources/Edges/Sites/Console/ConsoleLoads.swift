// SPDX-License-Identifier: Apache-2.0

import Bank
import Hummingbird
import Kernel
import OPALServer
import Records
import Wire

/// The console's page of loads that are open, at the OPAL server and at the banks, and since when.
/// The operator can have the load server asked; the answer alone decides how a load ends.
struct ConsoleLoads: Sendable {
    let site: ConsoleSite
    /// What both pages of open transactions do alike.
    let open: ConsoleOpen

    init(_ site: ConsoleSite) {
        self.site = site
        open = ConsoleOpen(site)
    }

    func show(
        _ visit: ConsoleSite.Visit,
        notice: Page.Notice? = nil
    ) async throws(SiteFailure) -> Response {
        var groups: [[String: Any]] = []
        if let side = site.parts.cardSide, let loads = side.loads {
            groups.append(
                open.group(
                    "Loads of cards",
                    "Told to the load server every few seconds until it answers.",
                    try await rows(loads, side, visit)
                )
            )
        }
        if let side = site.parts.cardSide, let loads = side.accountLoads {
            groups.append(
                open.group(
                    "Loads from accounts",
                    "The gateway is asked or told every few seconds until it knows the end.",
                    try await rows(loads, side, visit)
                )
            )
        }
        for bank in site.parts.banks {
            groups.append(
                open.group(
                    "Held at \(bank.name)",
                    "Not heard of yet; the load server is asked after a minute.",
                    try await rows(bank, visit)
                )
            )
        }
        return site.response(
            "console/open",
            [
                "title": "Loads", "asked": "load server or gateway",
                "asOf": visit.reader.time(visit.now), "groups": groups,
            ],
            visit,
            current: "/loads",
            notice: notice
        )
    }

    func row(
        _ transaction: TransactionIdentifier,
        _ step: String,
        since: Instant?,
        _ amount: Money?,
        ask: String,
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) -> [String: Any] {
        let reader = visit.reader
        var row: [String: Any] = [
            "transaction": transaction.text, "step": step,
            "time": since.map { reader.time($0) } ?? Shape.time(ofKey: transaction.bytes, reader),
            "amount": amount.map { reader.amount($0) } ?? "not read",
        ]
        if site.role.acts { row["ask"] = ["action": "\(ask)/\(transaction.text)"] }
        try await open.addLastQuestion(transaction, to: &row, visit)
        return row
    }

    private func rows(
        _ loads: Loads,
        _ side: ConsoleParts.CardSide,
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) -> [[String: Any]] {
        let lines: [LoadLine]
        do throws(StoreFailure) {
            lines = try await side.openLoads(loads, limit: ConsoleLimits.openPageRows + 1)
        } catch {
            throw .unavailable(error)
        }
        var rows: [[String: Any]] = []
        for line in lines {
            let step =
                switch line.load?.state {
                case .requested: "Waits for S2 or for the card"
                case .credited: "On the card; the load server is told"
                case .givenUp: "Given up; the load server is told"
                case nil: "Record does not open"
                default: "Ended"
                }
            rows.append(
                try await row(
                    line.transaction,
                    step,
                    since: line.load?.requestedAt,
                    line.load?.terms.amount,
                    ask: "/loads/cards",
                    visit
                )
            )
        }
        return rows
    }

    private func rows(
        _ bank: ConsoleParts.Bank,
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) -> [[String: Any]] {
        let lines = try await bankStep { () async throws(BankFailure) in
            try await bank.module.openLoads(limit: ConsoleLimits.openPageRows + 1)
        }
        var rows: [[String: Any]] = []
        for line in lines {
            rows.append(
                try await row(
                    line.transaction,
                    line.load.map { "Held; card •••• \($0.lastDigits)" } ?? "Does not open",
                    since: line.load?.begunAt,
                    line.load?.amount,
                    ask: "/loads/banks",
                    visit
                )
            )
        }
        return rows
    }

    // MARK: Questions

    /// Has the load server told again what a card answered.
    func askForCard(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let transaction = try visit.transaction()
        guard let side = site.parts.cardSide, let loads = side.loads else { throw .notFound }
        // Nothing is written down of a load that there is not.
        do throws(LoadRefusal) {
            guard let known = try await loads.outcome(of: transaction),
                side.covers(known.card)
            else { throw LoadRefusal.loadUnknown }
        } catch .loadUnknown { throw .notFound } catch { throw .unavailable(error) }
        try await open.write(.loadAsked, transaction, visit)
        let outcome: CardLoadOutcome?
        do throws(LoadRefusal) {
            outcome = try await loads.ask(about: transaction)
        } catch {
            return try await show(
                visit,
                notice: Page.Notice(.bad, "The question could not be asked: \(error.word).")
            )
        }
        let notice =
            switch outcome {
            case .loaded: Page.Notice(.good, "The card is loaded.")
            case .refused: Page.Notice(.good, "The card was not loaded.")
            case .pending, nil:
                Page.Notice(.wait, "Asked; there is no answer that settles it yet.")
            }
        return try await show(visit, notice: notice)
    }

    /// Has a bank ask about a load.
    func askForBank(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let transaction = try visit.transaction()
        guard let bank = try await bank(of: transaction) else { throw .notFound }
        try await open.write(.holdAsked, transaction, visit)
        let notice: Page.Notice
        do throws(BankFailure) {
            notice =
                switch try await bank.ask(about: transaction, now: visit.now).state {
                case .held: Page.Notice(.wait, "Asked; the load server knows no end yet.")
                case .loaded: Page.Notice(.good, "Asked, and answered: loaded, and paid.")
                case .released: Page.Notice(.good, "Asked, and answered: not loaded.")
                }
        } catch {
            notice = Page.Notice(.bad, "Asked; there is no answer that can be used.")
        }
        return try await show(visit, notice: notice)
    }

    /// The bank whose load this is.
    private func bank(
        of transaction: TransactionIdentifier
    ) async throws(SiteFailure) -> BankModule? {
        for bank in site.parts.banks {
            do throws(BankFailure) {
                _ = try await bank.module.load(transaction)
                return bank.module
            } catch .unknownLoad { continue } catch { throw .unavailable(error) }
        }
        return nil
    }
}
