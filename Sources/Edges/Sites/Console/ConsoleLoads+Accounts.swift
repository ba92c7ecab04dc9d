// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer

// Loads from accounts on file, through the payment gateway.
extension ConsoleLoads {
    func rows(
        _ loads: AccountLoads,
        _ side: ConsoleParts.CardSide,
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) -> [[String: Any]] {
        let lines: [(transaction: TransactionIdentifier, load: AccountLoadRecord?)]
        do throws(UserFailure) {
            lines = try await side.openLoads(loads, limit: ConsoleLimits.openPageRows + 1)
        } catch {
            throw .unavailable(error)
        }
        var rows: [[String: Any]] = []
        for line in lines {
            let step =
                switch line.load?.state {
                case .authorizing: "Waits for the funding network"
                case .credited: "On the card; the gateway is told"
                case .cancelling: "Given up; the gateway is told"
                case nil: "Record does not open"
                case .completed, .declined, .cancelled: "Ended"
                }
            rows.append(
                try await row(
                    line.transaction,
                    step,
                    since: line.load?.begunAt,
                    line.load?.amount,
                    ask: "/loads/accounts",
                    visit
                )
            )
        }
        return rows
    }

    /// Has the gateway asked, or told, about a load.
    func askForAccount(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let transaction = try visit.transaction()
        guard let side = site.parts.cardSide, let loads = side.accountLoads else {
            throw .notFound
        }
        // Nothing is written down of a load that there is not.
        let isKnown = try await accountStep { () async throws(AccountLoadRefusal) in
            // One that does not open is nobody's; its issuer is not known.
            if side.issuer == nil { return try await loads.isKnown(transaction) }
            return side.covers(try await loads.read(transaction)?.load.card)
        }
        guard isKnown else { throw .notFound }
        try await open.write(.loadAsked, transaction, visit)
        let load = try await accountStep { () async throws(AccountLoadRefusal) in
            try await loads.ask(about: transaction)
        }
        let notice =
            switch load?.state {
            case .completed: Page.Notice(.good, "The card is loaded, and the account charged.")
            case .declined, .cancelled: Page.Notice(.good, "The card was not loaded.")
            case .authorizing, .credited, .cancelling, nil:
                Page.Notice(.wait, "Asked; there is no answer that settles it yet.")
            }
        return try await show(visit, notice: notice)
    }

    private func accountStep<Value>(
        _ step: () async throws(AccountLoadRefusal) -> Value
    ) async throws(SiteFailure) -> Value {
        do throws(AccountLoadRefusal) {
            return try await step()
        } catch {
            throw .unavailable(error)
        }
    }
}
