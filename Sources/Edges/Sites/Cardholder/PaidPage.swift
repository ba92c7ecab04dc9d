// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer
import Wire

/// The page after a payment, which every purchase ends with: rendered once, then filled.
struct PaidPage: Sendable {
    private enum Slot: Int, CaseIterable {
        case csrf, merchant, amount, article, balance, transaction, time, action, result
        case signature, sessionKey, comparePath, secondBalance

        var mark: String { Stencil.slot(rawValue) }
    }

    /// What the button carries, by who compares S3.
    private enum Shape: CaseIterable {
        case result, locked, expectation
    }

    /// What was consented to.
    private enum Subject: CaseIterable {
        case payment, mixed, proof

        init(_ terms: OrderTerms) {
            self =
                switch terms.type {
                case .authentication: .proof
                case .purchase, .load: terms.otherHalf == nil ? .payment : .mixed
                }
        }

        var template: String {
            self == .proof ? "cardholder/proof-done" : "cardholder/checkout-paid"
        }
    }

    private struct Look: Hashable {
        let subject: Subject
        let shape: Shape
    }

    private struct Stencils: Sendable {
        let signedIn: Stencil
        let guardian: Stencil
        /// Without the navigation; the balance is shown, because the person gave the password.
        let visitor: Stencil
    }

    private let stencils: [Look: Stencils]

    init(_ shell: SiteShell) {
        var stencils: [Look: Stencils] = [:]
        for subject in Subject.allCases {
            for shape in Shape.allCases {
                stencils[Look(subject: subject, shape: shape)] = Self.stencils(
                    subject,
                    shape,
                    shell
                )
            }
        }
        self.stencils = stencils
    }

    private static func stencils(
        _ subject: Subject,
        _ shape: Shape,
        _ shell: SiteShell
    ) -> Stencils {
        var page = Page(subject.template, values(subject, shape))
        let visitor = Stencil(html: shell.html(page))
        page.csrf = Slot.csrf.mark
        page.navigation = CardholderSite.navigation(nil, mayGuard: false)
        let signedIn = Stencil(html: shell.html(page))
        page.navigation = CardholderSite.navigation(nil, mayGuard: true)
        return Stencils(
            signedIn: signedIn,
            guardian: Stencil(html: shell.html(page)),
            visitor: visitor
        )
    }

    private static func values(_ subject: Subject, _ shape: Shape) -> [String: Any] {
        var facts: [[String: Any]] = [
            ["label": "Transaction", "value": Slot.transaction.mark, "code": true],
            ["label": "Time", "value": Slot.time.mark],
        ]
        if subject == .mixed {
            facts.insert(["label": "Points now", "value": Slot.secondBalance.mark], at: 0)
        }
        if subject != .proof {
            facts.insert(["label": "Balance now", "value": Slot.balance.mark], at: 0)
        }
        let order = [
            "merchant": Slot.merchant.mark, "amount": Slot.amount.mark,
            "article": Slot.article.mark,
        ]
        var handover: [String: Any] = [
            "action": Slot.action.mark, "transaction": Slot.transaction.mark,
            "result": Slot.result.mark, "merchant": Slot.merchant.mark,
        ]
        switch shape {
        case .result: break
        case .locked:
            handover["action"] = Slot.comparePath.mark
            handover["result"] = ""
            handover["lock"] = [
                "status": Slot.action.mark, "locked": Slot.result.mark,
                "signature": Slot.signature.mark, "sessionKey": Slot.sessionKey.mark,
            ]
        case .expectation: handover["expectation"] = ["signature": Slot.signature.mark]
        }
        return [
            "order": order, "facts": facts, "handover": handover, "historyHref": "/history",
        ]
    }

    /// What the page says of amounts, ready for the reader.
    struct Amounts {
        let paid: String
        let balance: String
        /// Of the second purse of a mixed payment.
        var secondBalance = ""
    }

    /// The page for this receipt. The token is that of the session, nil for who is not signed in.
    func fill(
        _ receipt: PurchaseReceipt,
        article: String,
        csrf: String?,
        mayGuard: Bool,
        amounts: Amounts,
        comparePath: String,
        _ reader: Reader
    ) -> ByteBuffer {
        let terms = receipt.terms
        let shape: Shape
        var (result, signature, sessionKey): ([UInt8], Signature?, SessionKeyText?) = ([], nil, nil)
        switch receipt.handover {
        case .result(let bytes): (shape, result) = (.result, bytes)
        case .locked(let bytes, let given, let key):
            (shape, result, signature, sessionKey) = (.locked, bytes, given, key)
        case .expectation(let bytes, let given):
            (shape, result, signature) = (.expectation, bytes, given)
        case nil: shape = .result
        }
        let values = Slot.allCases.map { slot in
            switch slot {
            case .csrf: csrf ?? ""
            case .merchant: terms.merchant.text
            case .amount: amounts.paid
            case .article: article
            case .balance: amounts.balance
            case .secondBalance: amounts.secondBalance
            case .transaction: terms.transaction.text
            case .time: reader.timeText(receipt.debitedAt)
            case .action: terms.statusURL
            case .result: String(decoding: result, as: UTF8.self)
            case .signature: signature?.text ?? ""
            case .sessionKey: sessionKey?.reveal() ?? ""
            case .comparePath: comparePath
            }
        }
        guard let stencils = stencils[Look(subject: Subject(terms), shape: shape)] else {
            preconditionFailure("There are stencils of all looks.")
        }
        if csrf == nil { return stencils.visitor.fill(values) }
        return (mayGuard ? stencils.guardian : stencils.signedIn).fill(values)
    }
}
