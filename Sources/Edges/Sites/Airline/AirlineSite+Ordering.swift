// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import LoyaltyServer
import Merchant
import Traces
import Wire

// From a benefit, or the wish to sign in, to the card site.
extension AirlineSite {
    /// Begins the redemption of a benefit.
    func redeem(_ request: Request) async throws(SiteFailure) -> Response {
        guard let visitor = visitor(request) else { return SiteShell.seeOther("/") }
        let form = try await form(request, of: visitor)
        guard let code = BenefitCode(form.text("benefit")) else {
            throw .badForm(.field("benefit"))
        }
        let view = try await benefitStep { () async throws(BenefitFailure) in
            try await desk.benefits.find(code)
        }
        let programme = view.benefit.programme
        guard settings.programmes.contains(programme) else { throw .notFound }
        guard let member = try await membership(of: visitor, in: programme) else {
            // Its page offers to join.
            return SiteShell.seeOther("/benefits/\(code.text)")
        }
        if let until = redemptionRate.admit(visitor.card.text, at: now()) {
            throw .tooMany(until: until)
        }
        switch try await desk.begin(code, for: member, now: now()) {
        case .success(let ticket): return SiteShell.seeOther(OrderAddress(ticket).order)
        case .failure(let obstacle):
            let terms = try await desk.programme(programme)
            let reader = shell.wording.reader(request)
            return refused(
                "Not redeemed",
                RefusalText(obstacle) { reader.amount(terms.points($0)) },
                request,
                status: .conflict
            )
        }
    }

    /// The order page (FIG. 11A, step 606), while the order is open; as in the shop.
    func showOrder(
        _ request: Request,
        _ context: SiteContext
    ) async throws(SiteFailure) -> Response {
        let address = try OrderAddress(request, context)
        let order = try await merchantStep { () async throws(OrderFailure) in
            try await desk.merchant.find(address.transaction, receiptKey: address.key)
        }
        let behind = order.isSignIn ? address.signedIn : address.redemption
        guard order.state == .open else { return SiteShell.seeOther(behind) }
        let redemption =
            order.isSignIn ? nil : try await desk.redemption(order.transaction)
        // Without a piece that is kept for it, it must not be paid.
        if let redemption, redemption.state != .reserved { return SiteShell.seeOther(behind) }
        do throws(OrderFailure) {
            let page = try await desk.merchant.page(
                of: address.transaction,
                receiptKey: address.key,
                now: now()
            )
            return orderPage(page, order, redemption, request)
        } catch .tooOld, .notOpen {
            // The payment server knows what became of it.
            return SiteShell.seeOther(behind)
        } catch { throw SiteFailure(error) }
    }

    private func orderPage(
        _ page: OrderPage,
        _ order: OrderView,
        _ redemption: BenefitRedemption?,
        _ request: Request
    ) -> Response {
        let reader = shell.wording.reader(request)
        var values: [String: Any] = [
            "onward": [
                "action": settings.checkoutURL, "host": settings.checkoutHost,
                "fields": page.fields.map { ["name": $0.rawValue, "value": $1] },
            ] as [String: Any],
            "homeHref": "/",
        ]
        if let redemption {
            values["order"] = self.values(redemption, reader)
            values["button"] = button(order, redemption, reader)
            if order.isProof { values["isProof"] = true }
            if let points = redemption.benefit.price.points, !order.isProof,
                !order.article.takes(points)
            {
                values["heldPoints"] = reader.amount(points)
            }
        }
        return response(
            redemption == nil ? "airline/prove" : "airline/order",
            values,
            request,
            visitor(request),
            formOrigin: settings.checkoutOrigin
        )
    }

    private func button(
        _ order: OrderView,
        _ redemption: BenefitRedemption,
        _ reader: Reader
    ) -> String {
        guard !order.isProof else { return "Prove it is you with your card" }
        let amounts = [order.article.secondPrice, order.amount].compactMap { $0 }
        return "Pay \(amounts.map { reader.amount($0) }.joined(separator: " + ")) with your card"
    }

    /// What each page of a redemption shows of it.
    func values(_ redemption: BenefitRedemption, _ reader: Reader) -> [String: Any] {
        [
            "number": OrderNumber.text(redemption.transaction),
            "title": redemption.benefit.title,
            "drawing": content.drawing(of: redemption.benefit.code),
            "price": price(redemption.benefit.price, reader),
            "href": "/benefits/\(redemption.benefit.code.text)",
        ]
    }

    // MARK: The result

    /// The status URL: the browser brings the sealed result (FIG. 11C, step 638). It comes from
    /// another site, so that it carries no cookie; only a result that opens changes anything, and
    /// it is of use in one browser alone.
    func takeResult(_ request: Request) async throws(SiteFailure) -> Response {
        let form = try await Form.read(request)
        guard let transaction = TransactionIdentifier(form.text("transaction")) else {
            throw .badForm(.field("transaction"))
        }
        TraceSubject.note(transaction)
        do throws(OrderFailure) {
            let received = try await desk.merchant.receive(
                Array(form.text("result").utf8),
                signature: Signature(hex: form.text("signature")),
                of: transaction,
                now: now()
            )
            let address = OrderAddress(transaction, received.receiptKey)
            guard received.order.isSignIn else {
                // Also what was given up is given when it is paid after all, whether or not the
                // browser goes on to its page, which says how it ended and tries again.
                _ = try? await desk.finish(received.order, now: now())
                return SiteShell.seeOther(address.redemption)
            }
            var response = SiteShell.seeOther(address.signedIn)
            cookies.set(
                AirlineSite.arrivalCookie,
                arrivals.token(of: transaction, at: clock()),
                seconds: AirlineLimits.arrivalCookieSeconds,
                on: &response
            )
            return response
        } catch .unknownOrder, .resultForged, .resultMismatch {
            // One answer: it must not tell which orders there are.
            return refused("Result not used", .proofNotGenuine, request, status: .badRequest)
        } catch .resultContradicts {
            return refused("Result not used", .resultContradicts, request, status: .conflict)
        } catch {
            throw SiteFailure(error)
        }
    }
}

extension OrderAddress {
    /// Without the key: the browser that began the sign-in has it in a cookie.
    var signedIn: String { "/signed-in/\(transaction.text)" }
    var redemption: String { "/redemptions/\(transaction.text)?key=\(key.reveal())" }
    var file: String { "/files/\(transaction.text)?key=\(key.reveal())" }
}
