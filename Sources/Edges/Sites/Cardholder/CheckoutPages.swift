// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Hummingbird
import Kernel
import OPALServer
import SecurityModule
import Traces
import Wire

// Paying at a shop: the order page comes in, the person agrees, the outcome is shown (FIG. 11,
// steps 606–634).
extension CardholderSite {
    func addCheckoutRoutes(to router: Router<SiteContext>) {
        router.post("/checkout") { request, context in try await takeOffer(request, context) }
        router.get("/checkout/:name") { request, context in
            try await consentPage(try await offer(context), request)
        }
        router.post("/checkout/:name") { request, context in
            try await pay(try await offer(context), request, context)
        }
        router.get("/checkout/:name/status") { request, context in
            let offer = try await offer(context)
            let signed = try await signed(request)
            guard let debited = try await debited(offer.page) else {
                return SiteShell.seeOther(offer.path)
            }
            return try await outcomePage(of: debited, offer, signed, reader(request))
        }
        // For a browser without script: it leaves the comparison to this server. Nothing changes.
        router.post("/checkout/:name/compare") { request, context in
            try await compare(try await offer(context), request)
        }
        // Nothing is changed by going back, so nothing proves where this form comes from.
        router.post("/checkout/:name/cancel") { request, context in
            let offer = try await offer(context)
            return try await refusedPage(
                .cancelled,
                offer,
                try await signed(request),
                reader(request),
                status: .ok
            )
        }
    }

    /// An order page that waits for consent.
    struct Offer {
        let name: TransactionIdentifier
        let page: OrderPage
        /// The shop, as far as a header may name it.
        let shop: Origin

        var path: String { "/checkout/\(name.text)" }
    }

    private func offer(_ context: SiteContext) async throws(SiteFailure) -> Offer {
        guard
            let name = context.parameters.get("name").flatMap({ TransactionIdentifier($0) }),
            let page = try await asking({ try await parts.offers.find(name) }),
            let shop = Origin(of: page.terms.statusURL)
        else { throw .notFound }
        TraceSubject.note(page.terms.transaction)
        return Offer(name: name, page: page, shop: shop)
    }

    /// The order page of a shop, posted from the shop's own page: it cannot carry a session, and
    /// nothing happens but that it is kept for the consent page.
    private func takeOffer(
        _ request: Request,
        _ context: SiteContext
    ) async throws(SiteFailure) -> Response {
        let form = try await Form.read(request)
        let page: OrderPage
        do throws(WireFailure) {
            page = try OrderPage { form[$0.rawValue] }
        } catch {
            throw .badForm(.field("order page"))
        }
        TraceSubject.note(page.terms.transaction)
        guard Origin(of: page.terms.statusURL) != nil else {
            throw .badForm(.field("status-url"))
        }
        let moment = now
        if let until = offerRate.admit(address.of(request, context), at: moment) {
            throw .tooMany(until: until)
        }
        let name = try await asking { try await parts.offers.keep(page, now: moment) }
        return SiteShell.seeOther("/checkout/\(name.text)")
    }

    /// The outcome of a payment whose S3 the client terminal compares, compared here.
    private func compare(
        _ offer: Offer,
        _ request: Request
    ) async throws(SiteFailure) -> Response {
        let (signed, reader) = (try await signed(request), reader(request))
        guard let debited = try await debited(offer.page) else {
            return SiteShell.seeOther(offer.path)
        }
        let outcome = await parts.purchases.compared(debited.outcome)
        let isPayer = signed?.user.card == debited.card
        return try await outcomePage(outcome, offer, signed, reader, isPayer: isPayer)
    }

    // MARK: Consent

    private func consentPage(
        _ offer: Offer,
        _ request: Request,
        problems: [String: Any]? = nil
    ) async throws(SiteFailure) -> Response {
        let (signed, reader) = (try await signed(request), reader(request))
        // In another tab it was paid already, or the page was opened again.
        if let debited = try await debited(offer.page) {
            return try await outcomePage(of: debited, offer, signed, reader)
        }
        if offer.page.terms.isStale(at: now) {
            return try await refusedPage(.orderTooOld, offer, signed, reader)
        }
        var values: [String: Any] = [
            "order": try await order(offer, reader), "cancelAction": offer.path + "/cancel",
        ]
        let terms = offer.page.terms
        let template = terms.type == .authentication ? "cardholder/proof" : "cardholder/checkout"
        if terms.type == .authentication, let name = try await programmeName(of: terms.merchant) {
            values["programme"] = name
        }
        if let problems { values["problems"] = problems }
        values["form"] = agreement(at: offer.path, signed)
        let status: HTTPResponse.Status = problems == nil ? .ok : .unprocessableContent
        guard let signed else {
            return openForm(Page(template, values, status: status), to: request)
        }
        if signed.user.isChild, parts.funding != nil {
            values["guardian"] = true
        } else if parts.funding != nil {
            values["loadHref"] = Self.addValuePath
        } else if !settings.banks.isEmpty {
            values["loadHref"] = Self.loadPath
        }
        guard let card = try await describe(signed.user.card) else {
            return try await refusedPage(.cardDamaged, offer, signed, reader)
        }
        if !card.isBlocked, try await renewal(of: card) == .keysEnded {
            return try await refusedPage(.keyVersionEnded, offer, signed, reader)
        }
        switch card.refusal(of: terms, at: now) {
        case nil:
            if let refusal = try await limitRefusal(of: terms, by: card) {
                // Its guardian hears of it as of one that was refused at the debit.
                await parts.purchases.note(refusal, of: offer.page, by: card.card)
                return try await refusedPage(refusal, offer, signed, reader)
            }
            values["signedIn"] = try await balances(card, terms, signed, reader)
        case .insufficientValue:
            values["signedIn"] = try await balances(card, terms, signed, reader)
            if terms.amounts.contains(where: { $0.currency.isProgramme && card.isShort(of: $0) }) {
                values["points"] = true
            }
        case let refusal?: return try await refusedPage(refusal, offer, signed, reader)
        }
        return page(Page(template, values, status: status), of: signed)
    }

    /// The programme of a site that asks for a proof.
    private func programmeName(
        of site: MerchantIdentifier
    ) async throws(SiteFailure) -> String? {
        guard let programmes = parts.programmes else { return nil }
        return try await asking { try await programmes.programmes(ofSite: site) }.first?
            .programme.name
    }

    private func limitRefusal(
        of terms: OrderTerms,
        by card: CardDescription
    ) async throws(SiteFailure) -> SpendingRefusal? {
        do throws(EmulatorFailure) {
            return try await parts.desk.refusal(of: terms, by: card)
        } catch {
            throw .unavailable(error)
        }
    }

    /// `signedIn` of the template: what the card holds and what it would hold.
    private func balances(
        _ card: CardDescription,
        _ terms: OrderTerms,
        _ signed: Signed,
        _ reader: Reader
    ) async throws(SiteFailure) -> [String: Any] {
        var values = try await balance(card, terms.amount, reader)
        values["user"] = signed.user.maskedIdentifier
        values["number"] = signed.user.card.masked
        if let half = terms.otherHalf {
            let second = try await balance(card, half.amount, reader)
            values["second"] = second
            if let shortage = second["shortage"] {
                values["shortage"] = shortage
                values["afterwards"] = nil
            }
        }
        return values
    }

    /// What one purse holds, and what it would hold or what is missing.
    private func balance(
        _ card: CardDescription,
        _ amount: Money,
        _ reader: Reader
    ) async throws(SiteFailure) -> [String: Any] {
        let held = card.purses.first { $0.balance.isComparable(to: amount) }?.balance ?? amount
        var values: [String: Any] = ["balance": try await self.amount(held, reader)]
        let (less, isShort) = held.minorUnits.subtractingReportingOverflow(amount.minorUnits)
        let rest = isShort ? amount.minorUnits - held.minorUnits : less
        values[isShort ? "shortage" : "afterwards"] = try await self.amount(
            Money(minorUnits: rest, as: held),
            reader
        )
        return values
    }

    // MARK: Paying

    private func pay(
        _ offer: Offer,
        _ request: Request,
        _ context: SiteContext
    ) async throws(SiteFailure) -> Response {
        try await agreeing(
            request,
            context,
            decision: "pay",
            offer: offer.name,
            again: { problems throws(SiteFailure) in
                try await consentPage(offer, request, problems: problems)
            },
            { card, signed throws(SiteFailure) in
                try await pay(offer, with: card, signed, reader(request))
            }
        )
    }

    private func pay(
        _ offer: Offer,
        with card: CardIdentifier,
        _ signed: Signed?,
        _ reader: Reader
    ) async throws(SiteFailure) -> Response {
        let outcome = await parts.purchases.pay(offer.page, with: card)
        return try await outcomePage(outcome, offer, signed, reader, isPayer: true)
    }

    /// The purchase of this very order; another order with its transaction is none.
    func debited(_ page: OrderPage) async throws(SiteFailure) -> Purchases.Debited? {
        let terms = page.terms
        let debited = try await asking {
            try await parts.purchases.outcome(of: terms.transaction)
        }
        return debited?.terms == terms ? debited : nil
    }
}

extension CardDescription {
    /// Why the card would not do this now, so that it is said before the person tries.
    fileprivate func refusal(of terms: OrderTerms, at now: Instant) -> Refusal? {
        if isBlocked { return .cardBlocked }
        if expiry.isPast(at: CardTime(now)) { return .cardExpired }
        if terms.type == .authentication { return nil }
        let areHeld = terms.amounts.allSatisfy { amount in
            purses.contains { $0.balance.isComparable(to: amount) }
        }
        if !areHeld { return .currencyNotHeld }
        return terms.amounts.contains(where: isShort) ? .insufficientValue : nil
    }

    fileprivate func isShort(of amount: Money) -> Bool {
        purses.contains {
            $0.balance.isComparable(to: amount) && $0.balance.minorUnits < amount.minorUnits
        }
    }
}

extension OrderTerms {
    /// What is taken, of one purse or of two.
    fileprivate var amounts: [Money] {
        type == .authentication ? [] : [amount] + (otherHalf.map { [$0.amount] } ?? [])
    }
}
