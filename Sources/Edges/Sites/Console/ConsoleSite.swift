// SPDX-License-Identifier: Apache-2.0

package import Hummingbird
package import Kernel
import OPALServer
import Traces

/// The operator console: what runs, cards, sales, terminals, loyalty programmes and mails. Each
/// page but the sign-in needs a session.
package struct ConsoleSite: Sendable {
    private(set) var parts: ConsoleParts
    /// Whose console it is.
    private(set) var role = OperatorRole.everything
    let operators: OperatorDesk
    let shell: SiteShell
    let cookies: CookieJar
    let formToken: FormToken
    let clientAddress: ClientAddress
    let now: @Sendable () -> Instant
    let random: any RandomSource

    static let cookie = "opal-operator"

    /// - Parameters:
    ///   - parts: the parties in this process.
    ///   - operators: who may sign in.
    ///   - templates: of all sites.
    ///   - wording: of all sites.
    ///   - isSecure: whether the console is reached by https.
    ///   - clientAddress: where a logon comes from.
    ///   - now: asked once for each request.
    ///   - random: for form tokens and references.
    ///   - look: the head and the foot of the pages.
    package init(
        parts: ConsoleParts,
        operators: OperatorDesk,
        templates: Templates,
        wording: Wording,
        isSecure: Bool,
        clientAddress: ClientAddress = ClientAddress(trustsProxy: false),
        now: @escaping @Sendable () -> Instant,
        random: any RandomSource,
        look: SiteLook = .console
    ) {
        self.parts = parts
        self.operators = operators
        shell = SiteShell(templates: templates, look: look, wording: wording, isSecure: isSecure)
        cookies = CookieJar(isSecure: isSecure)
        formToken = FormToken(cookies: cookies, random: random)
        self.clientAddress = clientAddress
        self.now = now
        self.random = random
    }

    /// The console: each operator sees that of his role.
    package func router() -> Router<SiteContext> {
        pages(RoleSwitch(self))
    }

    /// The same for one role alone.
    func narrowed(to role: OperatorRole) -> ConsoleSite {
        var site = self
        site.parts = parts.visible(to: role)
        site.role = role
        return site
    }

    func pages(_ roles: RoleSwitch? = nil) -> Router<SiteContext> {
        let router = shell.router(random: random)
        if let roles { router.add(middleware: roles) }
        let site = self
        router.get("/sign-in") { request, _ in site.showSignIn(request) }
        router.post("/sign-in") { request, context in try await site.signIn(request, context) }
        look("/sign-out", on: router) { visit in site.signOut(visit) }
        get("/", on: router) { visit in try await site.showOverview(visit) }
        if !parts.own.isEmpty {
            addSearch(to: router)
            if role == .everything || role == .auditor {
                get("/stores", on: router) { visit in await site.showStores(visit) }
            }
            let open = ConsoleOpen(self)
            get("/open", on: router) { visit in try await open.show(visit) }
            post("/open/draws/:transaction", on: router) { visit in try await open.askDraw(visit) }
            post("/open/orders/:transaction", on: router) { visit in
                try await open.askOrder(visit)
            }
            addLoadPages(to: router)
        }
        if let cardSide = parts.cardSide { addCardPages(cardSide, to: router) }
        if let payments = parts.payments { addPaymentPages(payments, to: router) }
        if let loyalty = parts.loyalty { addLoyaltyPages(loyalty, to: router) }
        if let clearing = parts.clearing { addClearingPages(clearing, to: router) }
        return router
    }

    private func addSearch(to router: Router<SiteContext>) {
        let search = ConsoleSearch(self)
        get("/search", on: router) { visit in search.ask(visit) }
        look("/search", on: router) { visit in try await search.find(visit) }
        let stories = ConsoleStories(self)
        get("/transactions/:transaction", on: router) { visit in try await stories.show(visit) }
    }

    private func addLoadPages(to router: Router<SiteContext>) {
        let hasLoads = parts.cardSide?.loads != nil || parts.cardSide?.accountLoads != nil
        guard hasLoads || !parts.banks.isEmpty else { return }
        let pages = ConsoleLoads(self)
        get("/loads", on: router) { visit in try await pages.show(visit) }
        post("/loads/cards/:transaction", on: router) { visit in
            try await pages.askForCard(visit)
        }
        post("/loads/accounts/:transaction", on: router) { visit in
            try await pages.askForAccount(visit)
        }
        post("/loads/banks/:transaction", on: router) { visit in
            try await pages.askForBank(visit)
        }
    }

    private func addCardPages(_ side: ConsoleParts.CardSide, to router: Router<SiteContext>) {
        let pages = ConsoleCards(self, side)
        get("/cards", on: router) { visit in try await pages.list(visit) }
        look("/cards/find", on: router) { visit in try await pages.find(visit) }
        get("/cards/:card", on: router) { visit in try await pages.show(visit) }
        post("/cards/:card/number", on: router) { visit in try await pages.showNumber(visit) }
        post("/cards/:card/block", on: router) { visit in
            try await pages.setBlocked(true, visit)
        }
        post("/cards/:card/unblock", on: router) { visit in
            try await pages.setBlocked(false, visit)
        }
        let limits = ConsoleCardLimits(self, side)
        get("/cards/:card/limits", on: router) { visit in try await limits.show(visit) }
        post("/cards/:card/limits", on: router) { visit in try await limits.propose(visit) }
        post("/cards/:card/limits/agree", on: router) { visit in try await limits.agree(visit) }
        post("/cards/:card/limits/decline", on: router) { visit in
            try await limits.decline(visit)
        }
        if let disputes = side.disputes { addDisputePages(side, disputes, to: router) }
        guard role.seesMails else { return }
        let mails = ConsoleMails(self, side)
        get("/outbox", on: router) { visit in try await mails.list(visit) }
        get("/outbox/:mail", on: router) { visit in try await mails.show(visit) }
    }

    private func addDisputePages(
        _ side: ConsoleParts.CardSide,
        _ desk: DisputeDesk,
        to router: Router<SiteContext>
    ) {
        let pages = ConsoleDisputes(self, side, desk)
        get("/disputes", on: router) { visit in try await pages.list(visit) }
        get("/disputes/:transaction", on: router) { visit in try await pages.show(visit) }
        post("/disputes/:transaction/refund", on: router) { visit in
            try await pages.refund(visit)
        }
        post("/disputes/:transaction/reject", on: router) { visit in
            try await pages.reject(visit)
        }
    }

    private func addPaymentPages(
        _ payments: ConsoleParts.Payments,
        to router: Router<SiteContext>
    ) {
        let pages = ConsoleSales(self, payments)
        get("/sales", on: router) { visit in try await pages.list(visit) }
        get("/sales/:transaction", on: router) { visit in try await pages.show(visit) }
        get("/terminals", on: router) { visit in await pages.terminals(visit) }
    }

    // MARK: Pages behind the sign-in

    /// A request of an operator who is signed in.
    struct Visit: Sendable {
        let session: OperatorSession
        let request: Request
        let context: SiteContext
        /// The posted form; the query of a page.
        let form: Form
        let reader: Reader
        let now: Instant

        /// The transaction that the address names, which the work of this request is about.
        ///
        /// - Throws: `.notFound` where it names none.
        func transaction() throws(SiteFailure) -> TransactionIdentifier {
            let name = context.parameters.get("transaction") ?? ""
            guard let transaction = TransactionIdentifier(name) else { throw .notFound }
            TraceSubject.note(transaction)
            return transaction
        }
    }

    /// Without a session the answer is the way to the sign-in, whatever was asked.
    func get(
        _ path: RouterPath,
        on router: Router<SiteContext>,
        _ handler: @escaping @Sendable (Visit) async throws -> Response
    ) {
        let site = self
        router.get(path) { request, context in
            guard let session = site.session(request) else { return site.toSignIn }
            return try await handler(
                site.visit(session, request, context, try Form.query(request))
            )
        }
    }

    /// As ``get(_:on:_:)``; the form must carry the token of the session, and the operator's role
    /// allow acts.
    func post(
        _ path: RouterPath,
        on router: Router<SiteContext>,
        _ handler: @escaping @Sendable (Visit) async throws -> Response
    ) {
        let acts = role.acts
        look(path, on: router) { visit in
            guard acts else { throw SiteFailure.notAllowed }
            return try await handler(visit)
        }
    }

    /// As ``post(_:on:_:)``, for what changes nothing and is posted because it must not stand in an
    /// address.
    func look(
        _ path: RouterPath,
        on router: Router<SiteContext>,
        _ handler: @escaping @Sendable (Visit) async throws -> Response
    ) {
        let site = self
        router.post(path) { request, context in
            guard let session = site.session(request) else { return site.toSignIn }
            let form = try await Form.read(request)
            try site.check(form.text("csrf"), of: session)
            return try await handler(site.visit(session, request, context, form))
        }
    }

    /// As ``get(_:on:_:)``, for a body that the handler reads as it comes; it begins with the token
    /// of the session, which the handler checks before it takes anything else.
    func upload(
        _ path: RouterPath,
        on router: Router<SiteContext>,
        _ handler: @escaping @Sendable (Visit) async throws -> Response
    ) {
        let site = self
        router.post(path) { request, context in
            guard let session = site.session(request) else { return site.toSignIn }
            guard site.role.acts else { throw SiteFailure.notAllowed }
            return try await handler(site.visit(session, request, context, try Form([])))
        }
    }

    /// - Throws: `.forbidden` unless this is the token of the session.
    func check(_ token: String, of session: OperatorSession) throws(SiteFailure) {
        guard ConstantTime.isEqual(Array(token.utf8), Array(session.formToken.utf8)) else {
            throw .forbidden
        }
    }

    private func visit(
        _ session: OperatorSession,
        _ request: Request,
        _ context: SiteContext,
        _ form: Form
    ) -> Visit {
        Visit(
            session: session,
            request: request,
            context: context,
            form: form,
            reader: shell.wording.reader(request),
            now: now()
        )
    }

    func session(_ request: Request) -> OperatorSession? {
        cookies.value(ConsoleSite.cookie, of: request).flatMap {
            operators.session($0, at: now())
        }
    }

    private var toSignIn: Response { SiteShell.seeOther("/sign-in") }

    /// A page of the console with its navigation; `current` is the link that it belongs to.
    func response(
        _ template: String,
        _ values: [String: Any],
        _ visit: Visit,
        current: String,
        status: HTTPResponse.Status = .ok,
        notice: Page.Notice? = nil
    ) -> Response {
        var items = [SiteLook.Link("Overview", "/")]
        if !parts.own.isEmpty {
            items.append(SiteLook.Link("Search", "/search"))
            items.append(SiteLook.Link("Open", "/open"))
        }
        if parts.cardSide != nil { items.append(SiteLook.Link("Cards", "/cards")) }
        if parts.payments != nil {
            items.append(SiteLook.Link("Sales", "/sales"))
            items.append(SiteLook.Link("Terminals", "/terminals"))
        }
        if parts.cardSide?.loads != nil || !parts.banks.isEmpty {
            items.append(SiteLook.Link("Loads", "/loads"))
        }
        if parts.cardSide?.disputes != nil {
            items.append(SiteLook.Link("Disputes", ConsoleDisputes.path))
        } else if parts.clearing?.merchant != nil {
            items.append(SiteLook.Link("Disputes", ConsoleMerchantDisputes.path))
        }
        if parts.clearing != nil { items.append(SiteLook.Link("Clearing", "/clearing")) }
        if parts.loyalty != nil { items.append(SiteLook.Link("Programmes", "/programmes")) }
        if parts.cardSide != nil, role.seesMails {
            items.append(SiteLook.Link("Outbox", "/outbox"))
        }
        return shell.response(
            Page(
                template,
                values,
                status: status,
                csrf: visit.session.formToken,
                navigation: Navigation(items, current: current, signOut: "/sign-out"),
                notice: notice
            )
        )
    }
}

extension SiteLook {
    package static let console = SiteLook(
        kind: .console,
        brand: Brand(name: "OPAL", note: "Operator console", mark: "opal-mark"),
        footer: Footer(text: "Operator console"),
        money: "Nothing was changed."
    )
}

/// Small shapes of the templates.
enum Shape {
    static func badge(_ text: String, _ tone: Tone) -> [String: Any] {
        ["text": text, "tone": tone.rawValue]
    }

    /// When the record with this key, a UUID of version 7, was made: for those that do not open.
    static func time(ofKey key: [UInt8], _ reader: Reader) -> [String: Any] {
        reader.time(Instant(milliseconds: key.prefix(6).reduce(0) { $0 << 8 | Int64($1) }))
    }

    static func fact(_ label: String, _ value: String, isCode: Bool = false) -> [String: Any] {
        var fact: [String: Any] = ["label": label, "value": value]
        if isCode { fact["code"] = true }
        return fact
    }
}
