// SPDX-License-Identifier: Apache-2.0

package import Hummingbird
package import Kernel
package import Merchant
import Traces

/// The shop's pages: catalogue, order, status URL, receipt and download (FIG. 11A, steps 602–606;
/// FIG. 11C, steps 636–640).
///
/// It keeps no session: who has the address of an order, with its receipt key, is who ordered.
package struct ShopSite: Sendable {
    let merchant: MerchantModule
    let catalogue: Catalogue
    let content: DemoContent
    let settings: ShopSettings
    let shell: SiteShell
    let now: @Sendable () -> Instant
    let formToken: FormToken
    let rate: RateLimit
    private let random: any RandomSource

    /// - Parameters:
    ///   - merchant: the module 232 of this shop.
    ///   - catalogue: what can be ordered.
    ///   - content: how it is shown, and the goods.
    ///   - settings: addresses and looks.
    ///   - templates: of all sites.
    ///   - wording: of all sites.
    ///   - now: asked once for each request.
    ///   - random: for form tokens and references.
    package init(
        merchant: MerchantModule,
        catalogue: Catalogue,
        content: DemoContent,
        settings: ShopSettings,
        templates: Templates,
        wording: Wording,
        now: @escaping @Sendable () -> Instant,
        random: any RandomSource
    ) {
        self.merchant = merchant
        self.catalogue = catalogue
        self.content = content
        self.settings = settings
        shell = SiteShell(
            templates: templates,
            look: settings.look,
            wording: wording,
            isSecure: settings.isSecure
        )
        self.now = now
        self.random = random
        formToken = FormToken(cookies: CookieJar(isSecure: settings.isSecure), random: random)
        rate = RateLimit(
            countMax: ShopLimits.ordersPerAddress,
            window: ShopLimits.orderWindow,
            namesMax: ShopLimits.addressesMax
        )
    }

    package func router() -> Router<SiteContext> {
        let router = shell.router(random: random)
        let site = self
        router.get("/") { request, _ in site.showCatalogue(request) }
        router.get("/articles/:article") { request, context in
            try site.showArticle(request, context)
        }
        router.post("/order") { request, context in try await site.order(request, context) }
        router.get("/order/:transaction") { request, context in
            try await site.showOrder(request, context)
        }
        router.post("/reorder") { request, _ in try await site.reorder(request) }
        router.post("/status") { request, _ in try await site.takeResult(request) }
        router.get("/receipt/:transaction") { request, context in
            try await site.showReceipt(request, context)
        }
        router.get("/download/:transaction") { request, context in
            try await site.download(request, context)
        }
        return router
    }
}

/// The way to one order: its transaction and the receipt key, as they stand in an address.
///
/// Whoever makes one works on that order: the log lines of the request name its transaction.
struct OrderAddress: Sendable {
    let transaction: TransactionIdentifier
    let key: ReceiptKey

    init(_ ticket: MerchantModule.Ticket) {
        self.init(ticket.transaction, ticket.receiptKey)
    }

    init(_ transaction: TransactionIdentifier, _ key: ReceiptKey) {
        self.transaction = transaction
        self.key = key
        TraceSubject.note(transaction)
    }

    /// From `/…/{transaction}?key={key}`.
    ///
    /// - Throws: `.notFound` where either is missing or cannot be: no more is told.
    init(_ request: Request, _ context: SiteContext) throws(SiteFailure) {
        guard let text = context.parameters.get("transaction"),
            let transaction = TransactionIdentifier(text),
            let key = ReceiptKey(try Form.query(request).text("key"))
        else { throw .notFound }
        self.init(transaction, key)
    }

    /// From the fields `transaction` and `key` of a form.
    init(_ form: Form) throws(SiteFailure) {
        guard let transaction = TransactionIdentifier(form.text("transaction")),
            let key = ReceiptKey(form.text("key"))
        else { throw .notFound }
        self.init(transaction, key)
    }

    var order: String { path("order") }
    var receipt: String { path("receipt") }
    var download: String { path("download") }

    private func path(_ page: String) -> String {
        "/\(page)/\(transaction.text)?key=\(key.reveal())"
    }
}

extension SiteFailure {
    /// For failures of an order that no page of the shop tells of in its own words.
    init(_ failure: OrderFailure) {
        switch failure {
        case .unknownOrder: self = .notFound
        case _ where failure.isTransient: self = .unavailable(failure)
        default: self = .broken(failure)
        }
    }
}

/// Does one step of the merchant module; what no page tells of becomes an error page.
func merchantStep<Value>(
    _ step: () async throws(OrderFailure) -> Value
) async throws(SiteFailure) -> Value {
    do throws(OrderFailure) {
        return try await step()
    } catch {
        throw SiteFailure(error)
    }
}
