// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import SecurityModule
import Wire

// What the page of the own card says of its value and its rules: ways to load it, limits, top-up,
// the card that follows it.
extension CardholderSite {
    func addFunding(
        to values: inout [String: Any],
        of card: CardDescription,
        _ reason: CardRenewal?,
        _ signed: Signed,
        _ reader: Reader
    ) async throws(SiteFailure) {
        let isOver = reason?.isNeeded == true
        let words = LimitWords(card.spending, reader, at: now)
        var limits: [String: Any] = [:]
        if let facts = words.facts { limits["table"] = ["facts": facts] }
        if signed.user.isChild {
            if words.isFrozen { limits["frozen"] = true }
            if let open = words.exceptions { limits["exceptions"] = ["rows": open] }
            limits["guardian"] = ["loads": parts.funding != nil]
            if isOver { limits[reason == .expired ? "expired" : "keysEnded"] = true }
            values["limits"] = limits
            if !card.isBlocked, !isOver, parts.funding == nil {
                values["actions"] = try await ways(for: signed)
            }
            return
        }
        limits["href"] = Self.limitsPath
        values["limits"] = limits
        if words.isFrozen {
            values["freeze"] = freezing(Self.limitsPath, isFrozen: true)
        }
        if card.isBlocked { return }
        if !isOver {
            values["actions"] = try await ways(for: signed)
            if let funding = parts.funding {
                values["topUp"] = try await topUp(of: signed, reader, funding)
            }
        }
        let user = signed.user.key
        values["renew"] = try await renewal(of: user, card, for: reason, at: "/renew", reader)
    }

    /// `actions` with the ways to load the card. Who looks after children finds them here where the
    /// site has no other link to them: their cards can be frozen and limited all the same.
    private func ways(for signed: Signed) async throws(SiteFailure) -> [String: Any] {
        let isFunded = parts.funding != nil
        var links: [[String: Any]] = []
        if isFunded {
            links.append([
                "label": "Load from your account", "href": Self.addValuePath, "primary": true,
            ])
        }
        if !settings.banks.isEmpty {
            var link: [String: Any] = [
                "label": isFunded ? "Load from a bank" : "Load value", "href": Self.loadPath,
            ]
            if !isFunded { link["primary"] = true }
            links.append(link)
        }
        if !isFunded, !signed.user.isChild {
            let children = try await asking {
                try await parts.guardians.children(of: signed.user.key, at: now)
            }
            if !children.isEmpty {
                links.append(["label": "Children", "href": Self.childrenPath])
            }
        }
        return ["links": links]
    }
}
