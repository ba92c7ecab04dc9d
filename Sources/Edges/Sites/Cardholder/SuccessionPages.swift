// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer
import SecurityModule
import Wire

// A card that has expired, or that was made with keys which the issuer has replaced: its value
// moves to a new one. A child's card is renewed by its guardian: the
// child gets rid of no limit by waiting for a new card.
extension CardholderSite {
    func addSuccessionRoutes(to router: Router<SiteContext>) {
        router.post("/renew") { request, _ in
            try await withPayerForm(request) { signed, form throws(SiteFailure) in
                let profile = try await asking {
                    try await parts.users.profile(of: signed.user.key)
                }
                return try await renew(
                    form.isOfRemainder ? nil : signed.user.card,
                    or: profile?.predecessor,
                    by: SettingName.holder,
                    back: "/card",
                    signed
                )
            }
        }
        router.post("\(Self.childrenPath)/:child/renew") { request, context in
            try await withWardForm(request, context) {
                signed,
                ward,
                form throws(SiteFailure) in
                let profile = try await asking { try await parts.users.profile(of: ward.key) }
                return try await renew(
                    form.isOfRemainder ? nil : ward.card,
                    or: profile?.predecessor,
                    by: SettingName.guardian,
                    back: ward.path,
                    signed
                )
            }
        }
    }

    /// Why a card may be renewed; nil where it may not.
    func renewal(of card: CardDescription) async throws(SiteFailure) -> CardRenewal? {
        try await asking { try await parts.desk.renewal(of: card, at: now) }
    }

    /// `renew` of the templates, nil where nothing is to be moved. A card that has to be renewed
    /// goes before what came back to the one before it, and that before a renewal that can wait.
    func renewal(
        of user: UserKey,
        _ card: CardDescription,
        for reason: CardRenewal?,
        at action: String,
        _ reader: Reader
    ) async throws(SiteFailure) -> [String: Any]? {
        if let reason, reason.isNeeded { return form(for: reason, of: card, at: action, reader) }
        if let remainder = try await remainder(of: user, onto: card, at: action, reader) {
            return remainder
        }
        return reason.map { form(for: $0, of: card, at: action, reader) }
    }

    /// A button that moves what is on a card to a new one.
    private func form(
        for reason: CardRenewal,
        of card: CardDescription,
        at action: String,
        _ reader: Reader
    ) -> [String: Any] {
        let balance = card.purses[0].balance
        var values: [String: Any] = [
            "action": action,
            "label": balance.minorUnits > 0
                ? "Move \(reader.amount(balance)) to a new card" : "Get a new card",
        ]
        switch reason {
        case .expired: values["expiry"] = card.expiry.monthAndYear
        case .keysEnded: values["isNeeded"] = true
        case .keysReplaced: values["isOffered"] = true
        }
        return values
    }

    /// What was put back on a user's card before, as far as the present one has room for it; nil
    /// for nothing.
    private func remainder(
        of user: UserKey,
        onto card: CardDescription,
        at action: String,
        _ reader: Reader
    ) async throws(SiteFailure) -> [String: Any]? {
        let profile = try await asking { try await parts.users.profile(of: user) }
        guard let predecessor = profile?.predecessor,
            let old = try await describe(predecessor), !old.isBlocked,
            let left = old.purses.first?.balance,
            let purse = card.purses.first(where: { $0.balance.isComparable(to: left) })
        else { return nil }
        let balance = purse.balance.minorUnits
        let part = min(left.minorUnits, max(purse.balanceMax, balance) - balance)
        if part == 0 { return nil }
        return [
            "action": action,
            "label": "Move \(reader.amount(Money(minorUnits: part, as: left))) to this card",
            "isRemainder": true,
        ]
    }

    static func renewalNotice(_ query: Form) -> Page.Notice? {
        switch query["renewed"] {
        case "yes": Page.Notice(.good, "Here is the new card, with what was on the old one.")
        case "moved":
            Page.Notice(.good, "What came back is on this card now, as far as it has room.")
        case "nothing": Page.Notice(.plain, "Nothing was moved: this card has no room for it.")
        case "frozen":
            Page.Notice(
                .bad,
                "The card is new and frozen: its limits were in another currency. Set new ones."
            )
        default: nil
        }
    }

    /// Renews a card, or else moves what was put back on the one before it.
    ///
    /// `card`: nil where only the latter is asked for.
    private func renew(
        _ card: CardIdentifier?,
        or predecessor: CardIdentifier?,
        by who: String,
        back: String,
        _ signed: Signed
    ) async throws(SiteFailure) -> Response {
        do throws(SuccessionRefusal) {
            let answer = try await renewed(card, or: predecessor, by: who)
            return SiteShell.seeOther(back + "?renewed=" + answer)
        } catch {
            if error == .unavailable { throw .unavailable(error) }
            if error == .unknownCard { throw .broken(SiteBreak.cardMissing) }
            var facts = RefusalText.Facts()
            if let card = card ?? predecessor {
                let issuer = try await asking { try await parts.desk.issuer(card.issuer) }
                if let issuer { facts.issuer = issuer.name }
            }
            let text =
                switch error {
                case .cardDamaged: RefusalText(.cardDamaged, facts)
                case .cardBlocked, .successorNotUsable: RefusalText.cardBlocked(facts)
                default: RefusalText.notExpired
                }
            return toldPage("Not moved", text, ["links": [Self.toCard]], signed)
        }
    }

    /// - Returns: what ``renewalNotice(_:)`` says afterwards.
    private func renewed(
        _ card: CardIdentifier?,
        or predecessor: CardIdentifier?,
        by who: String
    ) async throws(SuccessionRefusal) -> String {
        if let card {
            do throws(SuccessionRefusal) {
                let renewal = try await parts.succession.renew(card, by: who, at: now)
                return renewal.keepsPolicy ? "yes" : "frozen"
            } catch {
                guard error == .notExpired, predecessor != nil else { throw error }
            }
        }
        guard let predecessor else { throw .notExpired }
        let renewal = try await parts.succession.renew(predecessor, by: who, at: now)
        return renewal.moved.minorUnits > 0 ? "moved" : "nothing"
    }
}

extension Form {
    /// Whether the button was of what came back to the card before, and not of a new card.
    fileprivate var isOfRemainder: Bool { self["what"] == "remainder" }
}

extension RefusalText {
    fileprivate static let notExpired = RefusalText(
        "There is nothing to move",
        tone: .plain,
        what: "The card is good as it is, or its value was moved before.",
        money: "Nothing was changed.",
        next: "Look at your card."
    )
}
