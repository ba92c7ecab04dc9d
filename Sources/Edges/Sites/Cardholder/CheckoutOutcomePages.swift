// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer
import SecurityModule
import Wire

// How a purchase ended: paid, refused, or not known yet.
extension CardholderSite {
    /// Seconds between two questions of a pending page.
    private static let refreshSeconds = "3"

    /// The outcome of a purchase that is shown again. Its balance is for the card's holder alone;
    /// the rest is known to who has the name of the offer.
    func outcomePage(
        of debited: Purchases.Debited,
        _ offer: Offer,
        _ signed: Signed?,
        _ reader: Reader
    ) async throws(SiteFailure) -> Response {
        let isPayer = signed?.user.card == debited.card
        return try await outcomePage(debited.outcome, offer, signed, reader, isPayer: isPayer)
    }

    /// A payer has proved to hold the card that paid, and sees its balance.
    func outcomePage(
        _ outcome: PurchaseOutcome,
        _ offer: Offer,
        _ signed: Signed?,
        _ reader: Reader,
        isPayer: Bool
    ) async throws(SiteFailure) -> Response {
        switch outcome {
        case .paid(let receipt):
            return try await paidPage(receipt, offer, signed, reader, isPayer: isPayer)
        case .refused(let refusal):
            return try await refusedPage(refusal, offer, signed, reader)
        case .refusedByLimit(let refusal):
            return try await refusedPage(refusal, offer, signed, reader)
        case .pending(let receipt):
            var values: [String: Any] = [
                "order": try await order(offer, reader),
                "facts": try await facts(receipt, reader, isPayer: isPayer),
                "selfHref": offer.path + "/status", "historyHref": "/history",
            ]
            values["refreshSeconds"] = Self.refreshSeconds
            return show(Page("cardholder/checkout-pending", values), signed)
        }
    }

    private func paidPage(
        _ receipt: PurchaseReceipt,
        _ offer: Offer,
        _ signed: Signed?,
        _ reader: Reader,
        isPayer: Bool
    ) async throws(SiteFailure) -> Response {
        let elsewhere = "On your card page"
        var amounts = PaidPage.Amounts(
            paid: try await amount(of: receipt.terms, reader),
            balance: isPayer ? try await amount(receipt.balanceMoney, reader) : elsewhere
        )
        if let second = receipt.secondBalanceMoney, isPayer {
            amounts.secondBalance = try await amount(second, reader)
        } else {
            amounts.secondBalance = elsewhere
        }
        let html = paidPage.fill(
            receipt,
            article: offer.page.description,
            csrf: signed.map { parts.users.csrfToken(of: $0.token) },
            mayGuard: signed.map { mayGuard($0) } ?? false,
            amounts: amounts,
            comparePath: offer.path + "/compare",
            reader
        )
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/html; charset=utf-8",
                .contentSecurityPolicy: SecurityHeaders.policy(formOrigin: offer.shop.text),
            ],
            body: ResponseBody(byteBuffer: html)
        )
    }

    private func facts(
        _ receipt: PurchaseReceipt,
        _ reader: Reader,
        isPayer: Bool
    ) async throws(SiteFailure) -> [[String: Any]] {
        var facts: [[String: Any]] = [
            ["label": "Transaction", "value": receipt.terms.transaction.text, "code": true],
            ["label": "Time", "value": reader.timeText(receipt.debitedAt)],
        ]
        if isPayer, receipt.terms.type == .purchase {
            let balance = try await amount(receipt.balanceMoney, reader)
            facts.insert(["label": "Balance now", "value": balance], at: 0)
        }
        return facts
    }

    // MARK: Refusals

    func refusedPage(
        _ refusal: Refusal,
        _ offer: Offer,
        _ signed: Signed?,
        _ reader: Reader
    ) async throws(SiteFailure) -> Response {
        let facts = try await refusalFacts(refusal, offer, signed, reader)
        return try await refusedPage(RefusalText(refusal, facts), offer, signed, reader)
    }

    func refusedPage(
        _ refusal: SpendingRefusal,
        _ offer: Offer,
        _ signed: Signed?,
        _ reader: Reader
    ) async throws(SiteFailure) -> Response {
        try await refusedPage(
            RefusalText(
                refusal,
                in: offer.page.terms.amount,
                reader,
                keeper: keeper(of: signed)
            ),
            offer,
            signed,
            reader,
            // The order can be paid once its time has come, or once it is allowed.
            mayTryAgain: true
        )
    }

    /// Who can change the limits of the card, and renew it.
    func keeper(of signed: Signed?) -> RefusalText.Keeper {
        guard let signed else { return .somebody }
        return signed.user.isChild ? .guardian : .holder
    }

    func refusedPage(
        _ text: RefusalText,
        _ offer: Offer,
        _ signed: Signed?,
        _ reader: Reader,
        status: HTTPResponse.Status = .ok,
        mayTryAgain: Bool = false
    ) async throws(SiteFailure) -> Response {
        let transaction = offer.page.terms.transaction.text
        let facts: [[String: Any]] = [
            ["label": "Transaction", "value": transaction, "code": true],
            ["label": "Time", "value": reader.timeText(now)],
        ]
        var links: [[String: Any]] = [
            [
                "label": "Back to \(offer.page.terms.merchant.text)",
                "href": offer.shop.text + "/",
            ]
        ]
        if mayTryAgain { links.insert(["label": "Look again", "href": offer.path], at: 0) }
        let values: [String: Any] = [
            "order": try await order(offer, reader), "facts": facts, "refusal": text.values(),
            "actions": ["links": links],
        ]
        return show(Page("cardholder/checkout-refused", values, status: status), signed)
    }

    /// What the wording of this refusal needs.
    private func refusalFacts(
        _ refusal: Refusal,
        _ offer: Offer,
        _ signed: Signed?,
        _ reader: Reader
    ) async throws(SiteFailure) -> RefusalText.Facts {
        var facts = RefusalText.Facts()
        facts.orderCurrency = reader.currency(offer.page.terms.amount.currency)
        let issuer = signed?.user.card.issuer ?? settings.issuer
        if let known = try await asking({ try await parts.desk.issuer(issuer) }) {
            facts.issuer = known.name
        }
        let debited = try await debited(offer.page)
        switch refusal {
        case .orderGivenUp where debited != nil:
            facts.amount = try await amount(of: offer.page.terms, reader)
        case .orderAlreadyPaid:
            facts.paidAt = debited.map { reader.timeText($0.debitedAt) }
        case .cardExpired, .keyVersionEnded, .currencyNotHeld:
            guard let signed, let card = try await describe(signed.user.card) else { break }
            facts.expiry = card.expiry.monthAndYear
            facts.keeper = keeper(of: signed)
            facts.cardCurrency = reader.currency(card.purses[0].balance.currency)
        default: break
        }
        return facts
    }

    func order(_ offer: Offer, _ reader: Reader) async throws(SiteFailure) -> [String: Any] {
        let terms = offer.page.terms
        var values: [String: Any] = [
            "merchant": terms.merchant.text, "amount": try await amount(of: terms, reader),
            "article": offer.page.description,
        ]
        if terms.type == .authentication { values["proof"] = true }
        return values
    }

    /// What is asked for: an amount, two of a mixed payment, or a proof.
    func amount(of terms: OrderTerms, _ reader: Reader) async throws(SiteFailure) -> String {
        if terms.type == .authentication { return "Proof of identity" }
        let first = try await amount(terms.amount, reader)
        guard let half = terms.otherHalf else { return first }
        return "\(first) and \(try await amount(half.amount, reader))"
    }

    /// An amount; of points with the name of their programme.
    func amount(_ money: Money, _ reader: Reader) async throws(SiteFailure) -> String {
        guard money.currency.isProgramme, let programmes = parts.programmes,
            let entry = try await asking({ try await programmes.find(money.currency) })
        else { return reader.amount(money) }
        return reader.amount(money, of: entry.programme.name)
    }

    private func show(_ page: Page, _ signed: Signed?) -> Response {
        signed.map { self.page(page, of: $0) } ?? shell.response(page)
    }
}

extension PurchaseReceipt {
    /// The balance after the debit, in the currency of the order.
    fileprivate var balanceMoney: Money {
        Money(
            minorUnits: balance,
            currency: terms.amount.currency,
            exponent: terms.amount.exponent
        )
    }

    /// The balance of the second purse after a mixed payment, where it is known.
    fileprivate var secondBalanceMoney: Money? {
        guard let secondBalance, let amount = terms.otherHalf?.amount else { return nil }
        return Money(
            minorUnits: secondBalance,
            currency: amount.currency,
            exponent: amount.exponent
        )
    }
}
