// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import Merchant
import Wire

// From the catalogue to the order page.
extension ShopSite {
    func showCatalogue(_ request: Request) -> Response {
        let reader = shell.wording.reader(request)
        return shell.response(
            Page("shop/catalogue", ["articles": catalogue.articles.map { values($0, reader) }])
        )
    }

    func showArticle(_ request: Request, _ context: SiteContext) throws(SiteFailure) -> Response {
        guard let article = context.parameters.get("article").flatMap({ catalogue[$0] }) else {
            throw .notFound
        }
        let token = formToken.issue(to: request)
        var shown = values(article, shell.wording.reader(request))
        let presentation = content.presentation(of: article)
        shown["paragraphs"] = presentation.paragraphs
        var facts: [[String: Any]] = []
        if let length = presentation.length { facts.append(["label": "Length", "value": length]) }
        facts.append(["label": "File", "value": article.contentFile])
        shown["facts"] = facts
        var response = shell.response(
            Page(
                "shop/article",
                ["article": shown, "catalogueHref": "/", "orderAction": "/order"],
                csrf: token
            )
        )
        formToken.keep(token, on: &response)
        return response
    }

    /// Makes the order (FIG. 11A, step 604).
    func order(_ request: Request, _ context: SiteContext) async throws(SiteFailure) -> Response {
        let form = try await Form.read(request)
        try formToken.check(form, of: request)
        let moment = now()
        if let until = rate.admit(settings.clientAddress.of(request, context), at: moment) {
            throw .tooMany(until: until)
        }
        guard let article = catalogue[form.text("article")] else { throw .notFound }
        let ticket = try await merchantStep { () async throws(OrderFailure) in
            try await merchant.order(article, now: moment)
        }
        return SiteShell.seeOther(OrderAddress(ticket).order)
    }

    /// Makes an unpaid order anew. The receipt key in the form is what no other site can know.
    func reorder(_ request: Request) async throws(SiteFailure) -> Response {
        let address = try OrderAddress(try await Form.read(request))
        do throws(OrderFailure) {
            let ticket = try await merchant.reorder(
                address.transaction,
                receiptKey: address.key,
                now: now()
            )
            return SiteShell.seeOther(OrderAddress(ticket).order)
        } catch .notUnpaid {
            // Paid or still open: its page says which.
            return SiteShell.seeOther(address.receipt)
        } catch {
            throw SiteFailure(error)
        }
    }

    /// The order page (FIG. 11A, step 606), while the order is open.
    func showOrder(
        _ request: Request,
        _ context: SiteContext
    ) async throws(SiteFailure) -> Response {
        let address = try OrderAddress(request, context)
        let reader = shell.wording.reader(request)
        let order = try await merchantStep { () async throws(OrderFailure) in
            try await merchant.find(address.transaction, receiptKey: address.key)
        }
        switch order.state {
        case .paid, .delivered: return paidPage(order, address, reader)
        case .unpaid: return refusedPage(order, address, reader)
        case .open: break
        }
        do throws(OrderFailure) {
            let page = try await merchant.page(
                of: address.transaction,
                receiptKey: address.key,
                now: now()
            )
            return orderPage(page, order, address, reader)
        } catch .tooOld, .notOpen {
            // The payment server knows whether it was paid in time.
            return SiteShell.seeOther(address.receipt)
        } catch {
            throw SiteFailure(error)
        }
    }

    private func orderPage(
        _ page: OrderPage,
        _ order: OrderView,
        _ address: OrderAddress,
        _ reader: Reader
    ) -> Response {
        let fields = page.fields.map { ["name": $0.rawValue, "value": $1] }
        var shown: [String: Any] = [
            "order": values(order, reader),
            "pay": [
                "action": settings.checkoutURL, "host": settings.checkoutHost, "fields": fields,
            ] as [String: Any],
        ]
        if let paymentServer = settings.clientTerminalsURL,
            page.terms.policy.suitsCardInReader
        {
            // For `opal pay`, which reads them from the page; a browser has nothing to send them.
            let terminal = ["name": ShopSite.paymentServerField, "value": paymentServer]
            shown["physical"] =
                [
                    "command": "opal pay '\(settings.address)\(address.order)' --reader",
                    "statusHref": address.receipt, "action": page.terms.statusURL,
                    "fields": fields + [terminal],
                ] as [String: Any]
        }
        return shell.response(
            Page("shop/order", shown, formOrigin: settings.checkoutOrigin)
        )
    }

    /// The field with the payment server's address for client terminals.
    private static let paymentServerField = "payment-server-url"

    // MARK: Values

    private func values(_ article: Article, _ reader: Reader) -> [String: Any] {
        let presentation = content.presentation(of: article)
        return [
            "id": article.identifier, "href": href(article), "drawing": presentation.drawing,
            "kind": presentation.kind, "title": article.title, "note": presentation.note,
            "price": reader.amount(article.price),
        ]
    }

    /// What each page of an order shows of it.
    func values(_ order: OrderView, _ reader: Reader) -> [String: Any] {
        let presentation = content.presentation(of: order.article)
        return [
            "number": OrderNumber.text(order.transaction), "title": order.article.title,
            "kind": presentation.kind, "drawing": presentation.drawing,
            "amount": reader.amount(order.amount), "articleHref": href(order.article),
        ]
    }

    /// The catalogue, where the article is no longer sold.
    func href(_ article: Article) -> String {
        catalogue[article.identifier] == nil ? "/" : "/articles/\(article.identifier)"
    }
}

/// The number of an order for people: the random end of its TRX.
enum OrderNumber {
    static func text(_ transaction: TransactionIdentifier) -> String {
        let digits = Hex.text(transaction.bytes.suffix(6)).uppercased()
        return digits.prefix(4) + " " + digits.dropFirst(4).prefix(4) + " " + digits.suffix(4)
    }
}
