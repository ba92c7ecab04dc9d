// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer
import Traces

// One purchase of the history, and what its holder says is wrong with it. A guardian sees the
// purchases of a child, and disputes them.
extension CardholderSite {
    func addPurchaseRoutes(to router: Router<SiteContext>, _ disputes: DisputeDesk) {
        for isBefore in [false, true] {
            let path = (isBefore ? HistoryPlace.before : "") + "/history/purchases/:transaction"
            addOwnPurchases(to: router, path, isBefore, disputes)
            addPurchasesOfWard(
                to: router,
                "\(Self.childrenPath)/:child\(path)",
                isBefore,
                disputes
            )
        }
    }

    private func addOwnPurchases(
        to router: Router<SiteContext>,
        _ path: String,
        _ isBefore: Bool,
        _ disputes: DisputeDesk
    ) {
        router.get("\(path)") { request, context in
            try await withSession(request) { signed throws(SiteFailure) in
                let place = try await place(of: signed, isBefore: isBefore)
                let target = try await purchase(context, place, disputes)
                return try await purchasePage(target, signed, request)
            }
        }
        router.get("\(path)/dispute") { request, context in
            try await withSession(request) { signed throws(SiteFailure) in
                let place = try await place(of: signed, isBefore: isBefore)
                let target = try await purchase(context, place, disputes)
                return try await disputePage(target, signed, request)
            }
        }
        router.post("\(path)/dispute") { request, context in
            try await withSessionForm(request) { signed, form throws(SiteFailure) in
                let place = try await place(of: signed, isBefore: isBefore)
                let target = try await purchase(context, place, disputes)
                return try await file(target, form, signed, request)
            }
        }
        router.post("\(path)/withdraw") { request, context in
            try await withSessionForm(request) { signed, _ throws(SiteFailure) in
                let place = try await place(of: signed, isBefore: isBefore)
                return try await withdraw(try await purchase(context, place, disputes))
            }
        }
    }

    private func addPurchasesOfWard(
        to router: Router<SiteContext>,
        _ path: String,
        _ isBefore: Bool,
        _ disputes: DisputeDesk
    ) {
        router.get("\(path)") { request, context in
            try await withWard(request, context) { signed, ward throws(SiteFailure) in
                let place = try await place(of: ward, isBefore: isBefore)
                let target = try await purchase(context, place, disputes)
                return try await purchasePage(target, signed, request)
            }
        }
        router.get("\(path)/dispute") { request, context in
            try await withWard(request, context) { signed, ward throws(SiteFailure) in
                let place = try await place(of: ward, isBefore: isBefore)
                let target = try await purchase(context, place, disputes)
                return try await disputePage(target, signed, request)
            }
        }
        router.post("\(path)/dispute") { request, context in
            try await withWardForm(request, context) {
                signed,
                ward,
                form throws(SiteFailure) in
                let place = try await place(of: ward, isBefore: isBefore)
                let target = try await purchase(context, place, disputes)
                return try await file(target, form, signed, request)
            }
        }
        router.post("\(path)/withdraw") { request, context in
            try await withWardForm(request, context) { _, ward, _ throws(SiteFailure) in
                let place = try await place(of: ward, isBefore: isBefore)
                return try await withdraw(try await purchase(context, place, disputes))
            }
        }
    }

    // MARK: What a page is about

    /// A purchase of a card that is looked at.
    private struct PurchaseTarget {
        let place: HistoryPlace
        let draw: DrawRecord
        let dispute: Dispute?
        let desk: DisputeDesk

        var transaction: TransactionIdentifier { draw.terms.transaction }
        var path: String { place.purchase(transaction) }
    }

    private func purchase(
        _ context: SiteContext,
        _ place: HistoryPlace,
        _ desk: DisputeDesk
    ) async throws(SiteFailure) -> PurchaseTarget {
        let name = context.parameters.get("transaction") ?? ""
        guard let transaction = TransactionIdentifier(name) else { throw .notFound }
        let lookup = try await asking { try await parts.purchases.draw(of: transaction) }
        guard case .found(let draw) = lookup, draw.card == place.card,
            draw.terms.amount.minorUnits > 0
        else { throw .notFound }
        TraceSubject.note(transaction)
        let dispute = try await asking { try await desk.find(transaction) }
        return PurchaseTarget(place: place, draw: draw, dispute: dispute, desk: desk)
    }

    // MARK: The page

    private func purchasePage(
        _ target: PurchaseTarget,
        _ signed: Signed,
        _ request: Request,
        refusal: DisputeRefusal? = nil
    ) async throws(SiteFailure) -> Response {
        let reader = reader(request)
        let (draw, place) = (target.draw, target.place)
        var values: [String: Any] = [
            "merchant": draw.terms.merchant.text, "amount": reader.amount(draw.terms.amount),
            "facts": try await facts(target, reader), "historyHref": place.history,
        ]
        if let badge = Self.badge(of: draw.state) { values["badge"] = badge }
        if let ward = place.ward { values["owner"] = ["name": ward.name, "href": ward.path] }
        if let dispute = target.dispute {
            let given = try await asking {
                try await target.desk.givenByMerchant(of: target.transaction)
            }
            var standing = DisputeStanding(dispute, givenByShop: given, reader).values
            if dispute.state.isUndecided { standing["withdrawAction"] = target.path + "/withdraw" }
            values["dispute"] = standing
        } else {
            let found = try await asking {
                try await target.desk.disputable(target.transaction, of: place.card)
            }
            switch found {
            case .success: values["disputeHref"] = target.path + "/dispute"
            case .failure(let reason): values["closed"] = reason.words
            }
        }
        var notice = refusal.map { Page.Notice(.bad, $0.words) }
        if notice == nil, try Form.query(request)["filed"] != nil {
            notice = Page.Notice(.good, "We look into it. You hear of each step by mail.")
        }
        return page(
            Page(
                "cardholder/purchase",
                values,
                status: refusal == nil ? .ok : .unprocessableContent,
                notice: notice
            ),
            of: signed,
            current: place.current
        )
    }

    private static func badge(of state: DrawState) -> [String: Any]? {
        switch state {
        case .debited: Shape.badge("Pending", .wait)
        case .recovered: Shape.badge("Put back", .plain)
        case .sold: Shape.badge("Paid", .good)
        }
    }

    private func facts(
        _ target: PurchaseTarget,
        _ reader: Reader
    ) async throws(SiteFailure) -> [[String: Any]] {
        let draw = target.draw
        var facts = [Shape.fact("When", reader.timeText(draw.debitedAt))]
        if !draw.description.isEmpty { facts.append(Shape.fact("For", draw.description)) }
        facts.append(Shape.fact("Card", draw.card.masked))
        let rest = try await asking {
            try await target.desk.rest(of: target.transaction, paid: draw.terms.amount)
        }
        if rest < draw.terms.amount.minorUnits {
            let back = Money(minorUnits: draw.terms.amount.minorUnits - rest, as: draw.terms.amount)
            facts.append(Shape.fact("Given back", reader.amount(back)))
        }
        facts.append(Shape.fact("Transaction", target.transaction.text, isCode: true))
        return facts
    }

    // MARK: Disputing

    private func disputePage(
        _ target: PurchaseTarget,
        _ signed: Signed,
        _ request: Request,
        _ entry: DisputeForm = DisputeForm()
    ) async throws(SiteFailure) -> Response {
        let (draw, reader) = (target.draw, reader(request))
        let found = try await asking {
            try await target.desk.disputable(target.transaction, of: target.place.card)
        }
        if case .failure(let reason) = found {
            return try await purchasePage(target, signed, request, refusal: reason)
        }
        var values: [String: Any] = [
            "merchant": draw.terms.merchant.text, "amount": reader.amount(draw.terms.amount),
            "backHref": target.path, "form": entry.values(action: target.path + "/dispute"),
        ]
        if let problems = entry.problems.values { values["problems"] = problems }
        return page(
            Page(
                "cardholder/dispute",
                values,
                status: entry.problems.isEmpty ? .ok : .unprocessableContent
            ),
            of: signed,
            current: target.place.current
        )
    }

    private func file(
        _ target: PurchaseTarget,
        _ form: Form,
        _ signed: Signed,
        _ request: Request
    ) async throws(SiteFailure) -> Response {
        var entry = DisputeForm(form)
        let isByGuardian = target.place.ward != nil
        guard let complaint = entry.complaint(isByGuardian: isByGuardian, at: now) else {
            return try await disputePage(target, signed, request, entry)
        }
        let filed = try await asking {
            try await target.desk.file(target.transaction, of: target.place.card, complaint)
        }
        if case .failure(let reason) = filed {
            return try await purchasePage(target, signed, request, refusal: reason)
        }
        return SiteShell.seeOther(target.path + "?filed=yes")
    }

    private func withdraw(_ target: PurchaseTarget) async throws(SiteFailure) -> Response {
        // One that was decided meanwhile stays: the page says so.
        _ = try await asking {
            try await target.desk.withdraw(target.transaction, of: target.place.card)
        }
        return SiteShell.seeOther(target.path)
    }
}
