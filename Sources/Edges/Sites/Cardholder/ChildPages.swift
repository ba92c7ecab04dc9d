// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Hummingbird
import Kernel
import OPALServer
import SecurityModule
import Wire

// One child, as its guardian sees it: card, history, what was refused, what is allowed once.
extension CardholderSite {
    private static let lastRows = 5

    func addChildRoutes(to router: Router<SiteContext>) {
        let path = "\(Self.childrenPath)/:child"
        router.get("\(path)") { request, context in
            try await withWard(request, context) { signed, ward throws(SiteFailure) in
                try await childPage(ward, signed, request)
            }
        }
        router.post("\(path)/allow") { request, context in
            try await withWardForm(request, context) {
                signed,
                ward,
                form throws(SiteFailure) in
                try await allowOnce(ward, form, signed, request)
            }
        }
        router.post("\(path)/withdraw") { request, context in
            try await withWardForm(request, context) {
                _,
                ward,
                form throws(SiteFailure) in
                try await withdraw(ward, form)
            }
        }
    }

    // MARK: The page

    private func childPage(
        _ ward: Ward,
        _ signed: Signed,
        _ request: Request,
        refusal: RefusalText? = nil
    ) async throws(SiteFailure) -> Response {
        let (reader, query) = (reader(request), try Form.query(request))
        let issuer = try await asking { try await parts.desk.issuer(ward.card.issuer) }
        var facts = RefusalText.Facts()
        if let issuer { facts.issuer = issuer.name }
        let history = ward.path + "/history"
        var values: [String: Any] = [
            "name": ward.name, "childrenHref": Self.childrenPath,
            "historyHref": history,
        ]
        if let refusal { values["refusal"] = refusal.values() }
        guard let card = try await describe(ward.card) else {
            values["refusal"] = RefusalText(.cardDamaged, facts).values()
            return page(Page("cardholder/child", values), of: signed, current: Self.childrenPath)
        }
        let reason = try await renewal(of: card)
        values["card"] = drawing(card, reason, facts.issuer, holder: ward.name, reader)
        if card.isBlocked {
            values["refusal"] = RefusalText.cardBlocked(facts).values()
        } else {
            if parts.funding != nil, reason?.isNeeded != true {
                values["giveHref"] = ward.path + "/give"
            }
            let action = ward.path + "/renew"
            values["renew"] = try await renewal(of: ward.key, card, for: reason, at: action, reader)
        }
        let words = LimitWords(card.spending, reader, at: now)
        var limits: [String: Any] = ["href": ward.path + Self.limitsPath]
        if let facts = words.facts { limits["table"] = ["facts": facts] }
        values["limits"] = limits
        values["freeze"] = freezing(ward.path + Self.limitsPath, isFrozen: words.isFrozen)
        if let open = words.exceptions {
            values["exceptions"] = ["action": ward.path + "/withdraw", "rows": open]
        }
        if let asked = try await refused(ward, card, signed, reader) { values["asked"] = asked }
        if let funding = parts.funding {
            values["allowance"] = try await allowance(of: ward, signed, reader, funding)
        }
        let rows = CardRows(desk: parts.desk, card: card.card, count: card.historyCount)
        let last = try await rows.newest(Self.lastRows)
        if !last.isEmpty {
            values["transactions"] = try await table(last, reader, for: ward, at: history)
        }
        return page(
            Page(
                "cardholder/child",
                values,
                status: refusal == nil ? .ok : .unprocessableContent,
                notice: Self.settingNotice(query) ?? Self.childNotice(query)
            ),
            of: signed,
            current: Self.childrenPath
        )
    }

    private static func childNotice(_ query: Form) -> Page.Notice? {
        if query["allowed"] != nil {
            return Page.Notice(.good, "It is allowed once. The child can pay it now.")
        }
        if query["withdrawn"] != nil { return Page.Notice(.good, "It is not allowed any more.") }
        if query["allowance"] != nil {
            return query["allowance"] == "stopped"
                ? Page.Notice(.good, "The allowance is stopped.")
                : Page.Notice(.good, "The allowance is set.")
        }
        return renewalNotice(query)
    }

    /// `asked` of the template: the purchases that limits have refused, newest first.
    private func refused(
        _ ward: Ward,
        _ card: CardDescription,
        _ signed: Signed,
        _ reader: Reader
    ) async throws(SiteFailure) -> [String: Any]? {
        guard let refusals = parts.purchases.refusals else { return nil }
        let list = try await asking {
            try await refusals.list(of: ward.key, by: signed.user.key, at: now)
        }
        guard !list.isEmpty else { return nil }
        let open = card.spending?.policy.exceptions.filter { $0.isOpen(at: now) } ?? []
        let rows: [[String: Any]] = list.map { entry in
            var row: [String: Any] = [
                "merchant": entry.merchant.text, "amount": reader.amount(entry.amount),
                "article": entry.article, "time": reader.time(entry.refusedAt),
                "reason": entry.reason.shortWords(entry.amount, reader),
            ]
            switch entry.state {
            case .waiting: row["number"] = String(entry.number)
            case .allowed(let until):
                let isOpen = open.contains { $0.merchant == entry.merchant && $0.end == until }
                row["badge"] =
                    isOpen
                    ? badge(.good, "Allowed until \(reader.timeText(until))")
                    : badge(.plain, now < until ? "Allowed, and used" : "Allowed, and over")
            }
            return row
        }
        return ["action": ward.path + "/allow", "rows": rows]
    }

    // MARK: Allowing once

    private func allowOnce(
        _ ward: Ward,
        _ form: Form,
        _ signed: Signed,
        _ request: Request
    ) async throws(SiteFailure) -> Response {
        guard let number = UInt32(form.text("number")), let refusals = parts.purchases.refusals
        else { throw .badForm(.field("number")) }
        do throws(AllowOnceRefusal) {
            _ = try await refusals.allowOnce(
                number,
                of: ward.key,
                by: signed.user.key,
                named: SettingName.guardian,
                at: now
            )
            return SiteShell.seeOther(ward.path + "?allowed=yes")
        } catch {
            guard let text = RefusalText(error, ward.name) else {
                switch error {
                case .notYourChild, .noCardYet, .notKnown: throw .notFound
                default: throw .unavailable(error)
                }
            }
            return try await childPage(ward, signed, request, refusal: text)
        }
    }

    private func withdraw(_ ward: Ward, _ form: Form) async throws(SiteFailure) -> Response {
        guard let number = UInt32(form.text("number")) else { throw .badForm(.field("number")) }
        // One that was used in the meantime is not there any more, either.
        _ = try await setting { () async throws(EmulatorFailure) in
            try await parts.desk.withdraw(
                exception: number,
                of: ward.card,
                by: SettingName.guardian
            )
        }
        return SiteShell.seeOther(ward.path + "?withdrawn=yes")
    }
}

extension RefusalText {
    /// Nil for what is no matter of limits.
    fileprivate init?(_ refusal: AllowOnceRefusal, _ name: String) {
        let (title, what, next): (String, String, String)
        switch refusal {
        case .nothingLimited:
            (title, what, next) = (
                "Nothing has to be allowed", "The card has no limits now.",
                "\(name) can pay it as it is."
            )
        case .frozen:
            (title, what, next) = (
                "The card is frozen", "A frozen card pays nothing, also not once.",
                "Unfreeze it below, then allow the purchase if it is still refused."
            )
        case .otherCurrency:
            (title, what, next) = (
                "This cannot be allowed once",
                "The shop asks for another currency than the limits are in.",
                "Lift the limits, or let \(name) pay elsewhere."
            )
        case .tooMany:
            (title, what, next) = (
                "Enough is allowed already",
                "\(SpendingPolicy.exceptionsMax) purchases are allowed and not made yet.",
                "Take one of them back first."
            )
        case .notYourChild, .noCardYet, .notKnown, .unavailable: return nil
        }
        self.init(title, tone: .plain, what: what, money: "Nothing was changed.", next: next)
    }
}

extension SpendingRefusal {
    /// In a few words, for a list.
    fileprivate func shortWords(_ amount: Money, _ reader: Reader) -> String {
        func money(_ units: UInt64) -> String {
            reader.amount(
                Money(minorUnits: units, currency: amount.currency, exponent: amount.exponent)
            )
        }
        return switch self {
        case .frozen: "The card was frozen."
        case .otherCurrency: "The limits are in another currency."
        case .merchant: "This shop is not allowed."
        case .category(let category):
            category.map { "Shops of kind \($0.digits) are not allowed." }
                ?? "It is not known what this shop sells."
        case .hour: "The card did not pay at this hour."
        case .purchase(let most): "One purchase may cost \(money(most))."
        case .count(let period, let most, _):
            "\(most) \(most == 1 ? "purchase" : "purchases") a \(period.word) had been made."
        case .amount(let period, let most, let left, _):
            "\(money(left)) of \(money(most)) were left for the \(period.word)."
        }
    }
}
