// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel
import Merchant
import Simulation
import Sites
import Testing

/// The table of faults (`docs/FAULTS.md`) says what people read; the simulation that makes it has
/// no pages.
@Suite struct PageWordsTests {
    private static let templates = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Sources/Edges/Sites/Resources/templates")

    private func template(_ name: String) throws -> String {
        try String(contentsOf: Self.templates.appending(path: name + ".mustache"), encoding: .utf8)
    }

    @Test(arguments: Refusal.allCases)
    func `a refusal is told in the words of its page`(refusal: Refusal) {
        let text = RefusalText(refusal)
        #expect(PageWords(refusal) == PageWords(text.title, text.money))
    }

    @Test(arguments: LoadRefusal.allCases)
    func `a load that came to nothing is told in the words of its page`(refusal: LoadRefusal) {
        let text = RefusalText(load: refusal)
        #expect(PageWords(load: refusal) == PageWords(text.title, text.money))
    }

    @Test(arguments: AccountLoadRefusal.allCases)
    func `a load from an account is told in the words of its page`(
        refusal: AccountLoadRefusal
    ) throws {
        let text = RefusalText(accountLoad: refusal)
        #expect(PageWords(accountLoad: refusal) == PageWords(text.title, text.money))
        let done = try template("cardholder/add-value-done")
        #expect(done.contains(">\(PageWords.accountLoaded)</h1>"))
        let (pending, words) = (
            try template("cardholder/add-value-pending"), PageWords.accountLoadPending
        )
        #expect(pending.contains(">\(words.title)</h1>") && pending.contains(words.money))
    }

    @Test func `what the bank says is in the words of its pages`() throws {
        #expect(PageWords.loadResultNotGenuine == RefusalText.loadResultNotGenuine.title)
        #expect(PageWords.loadResultContradicts == RefusalText.loadResultContradicts.title)
        #expect(try template("bank/loaded").contains(">\(PageWords.loadedAtBank)</h1>"))
        #expect(try template("bank/not-loaded").contains(">\(PageWords.notLoadedAtBank)</h1>"))
        #expect(try template("bank/load-pending").contains(">\(PageWords.pendingAtBank)</h1>"))
        #expect(try template("cardholder/load-done").contains(">\(PageWords.loaded)</h1>"))
        let (pending, words) = (
            try template("cardholder/load-pending"), PageWords.loadPending("{{bank.name}}")
        )
        #expect(pending.contains(">\(words.title)</h1>") && pending.contains(words.money))
    }

    @Test func `a payment that was put back is told in the words of its page`() {
        var facts = RefusalText.Facts()
        facts.amount = "1.50"
        let text = RefusalText(.orderGivenUp, facts)
        #expect(PageWords.putBack("1.50") == PageWords(text.title, text.money))
    }

    @Test func `what the shop says is in the words of its pages`() {
        #expect(PageWords.resultNotGenuine == RefusalText.resultNotGenuine.title)
        #expect(PageWords.resultContradicts == RefusalText.resultContradicts.title)
        #expect(PageWords.notHeardYet == RefusalText.notHeardYet.title)
        #expect(PageWords.cannotAsk == RefusalText(unanswered: .answerUnreadable)?.title)
        #expect(RefusalText(unanswered: .resultForged) == nil)
        #expect(PageWords.givenUp == RefusalText(.orderGivenUp).title)
    }

    @Test func `the titles of the pages are those of the templates`() throws {
        #expect(try template("cardholder/checkout-paid").contains(">\(PageWords.paid)</h1>"))
        let pending = try template("cardholder/checkout-pending")
        #expect(pending.contains(">\(PageWords.pending.title)</h1>"))
        #expect(pending.contains(PageWords.pending.money))
        #expect(try template("shop/receipt").contains(">\(PageWords.receipt)</h1>"))
        #expect(try template("shared/error-500").contains("}}\(PageWords.broken){{"))
    }
}
