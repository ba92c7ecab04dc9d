// SPDX-License-Identifier: Apache-2.0

package import Hummingbird
package import Kernel
package import OPALServer

/// The pages of the OPAL server: a person opens a card, looks at it, pays with it and has it loaded
/// (FIG. 10, steps 502–506; FIG. 11, steps 606–634; FIG. 18, steps 872–891).
package struct CardholderSite: Sendable {
    /// What the site works with.
    package struct Parts: Sendable {
        package let users: UserDirectory
        package let desk: CardDesk
        package let purchases: Purchases
        package let loads: Loads
        package let guardians: Guardians
        /// Renews expired cards.
        package let succession: CardSuccession
        package let offers: Offers
        package let templates: Templates
        package let wording: Wording
        package let now: @Sendable () -> Instant
        package let random: any RandomSource
        /// Nil where no value comes from accounts on file: then there are no pages for it.
        package let funding: CardholderFunding?
        /// The loyalty programmes that cards can be members of; nil where there are none.
        package let programmes: ProgrammeDirectory?
        /// What holders dispute; nil where nobody decides: then purchases have no pages.
        package let disputes: DisputeDesk?

        package init(
            users: UserDirectory,
            desk: CardDesk,
            purchases: Purchases,
            loads: Loads,
            guardians: Guardians,
            succession: CardSuccession,
            offers: Offers,
            templates: Templates,
            wording: Wording,
            now: @escaping @Sendable () -> Instant,
            random: any RandomSource,
            funding: CardholderFunding? = nil,
            programmes: ProgrammeDirectory? = nil,
            disputes: DisputeDesk? = nil
        ) {
            self.users = users
            self.desk = desk
            self.purchases = purchases
            self.loads = loads
            self.guardians = guardians
            self.succession = succession
            self.offers = offers
            self.templates = templates
            self.wording = wording
            self.now = now
            self.random = random
            self.funding = funding
            self.programmes = programmes
            self.disputes = disputes
        }
    }

    package struct Settings: Sendable {
        /// Scheme, host and port by which people reach the site.
        package let origin: Origin
        package let brandName: String
        /// A shop that the foot of each page links to.
        package let shop: SiteLook.Link?
        /// The banks from which cards can be loaded.
        package let banks: [SiteLook.Link]
        /// Where points of the cards' programmes are redeemed.
        package let benefits: SiteLook.Link?
        /// Whose cards new users get.
        package let issuer: IssuerIdentifier
        /// Whether a proxy of ours stands in front of the site: see ``ClientAddress``.
        package let trustsProxy: Bool
        /// Pages of shops and banks that one address may bring within a minute.
        package let offersMax: Int

        package init(
            origin: Origin,
            brandName: String,
            shop: SiteLook.Link? = nil,
            banks: [SiteLook.Link] = [],
            benefits: SiteLook.Link? = nil,
            issuer: IssuerIdentifier,
            trustsProxy: Bool = false,
            offersMax: Int = 300
        ) {
            self.origin = origin
            self.brandName = brandName
            self.shop = shop
            self.banks = banks
            self.benefits = benefits
            self.issuer = issuer
            self.trustsProxy = trustsProxy
            self.offersMax = offersMax
        }

        package var isSecure: Bool { origin.text.hasPrefix("https://") }
    }

    /// Addresses whose pages are counted apart.
    private static let addressesMax = 10_000

    /// Where a person signs in; the mails name it.
    package static let signInPath = "/sign-in"

    let parts: Parts
    let settings: Settings
    let shell: SiteShell
    let cookies: CookieJar
    let formToken: FormToken
    let address: ClientAddress
    let paidPage: PaidPage
    /// Anybody may bring a page of a shop or a bank, and each is kept for a while.
    let offerRate: RateLimit

    package init(parts: Parts, settings: Settings) {
        self.parts = parts
        self.settings = settings
        let look = SiteLook(
            kind: .card,
            brand: .init(name: settings.brandName, mark: "opal-mark"),
            footer: .init(
                text: "\(settings.brandName), virtual cards",
                links: settings.shop.map { [$0] } ?? []
            )
        )
        shell = SiteShell(
            templates: parts.templates,
            look: look,
            wording: parts.wording,
            isSecure: settings.isSecure
        )
        cookies = CookieJar(isSecure: settings.isSecure)
        formToken = FormToken(cookies: cookies, random: parts.random)
        address = ClientAddress(trustsProxy: settings.trustsProxy)
        paidPage = PaidPage(shell)
        offerRate = RateLimit(
            countMax: settings.offersMax,
            window: .seconds(60),
            namesMax: Self.addressesMax
        )
    }

    package func router() -> Router<SiteContext> {
        let router = shell.router(random: parts.random)
        addSignUpRoutes(to: router)
        addSignInRoutes(to: router)
        addPasswordRoutes(to: router)
        addCardRoutes(to: router)
        addHistoryRoutes(to: router)
        if let disputes = parts.disputes { addPurchaseRoutes(to: router, disputes) }
        addAccountRoutes(to: router)
        addCheckoutRoutes(to: router)
        addInquiryRoutes(to: router)
        addLoadRoutes(to: router)
        addChildrenRoutes(to: router)
        addChildRoutes(to: router)
        addLimitRoutes(to: router)
        addSuccessionRoutes(to: router)
        if let funding = parts.funding {
            addAddValueRoutes(to: router, funding)
            addAllowanceRoutes(to: router, funding)
            addTopUpRoutes(to: router, funding)
        }
        return router
    }

    var now: Instant { parts.now() }

    func reader(_ request: Request) -> Reader { parts.wording.reader(request) }

    /// A page with a form for who is not signed in.
    func openForm(_ page: Page, to request: Request) -> Response {
        let token = formToken.issue(to: request)
        var page = page
        page.csrf = token
        var response = shell.response(page)
        formToken.keep(token, on: &response)
        return response
    }

    /// Does a step of the directory, the desk or the store, whose failure is not the person's.
    func asking<Value>(
        _ step: () async throws -> Value
    ) async throws(SiteFailure) -> Value {
        do {
            return try await step()
        } catch let failure as SiteFailure {
            throw failure
        } catch {
            throw .unavailable(error)
        }
    }
}
