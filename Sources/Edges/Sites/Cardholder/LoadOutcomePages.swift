// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer
import Wire

// How a load ended: loaded, not loaded, or not known yet.
extension CardholderSite {
    /// Seconds between two questions of a pending page.
    private static let refreshSeconds = "3"

    /// The outcome of a load that is shown again. Its balance is for the card's holder alone; the
    /// rest is known to who has the name of the page.
    func outcomePage(
        of begun: Loads.Requested,
        _ load: WaitingLoad,
        _ request: Request
    ) async throws(SiteFailure) -> Response {
        let signed = try await signed(request)
        let isHolder = signed?.user.card == begun.card
        return try await outcomePage(begun.outcome, load, signed, request, isHolder: isHolder)
    }

    /// `isHolder`: whether it is shown to who holds the card, and so may see its balance.
    func outcomePage(
        _ outcome: CardLoadOutcome,
        _ load: WaitingLoad,
        _ signed: Signed?,
        _ request: Request,
        isHolder: Bool = false
    ) async throws(SiteFailure) -> Response {
        let reader = reader(request)
        var facts: [[String: Any]] = [
            ["label": "Transaction", "value": load.page.terms.transaction.text, "code": true],
            ["label": "Time", "value": reader.timeText(now)],
        ]
        var values: [String: Any] = [
            "order": bill(load, reader), "bank": bank(load.page.bankName, load.bank),
            "historyHref": "/history", "cardHref": "/card",
        ]
        let template: String
        switch outcome {
        case .loaded(let receipt):
            template = "cardholder/load-done"
            if isHolder, let balance = receipt.balance {
                let money = Money(minorUnits: balance, as: receipt.terms.amount)
                facts.insert(["label": "Balance then", "value": reader.amount(money)], at: 0)
            }
            values.merge(handover(receipt, load)) { _, new in new }
        case .refused(let refusal, let receipt):
            template = "cardholder/load-refused"
            let holder = isHolder ? signed : nil
            let facts = try await loadFacts(refusal, holder?.user.card, holder)
            let text = RefusalText(load: refusal, facts)
            values["title"] = refusal == .alreadyLoaded ? "Loaded before" : "Not loaded"
            values["refusal"] = text.values()
            values.merge(handover(receipt, load)) { _, new in new }
        case .pending:
            template = "cardholder/load-pending"
            values["refreshSeconds"] = Self.refreshSeconds
            values["selfHref"] = load.path + "/status"
        }
        values["facts"] = facts
        let page = Page(template, values, formOrigin: load.bank.text)
        return signed.map { self.page(page, of: $0) } ?? shell.response(page)
    }

    /// The result in a form for the bank, where it is there; else the way to the bank, which asks
    /// by itself.
    private func handover(_ receipt: LoadReceipt?, _ load: WaitingLoad) -> [String: Any] {
        guard let receipt, !receipt.forBank.isEmpty else {
            return ["actions": backTo(load.page.bankName, load.bank)]
        }
        return [
            "handover": [
                "action": load.page.terms.statusURL,
                "transaction": load.page.terms.transaction.text,
                "result": String(decoding: receipt.forBank, as: UTF8.self),
                "bank": load.page.bankName,
            ]
        ]
    }
}
