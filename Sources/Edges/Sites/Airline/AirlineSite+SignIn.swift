// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import LoyaltyServer
import Merchant

// Signing in with the card (FIG. 16): a transaction of nothing, whose sealed result opens a session
// once, in the browser that began it and came back with it.
extension AirlineSite {
    /// What a browser remembers of the sign-in that it began: `TRX.key`, then `.code` of the
    /// benefit that it came from. Nobody else knows the key, so that a result that another brings
    /// signs nobody in here.
    struct BegunSignIn: Sendable {
        static let cookie = "opal-airline-proof"

        let address: OrderAddress
        let benefit: BenefitCode?

        var text: String {
            ([address.transaction.text, address.key.reveal()] + (benefit.map { [$0.text] } ?? []))
                .joined(separator: ".")
        }

        init(_ address: OrderAddress, benefit: BenefitCode?) {
            self.address = address
            self.benefit = benefit
        }

        init?(_ text: String) {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            guard (2...3).contains(parts.count),
                let transaction = TransactionIdentifier(String(parts[0])),
                let key = ReceiptKey(String(parts[1]))
            else { return nil }
            address = OrderAddress(transaction, key)
            benefit = parts.count == 3 ? BenefitCode(String(parts[2])) : nil
        }
    }

    /// Begins a sign-in.
    func signIn(_ request: Request, _ context: SiteContext) async throws(SiteFailure) -> Response {
        let form = try await Form.read(request)
        // Who is signed in already has the token of the session in the form.
        if visitor(request) != nil { return SiteShell.seeOther("/member") }
        try formToken.check(form, of: request)
        let moment = now()
        if let until = signInRate.admit(settings.clientAddress.of(request, context), at: moment) {
            throw .tooMany(until: until)
        }
        guard let article = Article.signIn(settings.look.brand.name) else {
            throw .broken(RedemptionDesk.Unsellable(code: Article.signInIdentifier))
        }
        let ticket = try await merchantStep { () async throws(OrderFailure) in
            try await desk.merchant.order(article, now: moment)
        }
        let begun = BegunSignIn(OrderAddress(ticket), benefit: BenefitCode(form.text("benefit")))
        var response = SiteShell.seeOther(begun.address.order)
        cookies.set(
            BegunSignIn.cookie,
            begun.text,
            seconds: AirlineLimits.proofCookieSeconds,
            on: &response
        )
        return response
    }

    /// The way from the status URL: opens the session. The delivery of the order, which happens
    /// once, is the session; a result that comes again opens nothing.
    func arrive(_ request: Request, _ context: SiteContext) async throws(SiteFailure) -> Response {
        guard
            let transaction = context.parameters.get("transaction").flatMap({
                TransactionIdentifier($0)
            })
        else { throw .notFound }
        if let visitor = visitor(request), visitor.proof.transaction == transaction {
            return SiteShell.seeOther("/member")
        }
        guard let text = cookies.value(BegunSignIn.cookie, of: request),
            let begun = BegunSignIn(text), begun.address.transaction == transaction
        else { return refused("Not signed in", .proofElsewhere, request, status: .forbidden) }
        let order: OrderView
        do throws(OrderFailure) {
            order = try await asked(begun.address)
        } catch .unknownOrder {
            return refused("Not signed in", .proofElsewhere, request, status: .forbidden)
        } catch {
            guard RefusalText(unanswered: error) != nil else { throw SiteFailure(error) }
            return waiting(transaction, request)
        }
        guard order.isSignIn else { throw .notFound }
        switch order.state {
        case .open: return waiting(transaction, request)
        case .unpaid:
            return refused(
                "Not signed in",
                RefusalText(unproved: order.settlement),
                request,
                status: .ok
            )
        case .delivered:
            return refused("Not signed in", .proofUsed, request, status: .conflict)
        case .paid:
            guard let token = cookies.value(AirlineSite.arrivalCookie, of: request),
                arrivals.isFrom(token, transaction, at: clock())
            else {
                return refused("Not signed in", .proofNotBrought, request, status: .forbidden)
            }
            return try await open(begun, order, request)
        }
    }

    private func open(
        _ begun: BegunSignIn,
        _ order: OrderView,
        _ request: Request
    ) async throws(SiteFailure) -> Response {
        guard let settlement = order.settlement,
            let card = CardPseudonym(text: settlement.cardPseudonym),
            let name = SignInName(card.text)
        else { throw .broken(UnreadablePseudonym()) }
        if try await isAnothers(settlement, card) {
            return refused("Not signed in", .otherMember, request, status: .conflict)
        }
        let delivery = try await merchantStep { () async throws(OrderFailure) in
            try await desk.merchant.deliver(
                begun.address.transaction,
                receiptKey: begun.address.key,
                now: now()
            )
        }
        guard delivery.isFirst else {
            return refused("Not signed in", .proofUsed, request, status: .conflict)
        }
        let proof = SignInSession.Proof(
            transaction: order.transaction,
            memberships: settlement.memberships
        )
        let session = sessions.begin(name, proof: proof, at: clock())
        var response = SiteShell.seeOther(begun.benefit.map { "/benefits/\($0.text)" } ?? "/member")
        cookies.set(AirlineSite.sessionCookie, session.token, on: &response)
        cookies.remove(BegunSignIn.cookie, on: &response)
        cookies.remove(AirlineSite.arrivalCookie, on: &response)
        return response
    }

    /// Whether the card says that it has a number which is not the one that we know of it.
    private func isAnothers(
        _ settlement: Settlement,
        _ card: CardPseudonym
    ) async throws(SiteFailure) -> Bool {
        for proved in settlement.memberships {
            let known = try await desk.membership(of: card, in: proved.programme)
            if let known, known != proved { return true }
        }
        return false
    }

    /// The order as it is, asked for at the payment server where no result has come.
    func asked(_ address: OrderAddress) async throws(OrderFailure) -> OrderView {
        let order = try await desk.merchant.find(address.transaction, receiptKey: address.key)
        guard order.state == .open || order.isGivenUp else { return order }
        do throws(OrderFailure) {
            return try await desk.merchant.ask(address.transaction, now: now())
        } catch {
            // What was given up stays so until the payment server says otherwise.
            if order.isGivenUp { return order }
            throw error
        }
    }

    private func waiting(_ transaction: TransactionIdentifier, _ request: Request) -> Response {
        response(
            "airline/waiting",
            [
                "title": "Your card is being asked", "refusal": RefusalText.proofNotHeard.values(),
                "selfHref": "/signed-in/\(transaction.text)",
                "refreshSeconds": AirlineLimits.refreshSeconds,
            ],
            request,
            visitor(request)
        )
    }

    func signOut(_ request: Request) async throws(SiteFailure) -> Response {
        var response = SiteShell.seeOther("/")
        if let visitor = visitor(request) {
            _ = try await form(request, of: visitor)
            sessions.end(visitor.session.token)
        }
        cookies.remove(AirlineSite.sessionCookie, on: &response)
        return response
    }

    /// A genuine result names the card in a way that cannot be.
    struct UnreadablePseudonym: Error {}
}
