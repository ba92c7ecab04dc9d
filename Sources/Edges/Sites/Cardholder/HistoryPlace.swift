// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer

/// Whose history and statements a page shows, and of which card.
struct HistoryPlace {
    let card: CardIdentifier
    /// Nil for the own card.
    let ward: Ward?
    /// Whether it is the card before the present one.
    let isBefore: Bool
    /// The present card, and the one before it where there was one.
    let present: CardIdentifier
    let predecessor: CardIdentifier?

    typealias Ward = CardholderSite.Ward

    /// In the addresses of the card before the present one.
    static let before = "/before"

    var history: String { path(isBefore: isBefore) + "/history" }

    func statement(_ month: StatementMonth) -> String {
        path(isBefore: isBefore) + "/statement/" + month.text
    }

    /// The page of one purchase.
    func purchase(_ transaction: TransactionIdentifier) -> String {
        Self.purchase(transaction, at: history)
    }

    /// `history`: behind which address the purchases of a card have their pages.
    static func purchase(_ transaction: TransactionIdentifier, at history: String) -> String {
        "\(history)/purchases/\(transaction.text)"
    }

    /// Of the navigation.
    var current: String { ward == nil ? "/history" : CardholderSite.childrenPath }

    /// Of the file with the rows of a month.
    func file(_ month: StatementMonth) -> String {
        "\(history).csv?from=\(DateWords.iso(month.first))&to=\(DateWords.iso(month.last))"
    }

    private func path(isBefore: Bool) -> String {
        (ward?.path ?? "") + (isBefore ? HistoryPlace.before : "")
    }

    /// `cards` of the templates: which card is looked at; nil where there was one only.
    ///
    /// `page`: what lies behind the path of a card.
    func cards(at page: String) -> [String: Any]? {
        guard let predecessor else { return nil }
        let both = [(false, "Present card", present), (true, "Card before", predecessor)]
        let rows = both.map { isBefore, label, card in
            var values: [String: Any] = ["label": label, "number": card.masked]
            if isBefore != self.isBefore { values["href"] = path(isBefore: isBefore) + page }
            return values
        }
        return ["rows": rows]
    }
}

extension CardholderSite {
    /// The own card, or the one before it.
    func place(
        of signed: Signed,
        isBefore: Bool
    ) async throws(SiteFailure) -> HistoryPlace {
        try await place(signed.user.key, signed.user.card, nil, isBefore)
    }

    /// The card of a child, or the one before it.
    func place(of ward: Ward, isBefore: Bool) async throws(SiteFailure) -> HistoryPlace {
        try await place(ward.key, ward.card, ward, isBefore)
    }

    /// For who has had one card only there is no page of another.
    private func place(
        _ holder: UserKey,
        _ card: CardIdentifier,
        _ ward: Ward?,
        _ isBefore: Bool
    ) async throws(SiteFailure) -> HistoryPlace {
        let profile = try await asking { try await parts.users.profile(of: holder) }
        let predecessor = profile?.predecessor
        guard let shown = isBefore ? predecessor : card else { throw .notFound }
        return HistoryPlace(
            card: shown,
            ward: ward,
            isBefore: isBefore,
            present: card,
            predecessor: predecessor
        )
    }
}
