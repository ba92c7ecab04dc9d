// SPDX-License-Identifier: Apache-2.0

import Bank
import Hummingbird
import Kernel
import Traces
import Wire

// The end of a load (FIG. 18C, step 892).
extension BankSite {
    /// The browser brings the sealed Load Result. It comes from another site, so that it carries no
    /// token; only a result that opens changes anything.
    func takeResult(_ request: Request) async throws(SiteFailure) -> Response {
        let form = try await Form.read(request)
        guard let transaction = TransactionIdentifier(form.text("transaction")) else {
            throw .badForm(.field("transaction"))
        }
        TraceSubject.note(transaction)
        do throws(BankFailure) {
            try await bank.receive(
                result: Array(form.text("result").utf8),
                of: transaction,
                now: now()
            )
            return SiteShell.seeOther(BankSite.path(ofLoad: transaction))
        } catch .unknownLoad, .resultForged, .resultMismatch {
            // One answer: it must not tell which loads there are.
            return unusable(.loadResultNotGenuine, .badRequest)
        } catch .resultContradicts {
            return unusable(.loadResultContradicts, .conflict)
        } catch {
            throw SiteFailure(error)
        }
    }

    /// How a load stands: asks the load server where the result has not come.
    func showLoad(_ visit: Visit) async throws(SiteFailure) -> Response {
        let transaction = try visit.transaction("transaction")
        var load = try await ownLoad(transaction, visit)
        var text = RefusalText.loadNotHeardYet
        if load.state.isOpen {
            do throws(BankFailure) {
                load = try await bank.ask(about: transaction, now: visit.now)
            } catch {
                guard let unanswered = RefusalText(loadUnanswered: error) else {
                    throw SiteFailure(error)
                }
                text = unanswered
            }
        }
        return switch load.state {
        case .held: try await pendingPage(load, text, visit)
        case .loaded: try await loadedPage(load, visit)
        case .released: releasedPage(load, visit)
        }
    }

    /// `Order` of the card site's templates, which the bill is made of.
    private func bill(_ load: HoldView, _ reader: Reader) -> [String: Any] {
        [
            "merchant": "Card •••• \(load.lastDigits)", "amount": reader.amount(load.amount),
            "article": "From account \(load.account.masked)",
        ]
    }

    private func facts(_ load: HoldView, _ reader: Reader) -> [[String: Any]] {
        [
            ["label": "Transaction", "value": load.transaction.text, "code": true],
            ["label": "Time", "value": reader.timeText(load.endedAt ?? load.begunAt)],
        ]
    }

    private func loadedPage(
        _ load: HoldView,
        _ visit: Visit
    ) async throws(SiteFailure) -> Response {
        let own = try await ownAccounts(visit).first { $0.account.number == load.account }
        var facts = facts(load, visit.reader)
        var values: [String: Any] = [
            "order": bill(load, visit.reader), "accountsHref": "/",
            "card": ["host": settings.cardHost, "href": settings.cardOrigin + "/card"],
        ]
        if let own {
            let balance = visit.reader.amount(own.account.money(own.account.balance))
            facts.insert(["label": "Account balance now", "value": balance], at: 0)
            values["statementHref"] = own.path
        }
        values["facts"] = facts
        return response("bank/loaded", values, visit)
    }

    private func releasedPage(_ load: HoldView, _ visit: Visit) -> Response {
        let reason = load.reason ?? .loadGivenUp
        var text = RefusalText(load: reason)
        text.money = "Free again: \(visit.reader.amount(load.amount)) is no longer held."
        if reason == .declined { text.title = "You went back" }
        // Who can renew it is known at the card site.
        if reason == .cardExpired { text.next = "Look at the page of your card." }
        return response(
            "bank/not-loaded",
            [
                "order": bill(load, visit.reader), "facts": facts(load, visit.reader),
                "refusal": text.values(),
                "actions": ["links": [["label": "To your accounts", "href": "/"]]],
            ],
            visit
        )
    }

    private func pendingPage(
        _ load: HoldView,
        _ text: RefusalText,
        _ visit: Visit
    ) async throws(SiteFailure) -> Response {
        let path = BankSite.path(ofLoad: load.transaction)
        var values: [String: Any] = [
            "order": bill(load, visit.reader), "refusal": text.values(),
            "facts": facts(load, visit.reader), "selfHref": path,
            "refreshSeconds": String(BankSiteLimits.refreshSeconds), "accountsHref": "/",
        ]
        if visit.now <= load.begunAt.adding(LoadLimits.loadTime) {
            values["onwardHref"] = path + "/card"
        }
        return response("bank/load-pending", values, visit)
    }
}
