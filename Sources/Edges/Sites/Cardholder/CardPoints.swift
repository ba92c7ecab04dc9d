// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Kernel
import OPALServer
import SecurityModule

// The programmes of which a card is a member: points beside money, and when they expire.
extension CardholderSite {
    /// Days of expiry that are listed for one programme; the rest is summed up.
    private static let expiryRows = 4

    /// The card after what has expired was taken out of it.
    func withoutExpired(_ card: CardDescription) async throws(SiteFailure) -> CardDescription {
        let time = CardTime(now)
        let isDue = card.memberships.contains { membership in
            card.points(of: membership.programme)?.tranches.isDue(at: time) ?? false
        }
        guard isDue, let points = parts.purchases.points else { return card }
        do throws(EmulatorFailure) {
            try await points.expiry.expire(card.card)
        } catch {
            throw .unavailable(error)
        }
        return try await describe(card.card) ?? card
    }

    /// `points` of the templates; nil where the card is no member.
    func points(
        of card: CardDescription,
        _ reader: Reader
    ) async throws(SiteFailure) -> [[String: Any]]? {
        guard let programmes = parts.programmes, !card.memberships.isEmpty else { return nil }
        var sections: [[String: Any]] = []
        for membership in card.memberships {
            guard
                let entry = try await asking({ try await programmes.find(membership.programme) })
            else { continue }
            let programme = entry.programme
            var values: [String: Any] = [
                "id": programme.code.digits, "name": programme.name,
                "member": membership.number.text,
            ]
            if let held = card.points(of: programme.code) {
                var purse: [String: Any] = [
                    "balance": reader.amount(
                        programme.points(held.tranches.total),
                        of: programme.name
                    )
                ]
                let rows = expiry(of: held.tranches, programme, reader)
                if !rows.isEmpty { purse["expiry"] = ["rows": rows] }
                values["held"] = purse
            }
            sections.append(values)
        }
        return sections.isEmpty ? nil : sections
    }

    /// Rows of what expires when, the first day first.
    private func expiry(
        of tranches: PointsTranches,
        _ programme: Programme,
        _ reader: Reader
    ) -> [[String: Any]] {
        var rows: [[String: Any]] = []
        for tranche in tranches.all.prefix(Self.expiryRows) {
            let day =
                tranche.expiry == PointsTranche.never
                ? "do not expire" : "until \(reader.day(tranche.expiry.civilDate))"
            rows.append(["points": reader.number(programme.points(tranche.minorUnits)), "day": day])
        }
        let rest = tranches.all.dropFirst(Self.expiryRows).reduce(0) { $0 + $1.minorUnits }
        if rest > 0 {
            rows.append(["points": reader.number(programme.points(rest)), "day": "later"])
        }
        return rows
    }
}
