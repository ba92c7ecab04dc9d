// SPDX-License-Identifier: Apache-2.0

package import Hummingbird
package import Kernel
import LoyaltyServer
import Merchant
import Wire

/// The airline's pages: the web server 208' of FIG. 16. A card proves who its holder is, and
/// benefits are given for points.
///
/// A session is opened by a proof of identity, once. Who has the address of an order of a benefit,
/// with its receipt key, is who ordered, as in the shop.
package struct AirlineSite: Sendable {
    let desk: RedemptionDesk
    let content: AirlineContent
    let settings: AirlineSettings
    let shell: SiteShell
    let cookies: CookieJar
    let formToken: FormToken
    let sessions: SignInSessions
    let arrivals: ProofArrivals
    let now: @Sendable () -> Instant
    let uptime: (@Sendable () -> Uptime)?
    let signInRate: RateLimit
    let redemptionRate: RateLimit
    private let random: any RandomSource

    static let sessionCookie = "opal-airline"
    /// Of the browser that brought a proof.
    static let arrivalCookie = "opal-airline-arrival"

    /// - Parameters:
    ///   - desk: the merchant module of this site, and the loyalty server.
    ///   - content: drawings and files.
    ///   - settings: addresses, looks and programmes.
    ///   - templates: of all sites.
    ///   - wording: of all sites.
    ///   - now: asked once for each request.
    ///   - uptime: a clock that only goes forward, for sessions; nil where nobody sets the other.
    ///   - random: for sessions, form tokens and references.
    package init(
        desk: RedemptionDesk,
        content: AirlineContent,
        settings: AirlineSettings,
        templates: Templates,
        wording: Wording,
        now: @escaping @Sendable () -> Instant,
        uptime: (@Sendable () -> Uptime)? = nil,
        random: any RandomSource
    ) {
        self.desk = desk
        self.content = content
        self.settings = settings
        shell = SiteShell(
            templates: templates,
            look: settings.look,
            wording: wording,
            isSecure: settings.isSecure
        )
        cookies = CookieJar(isSecure: settings.isSecure)
        formToken = FormToken(cookies: cookies, random: random)
        sessions = SignInSessions(random: random)
        arrivals = ProofArrivals(random: random)
        self.now = now
        self.uptime = uptime
        self.random = random
        func rate(_ countMax: Int) -> RateLimit {
            RateLimit(
                countMax: countMax,
                window: AirlineLimits.window,
                namesMax: AirlineLimits.namesMax
            )
        }
        signInRate = rate(AirlineLimits.signInsPerAddress)
        redemptionRate = rate(AirlineLimits.redemptionsPerCard)
    }

    package func router() -> Router<SiteContext> {
        let router = shell.router(random: random)
        let site = self
        router.get("/") { request, _ in try await site.showHome(request) }
        router.get("/benefits/:code") { request, context in
            try await site.showBenefit(request, context)
        }
        router.post("/sign-in") { request, context in try await site.signIn(request, context) }
        router.get("/order/:transaction") { request, context in
            try await site.showOrder(request, context)
        }
        router.post("/status") { request, _ in try await site.takeResult(request) }
        router.get("/signed-in/:transaction") { request, context in
            try await site.arrive(request, context)
        }
        router.get("/member") { request, _ in try await site.showMember(request) }
        router.post("/join") { request, _ in try await site.join(request) }
        router.post("/redeem") { request, _ in try await site.redeem(request) }
        router.get("/redemptions/:transaction") { request, context in
            try await site.showRedemption(request, context)
        }
        router.get("/files/:transaction") { request, context in
            try await site.download(request, context)
        }
        router.post("/sign-out") { request, _ in try await site.signOut(request) }
        return router
    }

    // MARK: Sessions

    /// Somebody whose card proved who it is.
    struct Visitor: Sendable {
        let session: SignInSession
        let card: CardPseudonym
        let proof: SignInSession.Proof
    }

    func visitor(_ request: Request) -> Visitor? {
        guard
            let session = cookies.value(AirlineSite.sessionCookie, of: request).flatMap({
                sessions.use($0, at: clock())
            }), let card = CardPseudonym(text: session.name.text), let proof = session.proof
        else { return nil }
        return Visitor(session: session, card: card, proof: proof)
    }

    func membership(
        of visitor: Visitor,
        in programme: Currency
    ) async throws(SiteFailure) -> Membership? {
        try await desk.membership(
            of: visitor.card,
            in: programme,
            proved: visitor.proof.memberships
        )
    }

    func clock() -> Uptime { uptime?() ?? Uptime(now()) }

    /// A posted form of a session.
    ///
    /// - Throws: `.forbidden` unless it carries the token of the session.
    func form(_ request: Request, of visitor: Visitor) async throws(SiteFailure) -> Form {
        let form = try await Form.read(request)
        let (given, expected) = (form.text("csrf"), visitor.session.formToken)
        guard ConstantTime.isEqual(Array(given.utf8), Array(expected.utf8)) else {
            throw .forbidden
        }
        return form
    }

    // MARK: Pages

    /// A page with the navigation of who looks at it; `current` is the link that it belongs to.
    func response(
        _ template: String,
        _ values: [String: Any],
        _ request: Request,
        _ visitor: Visitor?,
        current: String? = nil,
        status: HTTPResponse.Status = .ok,
        formOrigin: String? = nil
    ) -> Response {
        let token = visitor?.session.formToken ?? formToken.issue(to: request)
        let links = [SiteLook.Link("Benefits", "/")]
        let navigation = visitor.map { _ in
            Navigation(
                links + [SiteLook.Link("Your points", "/member")],
                current: current,
                signOut: "/sign-out"
            )
        }
        var response = shell.response(
            Page(
                template,
                values,
                status: status,
                csrf: token,
                navigation: navigation,
                formOrigin: formOrigin
            )
        )
        if visitor == nil { formToken.keep(token, on: &response) }
        return response
    }

    /// A page that only says what was not done.
    func refused(
        _ title: String,
        _ text: RefusalText,
        _ request: Request,
        status: HTTPResponse.Status,
        reference: String? = nil
    ) -> Response {
        let visitor = visitor(request)
        let link: [String: Any] =
            visitor == nil
            ? ["label": "To the start page", "href": "/"]
            : ["label": "To your points", "href": "/member"]
        return response(
            "airline/refused",
            [
                "title": title, "refusal": text.values(reference: reference),
                "actions": ["links": [link]],
            ],
            request,
            visitor,
            status: status
        )
    }
}
