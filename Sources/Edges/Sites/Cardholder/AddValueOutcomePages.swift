// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer
import Wire

// How a load from the account ended: loaded, not loaded, or not known yet.
extension CardholderSite {
    /// Seconds between two questions of a pending page.
    private static let refreshSeconds = "3"

    func outcomePage(
        _ outcome: AccountLoadOutcome,
        _ amount: Money,
        _ target: LoadTarget,
        _ signed: Signed,
        _ reader: Reader,
        transaction: TransactionIdentifier? = nil
    ) async throws(SiteFailure) -> Response {
        switch outcome {
        case .loaded(let receipt):
            return loadedPage(receipt, target, signed, reader)
        case .pending(let receipt):
            return pendingPage(receipt, target, signed, reader)
        case .refused(let refusal):
            return try await refusedPage(refusal, target, signed, reader, amount, transaction)
        case .throttled(let until):
            return refusedPage(
                .loadsThrottled(reader.timeText(until)),
                target,
                signed,
                reader,
                amount,
                status: .tooManyRequests
            )
        }
    }

    private func loadedPage(
        _ receipt: AccountLoadReceipt,
        _ target: LoadTarget,
        _ signed: Signed,
        _ reader: Reader
    ) -> Response {
        var values = values(receipt, target, reader)
        values["historyHref"] = target.ward.map { $0.path + "/history" } ?? "/history"
        values["mail"] =
            target.ward.map { "A receipt is on its way to you by mail, and a word to \($0.name)." }
            ?? "A receipt is on its way to you by mail."
        return page(Page("cardholder/add-value-done", values), of: signed, current: target.current)
    }

    private func pendingPage(
        _ receipt: AccountLoadReceipt,
        _ target: LoadTarget,
        _ signed: Signed,
        _ reader: Reader
    ) -> Response {
        var values = values(receipt, target, reader)
        values["selfHref"] = target.path + "/load/" + receipt.transaction.text
        values["refreshSeconds"] = Self.refreshSeconds
        return page(
            Page("cardholder/add-value-pending", values),
            of: signed,
            current: target.current
        )
    }

    private func values(
        _ receipt: AccountLoadReceipt,
        _ target: LoadTarget,
        _ reader: Reader
    ) -> [String: Any] {
        var facts: [[String: Any]] = []
        if let balance = receipt.balance {
            facts.append([
                "label": "Balance then", "name": "balance",
                "value": reader.amount(Money(minorUnits: balance, as: receipt.amount)),
            ])
        }
        if let account = receipt.account {
            facts.append([
                "label": "Account",
                "value": "ends in \(account.lastFour), valid until \(account.expiry.text)",
            ])
        }
        facts.append([
            "label": "Transaction", "value": receipt.transaction.text, "code": true,
            "name": "transaction",
        ])
        facts.append(["label": "Time", "value": reader.timeText(receipt.begunAt)])
        return [
            "order": order(receipt.amount, target, reader), "facts": facts,
            "actions": [
                "links": [["label": "Back to \(target.backName)", "href": target.backHref]]
            ],
        ]
    }

    /// `amount`, `transaction`: of a load that was begun.
    func refusedPage(
        _ refusal: AccountLoadRefusal,
        _ target: LoadTarget,
        _ signed: Signed,
        _ reader: Reader,
        _ amount: Money? = nil,
        _ transaction: TransactionIdentifier? = nil
    ) async throws(SiteFailure) -> Response {
        var facts = RefusalText.Facts()
        let issuer = target.card.issuer
        if let known = try await asking({ try await parts.desk.issuer(issuer) }) {
            facts.issuer = known.name
        }
        let text = RefusalText(accountLoad: refusal, facts, isForChild: target.ward != nil)
        return refusedPage(text, target, signed, reader, amount, transaction)
    }

    private func refusedPage(
        _ text: RefusalText,
        _ target: LoadTarget,
        _ signed: Signed,
        _ reader: Reader,
        _ amount: Money?,
        _ transaction: TransactionIdentifier? = nil,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        var links: [[String: Any]] = []
        if amount != nil {
            links.append(["label": "Choose an amount again", "href": target.path])
        }
        links.append(["label": "Back to \(target.backName)", "href": target.backHref])
        var values: [String: Any] = [
            "title": "Not loaded", "refusal": text.values(), "actions": ["links": links],
        ]
        if let amount {
            values["order"] = order(amount, target, reader)
            var facts: [[String: Any]] = []
            if let transaction {
                facts.append([
                    "label": "Transaction", "value": transaction.text, "code": true,
                ])
            }
            facts.append(["label": "Time", "value": reader.timeText(now)])
            values["facts"] = facts
        }
        return page(
            Page("cardholder/load-refused", values, status: status),
            of: signed,
            current: target.current
        )
    }
}

extension CardholderSite.LoadTarget {
    var backName: String { ward?.name ?? "your card" }
}
