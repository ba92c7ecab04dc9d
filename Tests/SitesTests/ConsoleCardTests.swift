// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Kernel
import OPALServer
import SecurityModule
import Simulation
import Sites
import Testing
import Wire

@Suite struct ConsoleCardTests {
    @Test func `cards are listed with masked numbers`() async throws {
        let fixture = try await ConsoleFixture()
        try await fixture.work { browser async throws in
            let page = try await browser.open("/cards")
            try expectWhole(page)
            for card in fixture.world.cards {
                #expect(page.text.contains(card.masked))
                #expect(!page.text.contains(card.digits))
            }
            #expect(page.text.contains("€100.00"))
        }
    }

    @Test func `cards are paged by number`() async throws {
        let fixture = try await ConsoleFixture()
        for _ in 0..<ConsoleLimits.pageRows { _ = try await fixture.world.addCard(100) }
        let total = fixture.world.cards.count
        try await fixture.work { browser async throws in
            let list = try await browser.open("/cards")
            #expect(list.text.matches(of: #/href="/cards/[^"?]+"/#).count == 25)
            let next = try #require(list.text.firstMatch(of: #/rel="next" href="([^"]+)"/#))
            let older = try await browser.open(String(next.1))
            #expect(older.text.matches(of: #/href="/cards/[^"?]+"/#).count == total - 25)
            #expect(try await browser.open("/cards?after=x").status == .notFound)
        }
    }

    @Test func `a card is found by its whole number, which stands in no address`() async throws {
        let fixture = try await ConsoleFixture()
        try await fixture.work { browser async throws in
            let digits = fixture.world.cards[0].digits
            try await browser.open("/cards")
            let found = try await browser.send("/cards/find", ["text": digits])
            #expect(found.status == .seeOther && !found.location.contains(digits.suffix(4)))
            let card = try await browser.open(found.location)
            #expect(card.text.contains(fixture.world.cards[0].masked))
            for text in ["4123450000000000", "nobody", "", "\u{1F4B3}"] {
                try await browser.open("/cards")
                let none = try await browser.send("/cards/find", ["text": text])
                #expect(none.status == .ok && none.text.contains("No card fits."))
                #expect(text.isEmpty || !none.text.contains("value=\"\(text)\""))
            }
        }
    }

    @Test func `a card is shown with its history, newest first`() async throws {
        let fixture = try await ConsoleFixture()
        _ = try await fixture.pay()
        try await fixture.work { browser async throws in
            try await browser.open("/cards")
            let digits = fixture.world.cards[0].digits
            let path = try await browser.send("/cards/find", ["text": digits]).location
            let page = try await browser.open(path)
            try expectWhole(page)
            #expect(page.text.contains("€98.50") && page.text.contains("−€1.50"))
            let paid = try #require(page.text.firstRange(of: "Paid"))
            let loaded = try #require(page.text.firstRange(of: "Loaded"))
            #expect(paid.lowerBound < loaded.lowerBound)
            #expect(try await browser.open("\(path)?before=2").text.contains("Loaded"))
            #expect(try await !browser.open("\(path)?before=2").text.contains("−€1.50"))
        }
    }

    @Test func `the whole number is shown on request alone, and the request is written down`()
        async throws
    {
        let fixture = try await ConsoleFixture()
        try await fixture.work { browser async throws in
            let path = try await ConsoleFixture.cardPath(browser)
            #expect(try await browser.submit("\(path)/number", [:]).status == .forbidden)
            try await browser.open(path)
            let page = try await browser.send("\(path)/number", [:])
            try expectWhole(page)
            let card = try #require(
                fixture.world.cards.first { page.text.contains($0.digits) }
            )
            let acts = try await fixture.operators.journal(of: card)
            #expect(acts.map(\.kind) == [.numberShown])
            #expect(acts.map(\.operatorName) == [ConsoleFixture.name])
            #expect(try await !browser.open(path).text.contains(card.digits))
        }
    }

    @Test func `blocking needs the token of the session`() async throws {
        let fixture = try await ConsoleFixture()
        try await fixture.work { browser async throws in
            let path = try await ConsoleFixture.cardPath(browser)
            for token in ["", "x", String(repeating: "A", count: 43)] {
                let answer = try await browser.submit(
                    "\(path)/block",
                    ["reason": "lost", "csrf": token]
                )
                #expect(answer.status == .forbidden)
                try expectWhole(answer)
            }
            for card in fixture.world.cards {
                #expect(try await fixture.world.desk.describe(card)?.isBlocked == false)
            }
        }
    }

    @Test func `a blocked card shows, pays nothing, and can be unblocked`() async throws {
        let fixture = try await ConsoleFixture()
        let card = fixture.world.cards[0]
        try await fixture.work { browser async throws in
            try await browser.open("/cards")
            let path = try await browser.send("/cards/find", ["text": card.digits]).location
            try await browser.open(path)
            #expect(try await browser.send("\(path)/block", ["reason": ""]).status == .badRequest)
            try await browser.open(path)
            let reason = "Lost at sea <b>"
            let answer = try await browser.send("\(path)/block", ["reason": reason])
            #expect(answer.status == .seeOther)
            let blocked = try await browser.follow()
            try expectWhole(blocked)
            #expect(blocked.text.contains("Lost at sea &lt;b&gt; (night.watch)"))
            #expect(blocked.text.contains("Blocked since"))
            #expect(try await browser.open("/cards").text.contains(">Blocked<"))
            let order = try await fixture.world.page(try await fixture.world.order())
            #expect(await fixture.world.pay(order) == .refused(.cardBlocked))
            try await browser.open(path)
            try await browser.send("\(path)/unblock", [:])
            #expect(try await browser.follow().text.contains(">Ready<"))
            _ = try await fixture.pay()
            let acts = try await fixture.operators.journal(of: card)
            #expect(acts.map(\.kind) == [.blocked, .unblocked])
        }
    }

    @Test func `an address that is no reference of ours leads nowhere`() async throws {
        let fixture = try await ConsoleFixture()
        try await fixture.work { browser async throws in
            for text in [fixture.world.cards[0].digits, "AAAA", String(repeating: "A", count: 400)]
            {
                #expect(try await browser.open("/cards/\(text)").status == .notFound)
            }
        }
    }
}
