// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer
import SecurityModule
import Wire

// An expired card whose value moves to a new one. A child's card is renewed by its guardian: the
// child gets rid of no limit by waiting for a new card.
extension CardholderSite {
    func addSuccessionRoutes(to router: Router<SiteContext>) {
        router.post("/renew") { request, _ in
            try await withPayerForm(request) { signed, _ throws(SiteFailure) in
                let profile = try await asking {
                    try await parts.users.profile(of: signed.user.key)
                }
                return try await renew(
                    signed.user.card,
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
                _ throws(SiteFailure) in
                let profile = try await asking { try await parts.users.profile(of: ward.key) }
                return try await renew(
                    ward.card,
                    or: profile?.predecessor,
                    by: SettingName.guardian,
                    back: ward.path,
                    signed
                )
            }
        }
    }

    /// `renew` of the templates: a button that moves what is on an expired card.
    func renewal(
        of card: CardDescription,
        at action: String,
        _ reader: Reader
    ) -> [String: Any] {
        let balance = card.purses[0].balance
        return [
            "action": action,
            "label": balance.minorUnits > 0
                ? "Move \(reader.amount(balance)) to a new card" : "Get a new card",
            "expiry": card.expiry.monthAndYear,
        ]
    }

    /// What was put back on a user's card before, and can follow to the present one; nil for
    /// nothing.
    func remainder(
        of user: UserKey,
        at action: String,
        _ reader: Reader
    ) async throws(SiteFailure) -> [String: Any]? {
        let profile = try await asking { try await parts.users.profile(of: user) }
        guard let predecessor = profile?.predecessor,
            let old = try await describe(predecessor), !old.isBlocked,
            old.purses[0].balance.minorUnits > 0
        else { return nil }
        var values = renewal(of: old, at: action, reader)
        values["label"] = "Move \(reader.amount(old.purses[0].balance)) to this card"
        values["isRemainder"] = true
        return values
    }

    static func renewalNotice(_ query: Form) -> Page.Notice? {
        switch query["renewed"] {
        case "yes": Page.Notice(.good, "Here is the new card, with what was on the old one.")
        case "frozen":
            Page.Notice(
                .bad,
                "The card is new and frozen: its limits were in another currency. Set new ones."
            )
        default: nil
        }
    }

    /// Renews an expired card, or else moves what was put back on the one before it.
    private func renew(
        _ card: CardIdentifier,
        or predecessor: CardIdentifier?,
        by who: String,
        back: String,
        _ signed: Signed
    ) async throws(SiteFailure) -> Response {
        do throws(SuccessionRefusal) {
            let renewal: CardSuccession.Renewal
            do throws(SuccessionRefusal) {
                renewal = try await parts.succession.renew(card, by: who, at: now)
            } catch {
                guard error == .notExpired, let predecessor else { throw error }
                renewal = try await parts.succession.renew(predecessor, by: who, at: now)
            }
            let answer = renewal.keepsPolicy ? "?renewed=yes" : "?renewed=frozen"
            return SiteShell.seeOther(back + answer)
        } catch {
            if error == .unavailable { throw .unavailable(error) }
            if error == .unknownCard { throw .broken(SiteBreak.cardMissing) }
            var facts = RefusalText.Facts()
            let issuer = try await asking { try await parts.desk.issuer(card.issuer) }
            if let issuer { facts.issuer = issuer.name }
            let text =
                switch error {
                case .cardDamaged: RefusalText(.cardDamaged, facts)
                case .cardBlocked, .successorNotUsable: RefusalText.cardBlocked(facts)
                default: RefusalText.notExpired
                }
            return toldPage("Not moved", text, ["links": [Self.toCard]], signed)
        }
    }
}

extension RefusalText {
    fileprivate static let notExpired = RefusalText(
        "There is nothing to move",
        tone: .plain,
        what: "The card has not expired, or its value was moved before.",
        money: "Nothing was changed.",
        next: "Look at your card."
    )
}
