// SPDX-License-Identifier: Apache-2.0

import BackUps
import Kernel

// What a person reads who is about to restore.
extension RestoreReport {
    /// Findings and cards that are named one by one.
    private static let shownMax = 20

    /// Cards to stop until somebody has decided.
    var cardsToBlock: [CardIdentifier] {
        let known = (cards?.cards ?? []).filter { !$0.isGone }.map(\.card)
        return Set(known).union(audit?.cardsBehind.cards ?? []).sorted { $0.digits < $1.digits }
    }

    var lines: [String] {
        var lines = newerBackUps.map {
            "There is a newer back-up, of \($0.manifest.time): \($0.path)"
        }
        lines += newerRows.map { path, rows in
            "\(path) has had \(rows) rows since the back-up, which would be forgotten."
        }
        lines += fallen.map { $0.words }
        if let cards { lines += words(cards) }
        if let behind = audit?.cardsBehind, !behind.isEmpty {
            lines.append(
                "Other parties have \(behind.salesCount) sales of \(behind.cards.count) cards that "
                    + "the back-up does not have: \(sums(behind.minorUnits)) that was spent would "
                    + "be on cards again."
            )
        }
        if let findings = audit?.findings, !findings.isEmpty {
            lines.append("The audit of what would be there has \(findings.count) findings:")
            lines += findings.prefix(Self.shownMax).map { "  \($0)" }
            if findings.count > Self.shownMax { lines.append("  …") }
        }
        return lines + notes.map { "note: \($0)" }
    }

    private func words(_ cards: SetBackCards) -> [String] {
        guard !cards.cards.isEmpty else { return ["No card goes back."] }
        var lines = cards.cards.prefix(Self.shownMax).map { line($0) }
        if cards.cards.count > Self.shownMax { lines.append("  …") }
        let gone = cards.cards.count { $0.isGone }
        let back = cards.cards.count - gone
        let (more, less) = cards.sums()
        var text = "\(back) \(back == 1 ? "card" : "cards") would go back"
        if gone > 0 { text += ", and \(gone) would be gone" }
        text += ": \(sums(more)) that was spent or moved would be on cards again"
        if !less.isEmpty { text += ", and \(sums(less)) that was loaded would not be" }
        return lines + [text + ". Amounts are in minor units."]
    }

    private func line(_ card: SetBackCards.Card) -> String {
        if card.isGone { return "  card \(card.card): does not exist in the back-up" }
        let changes = card.difference.sorted { $0.key < $1.key }.map { unit, amount in
            "\(amount.magnitude) of \(unit) \(amount > 0 ? "more" : "less") than now"
        }
        let change = changes.isEmpty ? "the same balance" : changes.joined(separator: ", ")
        return "  card \(card.card): \(card.rows) rows of its history less, \(change)"
    }

    private func sums(_ amounts: [String: some BinaryInteger]) -> String {
        let texts = amounts.sorted { $0.key < $1.key }.map { "\($0.value) of \($0.key)" }
        return texts.isEmpty ? "nothing" : texts.joined(separator: " and ")
    }
}
