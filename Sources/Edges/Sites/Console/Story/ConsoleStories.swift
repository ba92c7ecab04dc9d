// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel

/// The console's page of one transaction, with all that the parties of this process know of it.
struct ConsoleStories: Sendable {
    let site: ConsoleSite

    init(_ site: ConsoleSite) {
        self.site = site
    }

    func show(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let transaction = try visit.transaction()
        let records = try await StoryRecords(of: transaction, at: site.parts)
        if records.isEmpty { throw .notFound }
        let story = StoryWriter(records, visit.reader).story
        var values: [String: Any] = [
            "story": [
                "transaction": transaction.text, "title": story.title,
                "amount": story.amount.map { visit.reader.amount($0) } ?? "not read",
                "order": OrderNumber.text(transaction),
            ],
            "money": ["text": story.money.text, "tone": story.money.tone.rawValue],
            "facts": story.facts, "asOf": visit.reader.time(visit.now),
            "steps": story.steps.map { $0.values(visit.reader) },
        ]
        if let other = story.otherHalf { values["otherHref"] = "/transactions/\(other.text)" }
        if let side = site.parts.cardSide, let card = story.card {
            values["cardHref"] = "/cards/\(try await CardReference(side.seals).text(card))"
        }
        if records.sale != nil { values["saleHref"] = "/sales/\(transaction.text)" }
        return site.response("console/story", values, visit, current: "/search")
    }
}
