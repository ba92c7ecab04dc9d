// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer
import SecurityModule
import Traces
import Wire

// Before a load, a bank asks what the card holds and what it can hold: the question comes in, the
// person agrees, and the browser brings the answer, sealed for the bank, back (FIG. 18A, step 872).
extension CardholderSite {
    static let inquiryPath = "/inquiry"

    func addInquiryRoutes(to router: Router<SiteContext>) {
        router.post("/inquiry") { request, context in try await takeInquiry(request, context) }
        router.get("/inquiry/:name") { request, context in
            try await inquiryPage(try await inquiry(context), request)
        }
        router.post("/inquiry/:name") { request, context in
            let inquiry = try await inquiry(context)
            return try await agreeing(
                request,
                context,
                decision: "tell",
                again: { problems throws(SiteFailure) in
                    try await inquiryPage(inquiry, request, problems: problems)
                },
                { card, signed throws(SiteFailure) in try await tell(inquiry, of: card, signed) }
            )
        }
        // Nothing is changed by going back, so nothing proves where this form comes from.
        router.post("/inquiry/:name/cancel") { request, context in
            let inquiry = try await inquiry(context)
            return notTold(.notTold, inquiry, try await signed(request))
        }
    }

    /// A bank's question that waits for consent.
    struct WaitingInquiry {
        let name: TransactionIdentifier
        let page: CardInquiryPage
        /// The bank, as far as a header may name it.
        let bank: Origin

        var path: String { "\(CardholderSite.inquiryPath)/\(name.text)" }
    }

    private func inquiry(_ context: SiteContext) async throws(SiteFailure) -> WaitingInquiry {
        guard
            let name = context.parameters.get("name").flatMap({ TransactionIdentifier($0) }),
            let page = try await asking({ try await parts.offers.findInquiry(name) }),
            let bank = Origin(of: page.inquiry.statusURL)
        else { throw .notFound }
        return WaitingInquiry(name: name, page: page, bank: bank)
    }

    /// The question, posted from the bank's own page: it cannot carry a session, and nothing
    /// happens but that it is kept for the consent page.
    private func takeInquiry(
        _ request: Request,
        _ context: SiteContext
    ) async throws(SiteFailure) -> Response {
        let form = try await Form.read(request)
        let page: CardInquiryPage
        do throws(WireFailure) {
            page = try CardInquiryPage { form[$0.rawValue] }
        } catch {
            throw .badForm(.field("inquiry page"))
        }
        TraceSubject.note(page.inquiry.transaction)
        // The address is sent back to with a header.
        guard Origin(of: page.inquiry.statusURL) != nil,
            page.inquiry.statusURL.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw .badForm(.field("status-url")) }
        let moment = now
        if let until = offerRate.admit(address.of(request, context), at: moment) {
            throw .tooMany(until: until)
        }
        let name = try await asking { try await parts.offers.keep(page, now: moment) }
        return SiteShell.seeOther("\(Self.inquiryPath)/\(name.text)")
    }

    private func inquiryPage(
        _ inquiry: WaitingInquiry,
        _ request: Request,
        problems: [String: Any]? = nil
    ) async throws(SiteFailure) -> Response {
        let (signed, reader) = (try await signed(request), reader(request))
        if inquiry.page.inquiry.isStale(at: now) {
            return notTold(RefusalText(load: .loadTooOld), inquiry, signed)
        }
        var values: [String: Any] = [
            "bank": bank(inquiry.page.bankName, inquiry.bank),
            "form": agreement(at: inquiry.path, signed), "cancelAction": inquiry.path + "/cancel",
        ]
        if let problems { values["problems"] = problems }
        if let signed {
            guard let card = try await describe(signed.user.card) else {
                return notTold(RefusalText(load: .cardDamaged), inquiry, signed)
            }
            let purse = card.purses[0]
            values["signedIn"] = [
                "user": signed.user.maskedIdentifier, "number": signed.user.card.masked,
                "balance": reader.amount(purse.balance),
                "maximum": reader.amount(Money(minorUnits: purse.balanceMax, as: purse.balance)),
            ]
        }
        let page = Page(
            "cardholder/load-inquiry",
            values,
            status: problems == nil ? .ok : .unprocessableContent,
            formOrigin: inquiry.bank.text
        )
        return show(page, signed, to: request)
    }

    /// Sends the browser back to the bank with what the load server sealed for it. Only the bank
    /// can open it, so that it may stand in an address.
    private func tell(
        _ inquiry: WaitingInquiry,
        of card: CardIdentifier,
        _ signed: Signed?
    ) async throws(SiteFailure) -> Response {
        switch await parts.loads.information(for: inquiry.page, of: card) {
        case .failure(let refusal):
            let facts = try await loadFacts(refusal, card, signed)
            return notTold(RefusalText(load: refusal, facts), inquiry, signed)
        case .success(let sealed):
            let url = inquiry.page.inquiry.statusURL
            return SiteShell.seeOther(
                url + (url.contains("?") ? "&" : "?")
                    + "transaction=\(inquiry.page.inquiry.transaction.text)&information="
                    + String(decoding: sealed, as: UTF8.self)
            )
        }
    }

    private func notTold(
        _ text: RefusalText,
        _ inquiry: WaitingInquiry,
        _ signed: Signed?
    ) -> Response {
        let values: [String: Any] = [
            "title": "The bank was told nothing", "refusal": text.values(),
            "actions": backTo(inquiry.page.bankName, inquiry.bank),
        ]
        let page = Page("cardholder/load-refused", values)
        return signed.map { self.page(page, of: $0) } ?? shell.response(page)
    }

    // MARK: Shared with the pages of a load

    /// `bank` of the templates: its name, and the host that the browser goes back to.
    func bank(_ name: String, _ origin: Origin) -> [String: Any] {
        ["name": name, "host": String(origin.text.drop { $0 != "/" }.dropFirst(2))]
    }

    /// `actions` with the way back to the bank's start page.
    func backTo(_ name: String, _ origin: Origin) -> [String: Any] {
        ["links": [["label": "Back to \(name)", "href": origin.text + "/"]]]
    }

    /// What the wording of this refusal needs.
    ///
    /// `signed`: the holder of the card, where that is who reads it.
    func loadFacts(
        _ refusal: LoadRefusal,
        _ card: CardIdentifier?,
        _ signed: Signed?
    ) async throws(SiteFailure) -> RefusalText.Facts {
        var facts = RefusalText.Facts()
        let issuer = card?.issuer ?? settings.issuer
        if let known = try await asking({ try await parts.desk.issuer(issuer) }) {
            facts.issuer = known.name
        }
        if refusal == .cardExpired, let card, let description = try await describe(card) {
            facts.expiry = description.expiry.monthAndYear
            facts.keeper = keeper(of: signed)
        }
        return facts
    }
}
