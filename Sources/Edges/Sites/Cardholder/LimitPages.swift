// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Hummingbird
import Kernel
import OPALServer
import SecurityModule
import Wire

// Limits and freezing: of the own card, and of a child's. All limits are one value, and one form
// sets it (`docs/decisions/0020`).
extension CardholderSite {
    static let limitsPath = "/limits"

    /// Whose limits a page shows or sets.
    private struct LimitTarget {
        let card: CardIdentifier
        var ward: Ward?

        var path: String { (ward?.path ?? "") + CardholderSite.limitsPath }
        var backHref: String { ward?.path ?? "/card" }
        var who: String { ward == nil ? SettingName.holder : SettingName.guardian }
        var current: String { ward == nil ? "/card" : CardholderSite.childrenPath }
    }

    func addLimitRoutes(to router: Router<SiteContext>) {
        let own = Self.limitsPath
        router.get("\(own)") { request, _ in
            try await withPayer(request) { signed throws(SiteFailure) in
                try await limitsPage(LimitTarget(card: signed.user.card), signed, request)
            }
        }
        router.post("\(own)") { request, _ in
            try await withPayerForm(request) { signed, form throws(SiteFailure) in
                let target = LimitTarget(card: signed.user.card)
                return try await setLimits(target, form, signed, request)
            }
        }
        router.post("\(own)/freeze") { request, _ in
            try await withPayerForm(request) { signed, form throws(SiteFailure) in
                try await freeze(LimitTarget(card: signed.user.card), form)
            }
        }
        let children = "\(Self.childrenPath)/:child\(own)"
        router.get("\(children)") { request, context in
            try await withWard(request, context) { signed, ward throws(SiteFailure) in
                let target = LimitTarget(card: ward.card, ward: ward)
                return try await limitsPage(target, signed, request)
            }
        }
        router.post("\(children)") { request, context in
            try await withWardForm(request, context) {
                signed,
                ward,
                form throws(SiteFailure) in
                let target = LimitTarget(card: ward.card, ward: ward)
                return try await setLimits(target, form, signed, request)
            }
        }
        router.post("\(children)/freeze") { request, context in
            try await withWardForm(request, context) {
                _,
                ward,
                form throws(SiteFailure) in
                try await freeze(LimitTarget(card: ward.card, ward: ward), form)
            }
        }
    }

    // MARK: Pages

    private func limitsPage(
        _ target: LimitTarget,
        _ signed: Signed,
        _ request: Request
    ) async throws(SiteFailure) -> Response {
        guard let card = try await describe(target.card) else { return try await damaged(signed) }
        let limits = card.spending?.policy.limits
        let form = LimitForm(limits, of: card.purses[0].balance)
        return try await limitsPage(form, card, target, signed, reader(request))
    }

    private func limitsPage(
        _ form: LimitForm,
        _ card: CardDescription,
        _ target: LimitTarget,
        _ signed: Signed,
        _ reader: Reader
    ) async throws(SiteFailure) -> Response {
        let words = LimitWords(card.spending, reader, at: now)
        var values: [String: Any] = [
            "title": target.ward.map { "Limits of \($0.name)" } ?? "Limits of your card",
            "backHref": target.backHref, "backLabel": target.ward?.name ?? "Your card",
            "form": form.values(action: target.path),
            "currency": reader.currency(card.purses[0].balance.currency),
            "freeze": freezing(target.path, isFrozen: words.isFrozen),
        ]
        let known = try await knownShops()
        if !known.isEmpty { values["known"] = known }
        if let problems = form.problems.values { values["problems"] = problems }
        return page(
            Page(
                "cardholder/limits",
                values,
                status: form.problems.isEmpty ? .ok : .unprocessableContent
            ),
            of: signed,
            current: target.current
        )
    }

    /// `freeze` of the templates: a button that freezes, or one that unfreezes.
    func freezing(_ limitsPath: String, isFrozen: Bool) -> [String: Any] {
        var values: [String: Any] = [
            "action": limitsPath + "/freeze", "value": isFrozen ? "no" : "yes",
        ]
        if isFrozen { values["frozen"] = true }
        return values
    }

    /// The shops whose kind is known here, to be named in a list.
    private func knownShops() async throws(SiteFailure) -> String {
        let merchants = try await asking { try await parts.desk.merchants.merchants() }
        return merchants.prefix(Self.knownShopsMax).map { shop in
            shop.category.map { "\(shop.merchant.text) (\($0.digits))" } ?? shop.merchant.text
        }.joined(separator: ", ")
    }

    private static let knownShopsMax = 20

    func damaged(_ signed: Signed) async throws(SiteFailure) -> Response {
        var facts = RefusalText.Facts()
        let issuer = signed.user.card.issuer
        if let known = try await asking({ try await parts.desk.issuer(issuer) }) {
            facts.issuer = known.name
        }
        return toldPage(
            "Not possible now",
            RefusalText(.cardDamaged, facts),
            ["links": [Self.toCard]],
            signed
        )
    }

    // MARK: Setting

    private func setLimits(
        _ target: LimitTarget,
        _ form: Form,
        _ signed: Signed,
        _ request: Request
    ) async throws(SiteFailure) -> Response {
        guard let card = try await describe(target.card) else { return try await damaged(signed) }
        let (purse, reader) = (card.purses[0].balance, reader(request))
        var typed = LimitForm(form, of: purse)
        guard let limits = typed.limits(reader) else {
            return try await limitsPage(typed, card, target, signed, reader)
        }
        var empty = SpendingLimits(currency: purse.currency, exponent: purse.exponent)
        empty.offset = limits.offset
        _ = try await setting { () async throws(EmulatorFailure) in
            try await parts.desk.setLimits(
                limits == empty ? nil : limits,
                of: target.card,
                by: target.who
            )
        }
        return SiteShell.seeOther(target.backHref + "?limits=set")
    }

    private func freeze(
        _ target: LimitTarget,
        _ form: Form
    ) async throws(SiteFailure) -> Response {
        let isFrozen = form["frozen"] == "yes"
        guard isFrozen || form["frozen"] == "no" else { throw .badForm(.field("frozen")) }
        _ = try await setting { () async throws(EmulatorFailure) in
            try await parts.desk.freeze(isFrozen, target.card, by: target.who)
        }
        return SiteShell.seeOther(target.backHref + (isFrozen ? "?frozen=yes" : "?frozen=no"))
    }

    /// Makes a setting of a card that is there and in whose currency it is.
    func setting(
        _ step: () async throws(EmulatorFailure) -> Result<SpendingPolicy, SettingRefusal>
    ) async throws(SiteFailure) -> Result<SpendingPolicy, SettingRefusal> {
        let outcome: Result<SpendingPolicy, SettingRefusal>
        do throws(EmulatorFailure) {
            outcome = try await step()
        } catch {
            throw .unavailable(error)
        }
        switch outcome {
        case .failure(.unknownCard), .failure(.otherCurrency):
            throw .broken(SiteBreak.cardMissing)
        default: return outcome
        }
    }

    /// What a page says at its top after a setting was made.
    static func settingNotice(_ query: Form) -> Page.Notice? {
        if query["limits"] != nil { return Page.Notice(.good, "The limits are set.") }
        switch query["frozen"] {
        case "yes": return Page.Notice(.good, "The card is frozen: it pays nothing now.")
        case "no": return Page.Notice(.good, "The card pays again.")
        default: return nil
        }
    }
}
