// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer
import SecurityModule
import Traces
import Wire

// Loading from a bank: the load page comes in, the person agrees, the card is credited, and the
// result goes back through the browser (FIG. 18, steps 876–891).
extension CardholderSite {
    static let loadPath = "/load"

    func addLoadRoutes(to router: Router<SiteContext>) {
        router.get("/load") { request, _ in
            try await withSession(request) { signed throws(SiteFailure) in waysPage(signed) }
        }
        router.post("/load") { request, context in try await takeLoad(request, context) }
        router.get("/load/:name") { request, context in
            try await loadPage(try await waitingLoad(context), request)
        }
        router.post("/load/:name") { request, context in
            let load = try await waitingLoad(context)
            return try await agreeing(
                request,
                context,
                decision: "load",
                again: { problems throws(SiteFailure) in
                    try await loadPage(load, request, problems: problems)
                },
                { card, signed throws(SiteFailure) in
                    let outcome = await parts.loads.load(load.page, onto: card)
                    return try await outcomePage(outcome, load, signed, request, isHolder: true)
                }
            )
        }
        router.get("/load/:name/status") { request, context in
            let load = try await waitingLoad(context)
            guard let begun = try await begun(load.page) else {
                return SiteShell.seeOther(load.path)
            }
            return try await outcomePage(of: begun, load, request)
        }
        router.post("/load/:name/cancel") { request, context in
            try await cancel(try await waitingLoad(context), request)
        }
    }

    /// A load page that waits for consent.
    struct WaitingLoad {
        let name: TransactionIdentifier
        let page: LoadPage
        /// The bank, as far as a header may name it.
        let bank: Origin

        var path: String { "\(CardholderSite.loadPath)/\(name.text)" }
    }

    private func waitingLoad(_ context: SiteContext) async throws(SiteFailure) -> WaitingLoad {
        guard
            let name = context.parameters.get("name").flatMap({ TransactionIdentifier($0) }),
            let page = try await asking({ try await parts.offers.findLoad(name) }),
            let bank = Origin(of: page.terms.statusURL)
        else { throw .notFound }
        return WaitingLoad(name: name, page: page, bank: bank)
    }

    /// As the order page of a shop.
    private func takeLoad(
        _ request: Request,
        _ context: SiteContext
    ) async throws(SiteFailure) -> Response {
        let form = try await Form.read(request)
        let page: LoadPage
        do throws(WireFailure) {
            page = try LoadPage { form[$0.rawValue] }
        } catch {
            throw .badForm(.field("load page"))
        }
        TraceSubject.note(page.terms.transaction)
        guard Origin(of: page.terms.statusURL) != nil else { throw .badForm(.field("status-url")) }
        let moment = now
        if let until = offerRate.admit(address.of(request, context), at: moment) {
            throw .tooMany(until: until)
        }
        let name = try await asking { try await parts.offers.keep(page, now: moment) }
        return SiteShell.seeOther("\(Self.loadPath)/\(name.text)")
    }

    // MARK: The ways to load

    private func waysPage(_ signed: Signed) -> Response {
        let ways = settings.banks.map { bank in
            var way = bank.values
            way["host"] = Origin(of: bank.href).map {
                String($0.text.drop { $0 != "/" }.dropFirst(2))
            }
            return way
        }
        var values: [String: Any] = ["cardHref": "/card"]
        if !ways.isEmpty { values["ways"] = ways }
        return page(Page("cardholder/load-ways", values), of: signed, current: "/card")
    }

    // MARK: Consent

    private func loadPage(
        _ load: WaitingLoad,
        _ request: Request,
        problems: [String: Any]? = nil
    ) async throws(SiteFailure) -> Response {
        let (signed, reader) = (try await signed(request), reader(request))
        // In another tab it was loaded already, or the page was opened again.
        if let begun = try await begun(load.page) {
            return try await outcomePage(of: begun, load, request)
        }
        if load.page.terms.isStale(at: now) {
            return try await outcomePage(.refused(.loadTooOld, nil), load, signed, request)
        }
        var values: [String: Any] = [
            "order": bill(load, reader), "bank": bank(load.page.bankName, load.bank),
            "form": agreement(at: load.path, signed), "cancelAction": load.path + "/cancel",
        ]
        if let problems { values["problems"] = problems }
        if let signed {
            let refusal: LoadRefusal?
            if let card = try await describe(signed.user.card) {
                refusal = card.refusal(ofLoad: load.page.terms.amount, at: now)
                values["signedIn"] = balances(card, load.page.terms.amount, signed, reader)
            } else {
                refusal = .cardDamaged
            }
            // The way back ends the load, so that the bank holds nothing for it.
            if let refusal {
                let facts = try await loadFacts(refusal, signed.user.card, signed)
                values["refusal"] = RefusalText(load: refusal, facts).values()
            }
        }
        let page = Page(
            "cardholder/load",
            values,
            status: problems == nil ? .ok : .unprocessableContent,
            formOrigin: load.bank.text
        )
        return show(page, signed, to: request)
    }

    /// `signedIn` of the template: what the card holds and what it would hold.
    private func balances(
        _ card: CardDescription,
        _ amount: Money,
        _ signed: Signed,
        _ reader: Reader
    ) -> [String: Any] {
        let held = card.purses.first { $0.balance.isComparable(to: amount) }
        let balance = held?.balance ?? card.purses[0].balance
        var values: [String: Any] = [
            "user": signed.user.maskedIdentifier, "number": signed.user.card.masked,
            "balance": reader.amount(balance),
        ]
        if held != nil {
            let (sum, isTooLarge) = balance.minorUnits.addingReportingOverflow(amount.minorUnits)
            if !isTooLarge {
                values["afterwards"] = reader.amount(Money(minorUnits: sum, as: balance))
            }
        }
        return values
    }

    /// `Order` of the templates.
    func bill(_ load: WaitingLoad, _ reader: Reader) -> [String: Any] {
        [
            "merchant": load.page.bankName, "amount": reader.amount(load.page.terms.amount),
            "article": "Load onto your card",
        ]
    }

    // MARK: Going back

    /// Who does not agree, or whose card cannot be loaded, ends the load with this: the bank then
    /// holds nothing. Who is not signed in only goes back; the bank's hold ends by itself when its
    /// time is over.
    private func cancel(
        _ load: WaitingLoad,
        _ request: Request
    ) async throws(SiteFailure) -> Response {
        if let begun = try await begun(load.page) {
            return try await outcomePage(of: begun, load, request)
        }
        guard let signed = try await signed(request) else {
            return try await outcomePage(.refused(.declined, nil), load, nil, request)
        }
        let form = try await Form.read(request)
        guard parts.users.isCSRFToken(form.text("csrf"), of: signed.token) else {
            throw .forbidden
        }
        let card = try await describe(signed.user.card)
        let reason =
            card.map { $0.refusal(ofLoad: load.page.terms.amount, at: now) } ?? .cardDamaged
        let outcome = await parts.loads.decline(
            load.page,
            for: signed.user.card,
            reason: reason ?? .declined
        )
        return try await outcomePage(outcome, load, signed, request, isHolder: true)
    }

    /// The load of this very page; another page with its transaction is none.
    func begun(_ page: LoadPage) async throws(SiteFailure) -> Loads.Requested? {
        let terms = page.terms
        let requested = try await asking {
            try await parts.loads.outcome(of: terms.transaction)
        }
        return requested?.terms == terms ? requested : nil
    }
}

extension CardDescription {
    /// Why the card could not be loaded with this amount now, so that it is said before the person
    /// tries.
    fileprivate func refusal(ofLoad amount: Money, at now: Instant) -> LoadRefusal? {
        if isBlocked { return .cardBlocked }
        if expiry.isPast(at: CardTime(now)) { return .cardExpired }
        guard let purse = purses.first(where: { $0.balance.isComparable(to: amount) }) else {
            return .currencyNotHeld
        }
        let (sum, isTooLarge) = purse.balance.minorUnits.addingReportingOverflow(
            amount.minorUnits
        )
        return isTooLarge || sum > purse.balanceMax ? .aboveMaximum : nil
    }
}
