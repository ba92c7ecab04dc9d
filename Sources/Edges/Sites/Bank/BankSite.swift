// SPDX-License-Identifier: Apache-2.0

package import Bank
package import Hummingbird
package import Kernel
import Traces
import Wire

/// The demonstration bank's pages: accounts, statement, and loading a card (FIG. 18, steps 871–875
/// and 892).
///
/// A customer sees the own accounts alone: every account that a page names is looked for among
/// them.
package struct BankSite: Sendable {
    let bank: BankModule
    let customers: BankCustomers
    let settings: BankSiteSettings
    let shell: SiteShell
    let cookies: CookieJar
    let formToken: FormToken
    let now: @Sendable () -> Instant
    /// Each question about a card, and each load, stays in the store for a while.
    let rate: RateLimit
    private let random: any RandomSource

    static let cookie = "opal-bank"

    /// - Parameters:
    ///   - bank: the bank server 860.
    ///   - customers: who may sign in.
    ///   - settings: addresses and looks.
    ///   - templates: of all sites.
    ///   - wording: of all sites.
    ///   - now: asked once for each request.
    ///   - random: for form tokens and references.
    package init(
        bank: BankModule,
        customers: BankCustomers,
        settings: BankSiteSettings,
        templates: Templates,
        wording: Wording,
        now: @escaping @Sendable () -> Instant,
        random: any RandomSource
    ) {
        self.bank = bank
        self.customers = customers
        self.settings = settings
        shell = SiteShell(
            templates: templates,
            look: settings.look,
            wording: wording,
            isSecure: settings.isSecure
        )
        cookies = CookieJar(isSecure: settings.isSecure)
        formToken = FormToken(cookies: cookies, random: random)
        self.now = now
        self.random = random
        rate = RateLimit(
            countMax: BankSiteLimits.loadsPerCustomer,
            window: BankSiteLimits.loadWindow,
            namesMax: BankSiteLimits.customersMax
        )
    }

    package func router() -> Router<SiteContext> {
        let router = shell.router(random: random)
        let site = self
        router.get("/sign-in") { request, _ in try site.showSignIn(request) }
        router.post("/sign-in") { request, context in try await site.signIn(request, context) }
        post("/sign-out", on: router) { visit in site.signOut(visit) }
        get("/", on: router) { visit in try await site.showAccounts(visit) }
        get("/accounts/:account", on: router) { visit in try await site.showStatement(visit) }
        addLoadPages(to: router)
        return router
    }

    private func addLoadPages(to router: Router<SiteContext>) {
        let site = self
        post("/load", on: router) { visit in try await site.askForCard(visit) }
        // The browser comes here from the card site, with a form or an address: neither carries a
        // token, and only what was sealed for this bank changes anything.
        router.post("/load/information") { request, _ in
            try await site.takeInformation(try await Form.read(request), request)
        }
        router.get("/load/information") { request, _ in
            try await site.takeInformation(try Form.query(request), request)
        }
        router.post("/load/result") { request, _ in try await site.takeResult(request) }
        get("/amount/:inquiry", on: router) { visit in try await site.showAmounts(visit) }
        post("/amount/:inquiry", on: router) { visit in try await site.beginLoad(visit) }
        get("/loads/:transaction", on: router) { visit in try await site.showLoad(visit) }
        get("/loads/:transaction/card", on: router) { visit in try await site.showPage(visit) }
    }

    // MARK: Pages behind the sign-in

    /// A request of a customer who is signed in.
    struct Visit: Sendable {
        let session: SignInSession
        let context: SiteContext
        /// The posted form; the query of a page.
        let form: Form
        let reader: Reader
        let now: Instant

        /// - Throws: `.notFound` where the path names no transaction.
        func transaction(_ name: String) throws(SiteFailure) -> TransactionIdentifier {
            guard
                let found = context.parameters.get(name).flatMap({ TransactionIdentifier($0) })
            else { throw .notFound }
            TraceSubject.note(found)
            return found
        }
    }

    /// Without a session the answer is the way to the sign-in, and from there back to here.
    private func get(
        _ path: RouterPath,
        on router: Router<SiteContext>,
        _ handler: @escaping @Sendable (Visit) async throws -> Response
    ) {
        let site = self
        router.get(path) { request, context in
            guard let session = site.session(request) else {
                return SiteShell.seeOther(SignInReturn.signInPath(to: request.uri.path))
            }
            return try await handler(
                site.visit(session, request, context, try Form.query(request))
            )
        }
    }

    /// As ``get(_:on:_:)``; the form must carry the token of the session.
    private func post(
        _ path: RouterPath,
        on router: Router<SiteContext>,
        _ handler: @escaping @Sendable (Visit) async throws -> Response
    ) {
        let site = self
        router.post(path) { request, context in
            guard let session = site.session(request) else {
                return SiteShell.seeOther(SignInReturn.signInPath)
            }
            let form = try await Form.read(request)
            let (given, expected) = (form.text("csrf"), session.formToken)
            guard ConstantTime.isEqual(Array(given.utf8), Array(expected.utf8)) else {
                throw SiteFailure.forbidden
            }
            return try await handler(site.visit(session, request, context, form))
        }
    }

    private func visit(
        _ session: SignInSession,
        _ request: Request,
        _ context: SiteContext,
        _ form: Form
    ) -> Visit {
        Visit(
            session: session,
            context: context,
            form: form,
            reader: shell.wording.reader(request),
            now: now()
        )
    }

    private func session(_ request: Request) -> SignInSession? {
        cookies.value(BankSite.cookie, of: request).flatMap {
            customers.signIn.session($0, at: now())
        }
    }

    /// A page of the bank with its navigation; `current` is the link that it belongs to.
    func response(
        _ template: String,
        _ values: [String: Any],
        _ visit: Visit,
        current: String? = nil,
        status: HTTPResponse.Status = .ok,
        formOrigin: String? = nil
    ) -> Response {
        shell.response(
            Page(
                template,
                values,
                status: status,
                csrf: visit.session.formToken,
                navigation: Navigation(
                    [SiteLook.Link("Accounts", "/")],
                    current: current,
                    signOut: "/sign-out"
                ),
                formOrigin: formOrigin
            )
        )
    }

    /// A page that only says what was not done.
    func refused(
        _ title: String,
        _ text: RefusalText,
        _ visit: Visit,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        response(
            "bank/refused",
            [
                "title": title, "refusal": text.values(),
                "actions": ["links": [["label": "To your accounts", "href": "/"]]],
            ],
            visit,
            status: status
        )
    }
}
