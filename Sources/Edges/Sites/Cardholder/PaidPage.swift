// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer

/// The page after a payment, which every purchase ends with: rendered once, then filled.
struct PaidPage: Sendable {
    private enum Slot: Int, CaseIterable {
        case csrf, merchant, amount, article, balance, transaction, time, action, result

        var mark: String { Stencil.slot(rawValue) }
    }

    private let signedIn: Stencil
    /// Without the navigation; the balance is shown, because the person gave the password.
    private let visitor: Stencil

    init(_ shell: SiteShell) {
        var page = Page("cardholder/checkout-paid", Self.values)
        visitor = Stencil(html: shell.html(page))
        page.csrf = Slot.csrf.mark
        page.navigation = CardholderSite.navigation(nil)
        signedIn = Stencil(html: shell.html(page))
    }

    private static var values: [String: Any] {
        let facts: [[String: Any]] = [
            ["label": "Balance now", "value": Slot.balance.mark],
            ["label": "Transaction", "value": Slot.transaction.mark, "code": true],
            ["label": "Time", "value": Slot.time.mark],
        ]
        let order = [
            "merchant": Slot.merchant.mark, "amount": Slot.amount.mark,
            "article": Slot.article.mark,
        ]
        let handover = [
            "action": Slot.action.mark, "transaction": Slot.transaction.mark,
            "result": Slot.result.mark, "merchant": Slot.merchant.mark,
        ]
        return [
            "order": order, "facts": facts, "handover": handover, "historyHref": "/history",
        ]
    }

    /// The page for this receipt. The token is that of the session, nil for who is not signed in;
    /// the balance is ready for the reader.
    func fill(
        _ receipt: PurchaseReceipt,
        article: String,
        csrf: String?,
        balance: String,
        _ reader: Reader
    ) -> ByteBuffer {
        let terms = receipt.terms
        let values = Slot.allCases.map { slot in
            switch slot {
            case .csrf: csrf ?? ""
            case .merchant: terms.merchant.text
            case .amount: reader.amount(terms.amount)
            case .article: article
            case .balance: balance
            case .transaction: terms.transaction.text
            case .time: reader.timeText(receipt.debitedAt)
            case .action: terms.statusURL
            case .result: String(decoding: receipt.resultForMerchant, as: UTF8.self)
            }
        }
        return (csrf == nil ? visitor : signedIn).fill(values)
    }
}
