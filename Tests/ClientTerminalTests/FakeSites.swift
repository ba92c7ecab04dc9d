// SPDX-License-Identifier: Apache-2.0

import ClientTerminal
import Foundation
import Hummingbird
import HummingbirdTesting
import Synchronization
import Testing

/// A shop and a card site on this computer, each at a port of its own, that do as told.
final class FakeSites: Sendable {
    /// What the two do after the person agreed.
    enum Story: Sendable {
        case paid, refused, waiting, pending, pendingThenPaid, throttled, broken
        case refusedAsPaidBefore
        case secondConsent
    }

    let story: Story
    /// The header with the file, and the file.
    let disposition: String?
    let file: String
    let pages: PageMaker
    /// What the shop says where the payment server is; nil for the one that runs with the card
    /// site, empty for a shop that takes no card in a reader.
    let paymentServer: String?
    private let state = Mutex(State())

    struct State {
        var cardSite = ""
        var statusURL = ""
        var isPaid = false
        var looks = 0
        var seenByShop: [SeenRequest] = []
        var seenByCardSite: [SeenRequest] = []
    }

    init(
        _ story: Story = .paid,
        disposition: String? = "attachment; filename=\"salt.txt\"",
        file: String = "Two hundred words.",
        paymentServer: String? = nil
    ) throws {
        self.paymentServer = paymentServer
        self.story = story
        self.disposition = disposition
        self.file = file
        pages = try PageMaker()
    }

    var seen: State { state.withLock { $0 } }

    /// Runs both and gives the shop's address.
    func run(_ body: @escaping @Sendable (URL) async throws -> Void) async throws {
        let host = ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0))
        let cardSite = Application(router: cardSiteRouter(), configuration: host)
        try await cardSite.test(.live) { client in
            let port = try #require(client.port)
            self.state.withLock { $0.cardSite = "http://127.0.0.1:\(port)" }
            let shop = Application(router: self.shopRouter(), configuration: host)
            try await shop.test(.live) { client in
                let port = try #require(client.port)
                try await body(try #require(URL(string: "http://127.0.0.1:\(port)")))
            }
        }
    }

    private static var order: [String: Any] {
        [
            "number": "T1", "title": "Salt", "kind": "Story", "drawing": "salt", "amount": "€0.05",
            "articleHref": "/articles/salt",
        ]
    }
    private static let bill = ["merchant": "Tide & Page", "amount": "€0.05", "article": "Salt"]
    private static var facts: [[String: Any]] {
        [
            ["label": "Balance now", "value": "€4.95", "name": "balance"],
            ["label": "Transaction", "value": "T1", "name": "transaction", "code": true],
            ["label": "Time", "value": "1 May, 12:00", "name": "time"],
        ]
    }

    static func refusal(_ tone: String, _ title: String) -> [String: Any] {
        ["tone": tone, "title": title, "what": "What.", "money": "Money.", "next": "Next."]
    }
}

// The shop.
extension FakeSites {
    private func shopRouter() -> Router<BasicRequestContext> {
        let router = Router()
        let note = { @Sendable (request: Request, fields: [String: String]) in
            self.state.withLock { $0.seenByShop.append(SeenRequest(request, fields: fields)) }
        }
        router.get("articles/salt") { request, _ in
            note(request, [:])
            let article: [String: Any] = [
                "id": "salt", "drawing": "salt", "kind": "Story", "title": "Salt",
                "note": "A novel.", "price": "€0.05",
            ]
            return self.pages.page(
                "shop/article",
                ["article": article, "orderAction": "/orders", "csrf": "shop-token"],
                cookie: "shop=1; Path=/; HttpOnly; SameSite=Lax"
            )
        }
        router.post("orders") { request, _ in
            note(request, try await formFields(request))
            return PageMaker.seeOther("/orders/T1?key=k")
        }
        router.get("orders/T1") { request, _ in
            note(request, [:])
            return self.orderPage(shop: request.head.authority ?? "")
        }
        router.post("status") { request, _ in
            let fields = try await formFields(request)
            note(request, fields)
            let isPaid = fields["result"] == "sealed-paid"
            if isPaid { self.state.withLock { $0.isPaid = true } }
            return PageMaker.seeOther(isPaid ? "/receipt/T1?key=k" : "/orders/T1?key=k")
        }
        router.get("receipt/T1") { request, _ in
            note(request, [:])
            return self.receiptPage()
        }
        router.get("files/:name") { request, _ in
            note(request, [:])
            var response = Response(
                status: .ok,
                headers: [.contentType: "application/octet-stream"],
                body: .init(byteBuffer: ByteBuffer(string: self.file))
            )
            response.headers[.contentDisposition] = self.disposition
            return response
        }
        return router
    }

    private func receiptPage() -> Response {
        pages.page(
            "shop/receipt",
            [
                "order": Self.order, "facts": [["label": "Paid with", "value": "Virtual card"]],
                "download": ["href": "/files/salt-file.txt", "label": "Download"],
                "catalogueHref": "/",
            ]
        )
    }

    private func orderPage(shop: String) -> Response {
        let (isPaid, cardSite) = state.withLock { ($0.isPaid, $0.cardSite) }
        guard !isPaid else {
            let receipt: [String: Any] = [
                "label": "Open the receipt", "href": "/receipt/T1?key=k", "primary": true,
            ]
            return pages.page(
                "shop/order-paid",
                [
                    "order": Self.order, "actions": ["links": [receipt]],
                    "refusal": Self.refusal("plain", "No second payment was made"),
                ]
            )
        }
        let fields = [
            ["name": "transaction", "value": "T1"],
            ["name": "status-url", "value": "http://\(shop)/status"],
            ["name": "description", "value": "Salt & “pepper” +1"],
        ]
        let pay: [String: Any] = [
            "action": "\(cardSite)/checkout", "host": "127.0.0.1", "fields": fields,
        ]
        var values: [String: Any] = ["order": Self.order, "pay": pay]
        if paymentServer != "" {
            let place = ["name": "payment-server-url", "value": paymentServer ?? cardSite]
            values["physical"] =
                [
                    "command": "opal pay --reader", "action": "/status", "fields": fields + [place],
                ] as [String: Any]
        }
        return pages.page("shop/order", values)
    }
}

// The card site.
extension FakeSites {
    private func cardSiteRouter() -> Router<BasicRequestContext> {
        let router = Router()
        let note = { @Sendable (request: Request, fields: [String: String]) in
            self.state.withLock { $0.seenByCardSite.append(SeenRequest(request, fields: fields)) }
        }
        router.post("checkout") { request, _ in
            let fields = try await formFields(request)
            note(request, fields)
            self.state.withLock { $0.statusURL = fields["status-url"] ?? "" }
            var response = PageMaker.seeOther("/checkout/T1")
            response.headers[.setCookie] = "card=form; Path=/; HttpOnly; SameSite=Lax"
            return response
        }
        router.post("messages") { request, _ in
            note(request, [:])
            let body = try await request.body.collect(upTo: 1 << 16)
            let type = request.headers[.contentType] ?? ""
            return Response(
                status: type == "application/octet-stream" ? .ok : .unsupportedMediaType,
                body: .init(byteBuffer: ByteBuffer(bytes: body.readableBytesView.reversed()))
            )
        }
        router.get("checkout/T1") { request, _ in
            note(request, [:])
            return self.consentPage()
        }
        router.post("checkout/T1/consent") { request, _ in
            let fields = try await formFields(request)
            note(request, fields)
            return self.answer(fields)
        }
        router.get("pending/T1") { request, _ in
            note(request, [:])
            let looks = self.state.withLock { state in
                state.looks += 1
                return state.looks
            }
            return self.story == .pendingThenPaid && looks == 2
                ? self.paidPage() : self.pendingPage()
        }
        return router
    }

    private func answer(_ fields: [String: String]) -> Response {
        guard fields["userIdentifier"] == "ada", fields["password"] == "right & secret",
            fields["decision"] == "pay", fields["csrf"] == "card-token"
        else { return consentPage(problem: "That did not match") }
        switch story {
        case .paid: return paidPage()
        case .refused: return refusedPage("bad", "Your card does not hold enough", "sealed-refused")
        case .waiting: return refusedPage("wait", "The payment was given up", nil)
        case .refusedAsPaidBefore:
            return refusedPage("plain", "No second payment was made", "sealed-paid")
        case .pending, .pendingThenPaid: return pendingPage()
        case .throttled: return pages.page("error-429", [:], status: .tooManyRequests)
        case .broken: return pages.page("error-500", [:], status: .internalServerError)
        case .secondConsent: return consentPage()
        }
    }

    private func consentPage(problem: String? = nil) -> Response {
        let empty: [String: Any] = [:]
        let form: [String: Any] = [
            "action": "/checkout/T1/consent", "userIdentifier": empty, "password": empty,
        ]
        var values: [String: Any] = [
            "order": Self.bill, "form": form, "csrf": "card-token", "cancelAction": "/cancel",
        ]
        if let problem { values["problems"] = ["title": problem, "text": "Try again."] }
        return pages.page("cardholder/checkout", values, status: problem == nil ? .ok : .forbidden)
    }

    private func handover(_ result: String) -> [String: Any] {
        [
            "action": state.withLock { $0.statusURL }, "transaction": "T1", "result": result,
            "merchant": "Tide & Page",
        ]
    }

    private func paidPage() -> Response {
        pages.page(
            "cardholder/checkout-paid",
            [
                "order": Self.bill, "facts": Self.facts, "handover": handover("sealed-paid"),
                "historyHref": "/history",
            ]
        )
    }

    private func refusedPage(_ tone: String, _ title: String, _ result: String?) -> Response {
        var values: [String: Any] = [
            "order": Self.bill, "facts": Self.facts, "refusal": Self.refusal(tone, title),
        ]
        if let result { values["handover"] = handover(result) }
        return pages.page("cardholder/checkout-refused", values)
    }

    private func pendingPage() -> Response {
        pages.page(
            "cardholder/checkout-pending",
            [
                "order": Self.bill, "facts": Self.facts, "selfHref": "/pending/T1",
                "refreshSeconds": "3", "historyHref": "/history",
            ]
        )
    }
}
