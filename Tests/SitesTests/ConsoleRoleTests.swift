// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Kernel
import OPALServer
import SecurityModule
import Simulation
import Sites
import Synchronization
import Testing
import Wire

/// Each operator sees the partition of his role alone, and the auditor changes nothing.
@Suite struct ConsoleRoleTests {
    @Test func `an issuer sees the cards of its BIN and none of the acquirer's sales`() async throws
    {
        let fixture = try await ConsoleFixture()
        let transaction = try await fixture.pay().terms.transaction.text
        try await fixture.count()
        let card = fixture.world.cards[0]
        try await fixture.work(as: .issuer(card.issuer)) { browser async throws in
            try await browser.answers(
                [
                    "/": .ok, "/cards": .ok, "/open": .ok, "/transactions/\(transaction)": .ok,
                    "/sales": .notFound, "/sales/\(transaction)": .notFound,
                    "/terminals": .notFound, "/outbox": .notFound, "/stores": .notFound,
                ]
            )
            let story = try await browser.open("/transactions/\(transaction)")
            #expect(story.text.contains("Debited") && !story.text.contains("Draw request"))
            let path = try await ConsoleFixture.cardPath(browser)
            #expect(try await browser.open(path).text.contains("€1.50"))
        }
    }

    @Test func `an operator of another issuer learns nothing of a card`() async throws {
        let fixture = try await ConsoleFixture()
        let paid = try await fixture.pay().terms.transaction.text
        // Debited, and open.
        let stuck = try await fixture.world.page(try await fixture.world.order())
        fixture.world.link.plan.script(.dropRequest, at: 2)
        _ = await fixture.world.pay(stuck)
        try await fixture.count()
        let open = stuck.terms.transaction.text
        let card = fixture.world.cards[0]
        let path = Mutex("")
        try await fixture.work { browser async throws in
            let found = try await ConsoleFixture.cardPath(browser)
            path.withLock { $0 = found }
        }
        let cardPath = path.withLock { $0 }
        let other = try #require(IssuerIdentifier("111111"))
        try await fixture.work(as: .issuer(other)) { browser async throws in
            try await browser.answers(
                [cardPath: .notFound, "/transactions/\(paid)": .notFound]
            )
            for text in [card.digits, String(card.digits.suffix(4)), paid] {
                try await browser.open("/search")
                let found = try await browser.send("/search", ["text": text])
                #expect(found.text.contains("Nothing fits."), "\(text)")
            }
            for path in ["/", "/open", "/cards"] {
                let page = try await browser.open(path)
                try expectWhole(page)
                for text in [open, card.masked, "€1.50"] {
                    #expect(!page.text.contains(text), "\(path): \(text)")
                }
            }
            // Asking, blocking: as of what there is not.
            try await browser.open("/open")
            let asked = try await browser.send("/open/draws/\(open)", [:])
            #expect(asked.status == .notFound)
            try await browser.open("/open")
            let blocked = try await browser.send("\(cardPath)/block", ["reason": "spite"])
            #expect(blocked.status == .notFound)
        }
        #expect(try await fixture.operators.journal(of: card).isEmpty)
    }

    @Test func `an acquirer sees sales and terminals, and no card`() async throws {
        let fixture = try await ConsoleFixture()
        let transaction = try await fixture.pay().terms.transaction.text
        try await fixture.work(as: .acquirer) { browser async throws in
            try await browser.answers(
                [
                    "/": .ok, "/sales": .ok, "/terminals": .ok, "/sales/\(transaction)": .ok,
                    "/transactions/\(transaction)": .ok, "/cards": .notFound,
                    "/outbox": .notFound, "/loads": .notFound,
                ]
            )
            let story = try await browser.open("/transactions/\(transaction)")
            #expect(story.text.contains("Draw request") && !story.text.contains("Debited"))
            #expect(story.text.contains("only the issuer&#39;s module has the key"))
        }
    }

    @Test func `a merchant sees its own orders alone`() async throws {
        let fixture = try await ConsoleFixture()
        let transaction = try await fixture.pay().terms.transaction.text
        let own = fixture.world.shops[0].merchant
        try await fixture.work(as: .merchant(own)) { browser async throws in
            try await browser.answers(
                [
                    "/": .ok, "/open": .ok, "/transactions/\(transaction)": .ok,
                    "/cards": .notFound, "/sales": .notFound, "/terminals": .notFound,
                ]
            )
            let story = try await browser.open("/transactions/\(transaction)")
            #expect(story.text.contains("Ordered") && !story.text.contains("Draw request"))
        }
        let stranger = try await ConsoleFixture()
        let theirs = try await stranger.pay().terms.transaction.text
        let other = try #require(MerchantIdentifier("HARBOUR-9"))
        try await stranger.work(as: .merchant(other)) { browser async throws in
            try await browser.answers(["/": .ok, "/transactions/\(theirs)": .notFound])
        }
    }

    @Test func `an auditor sees all parties and changes nothing`() async throws {
        let fixture = try await ConsoleFixture()
        let transaction = try await fixture.pay().terms.transaction.text
        let card = fixture.world.cards[0]
        try await fixture.work(as: .auditor) { browser async throws in
            try await browser.answers(
                [
                    "/": .ok, "/cards": .ok, "/sales": .ok, "/open": .ok, "/stores": .ok,
                    "/transactions/\(transaction)": .ok, "/outbox": .notFound,
                ]
            )
            let path = try await ConsoleFixture.cardPath(browser)
            try await browser.open(path)
            for (act, fields) in [("block", ["reason": "a look"]), ("number", [:])] {
                let refused = try await browser.send("\(path)/\(act)", fields)
                try expectWhole(refused)
                #expect(refused.status == .forbidden)
                #expect(refused.text.contains("Your role does not allow this"))
                try await browser.open(path)
            }
            try await browser.open("/search")
            let found = try await browser.send("/search", ["text": transaction])
            #expect(found.location == "/transactions/\(transaction)")
        }
        #expect(try await fixture.operators.journal(of: card).isEmpty)
        #expect(try await fixture.world.desk.describe(card)?.isBlocked == false)
    }

    @Test func `who is removed sees nothing any more, and the last one with everything stays`()
        async throws
    {
        let fixture = try await ConsoleFixture()
        let operators = fixture.operators
        let first = try #require(OperatorName(ConsoleFixture.name))
        let second = try #require(OperatorName("second"))
        #expect(try await operators.remove(first, at: fixture.world.now) == false)
        try await fixture.work(as: .auditor) { browser async throws in
            #expect(try await browser.open("/cards").status == .ok)
            #expect(try await operators.remove(second, at: fixture.world.now))
            #expect(try await browser.open("/cards").location == "/sign-in")
        }
        #expect(try await operators.operators().map(\.name) == [first])
        let acts = try await operators.journal(ofOperator: second)
        #expect(acts.map(\.kind) == [.operatorAdded, .operatorRemoved])
        #expect(acts.first?.reason == "auditor")
        #expect(try await operators.role(of: first) == .everything)
        #expect(try await fixture.audit.run().isEmpty)
    }

    @Test func `a session of who was removed by a command beside the console sees nothing`()
        async throws
    {
        let fixture = try await ConsoleFixture()
        let second = try #require(OperatorName("second"))
        let beside = try fixture.restarted().operators
        try await fixture.work(as: .auditor) { browser async throws in
            #expect(try await beside.remove(second, at: fixture.world.now))
            let page = try await browser.open("/cards")
            #expect(page.status == .forbidden)
            #expect(page.text.contains("Your role does not allow this"))
        }
    }

    @Test(arguments: [
        ("issuer", "999001"), ("merchant", "PRESS-1"), ("acquirer", ""), ("auditor", ""),
        ("everything", ""),
    ])
    func `a role is named by its word and its party`(word: String, party: String) {
        let role = OperatorRole(word: word, party: party)
        #expect(role?.word == word && role?.party == party)
        #expect(OperatorRole(word: word, party: party.isEmpty ? "x" : "") == nil)
        #expect(OperatorRole(word: "owner") == nil)
    }
}
