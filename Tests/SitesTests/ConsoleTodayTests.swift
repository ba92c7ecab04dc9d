// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import PaymentServer
import Records
import Simulation
import Sites
import Testing
import Wire

/// Today at a glance: what rounds count is on the first page, each thing once.
@Suite struct ConsoleTodayTests {
    /// The value and the note of a tile.
    private func tile(_ label: String, _ page: Browser.Page) throws -> (value: String, note: String)
    {
        let tile = try #require(
            page.text.split(separator: "<li class=\"tile\">").first {
                $0.contains("tile-label\">\(label)<")
            }
        )
        let value = tile.firstMatch(of: #/tile-value">([^<]*)</#).map { String($0.1) } ?? ""
        let note = tile.firstMatch(of: #/tile-note">([^<]*)</#).map { String($0.1) } ?? ""
        return (value, note)
    }

    /// What the first page says of purchases, and of what was put back.
    private func purchases(_ browser: Browser) async throws -> String {
        let page = try await browser.open("/")
        try expectWhole(page)
        let (sold, undone) = (try tile("Purchases", page), try tile("Put back", page))
        return "\(sold.value) \(sold.note), \(undone.value) \(undone.note)"
    }

    @Test func `purchases and what was put back are counted with their value`() async throws {
        let fixture = try await ConsoleFixture()
        _ = try await fixture.pay()
        _ = try await fixture.pay()
        _ = try await fixture.putBack()
        try await fixture.work { browser async throws in
            #expect(try await browser.open("/").text.contains("Not counted yet"))
            try await fixture.count()
            #expect(try await purchases(browser) == "2 €3.00, 1 €1.50")
            let page = try await browser.open("/")
            // Drawn, and readable without the drawing.
            #expect(page.text.contains("12:00 UTC: 2 sold"))
            #expect(page.text.contains("2 sold, 1 given up. The most, 3, from 12:00 to 13:00 UTC."))
            #expect(try tile("Half end within", page).value == "5 ms")
        }
    }

    @Test func `what was counted for good is counted once, also after a restart`() async throws {
        let fixture = try await ConsoleFixture()
        _ = try await fixture.pay()
        try await fixture.count()
        fixture.world.clock.advance(by: .seconds(3_600))
        _ = try await fixture.pay()
        let anew = try fixture.restarted()
        for _ in 0..<3 {
            try await fixture.count()
            fixture.world.clock.advance(by: .seconds(60))
        }
        try await fixture.work { browser async throws in
            #expect(try await purchases(browser) == "2 €3.00, 0 ")
        }
        try await anew.count()
        try await anew.work { browser async throws in
            #expect(try await purchases(browser) == "2 €3.00, 0 ")
            let page = try await browser.open("/")
            #expect(page.text.contains("12:00 UTC: 1 sold"))
            #expect(page.text.contains("13:00 UTC: 1 sold"))
        }
        #expect(try await fixture.audit.run().isEmpty)
    }

    @Test func `what is open when it is passed counts in its hour once it has ended`() async throws
    {
        let fixture = try await ConsoleFixture()
        let world = fixture.world
        let page = try await world.page(try await world.order())
        world.link.plan.script(.dropRequest, at: 2)
        _ = await world.pay(page)
        world.clock.advance(by: .seconds(2 * 3_600))
        try await fixture.count()
        try await fixture.work { browser async throws in
            #expect(try await purchases(browser) == "0 , 0 ")
            #expect(await world.payments.giveUpLateSales() == 1)
            #expect(await world.purchases.settleOpenDraws(olderThan: .zero) == 1)
            world.clock.advance(by: .seconds(60))
            for _ in 0..<2 {
                try await fixture.count()
                let told = try await purchases(browser)
                #expect(told == "0 , 1 €1.50")
            }
            #expect(try await browser.open("/").text.contains("12:00 UTC: 1 given up"))
        }
    }

    @Test func `yesterday's purchases are not today's`() async throws {
        let fixture = try await ConsoleFixture()
        _ = try await fixture.pay()
        fixture.world.clock.advance(by: .seconds(12 * 3_600))
        try await fixture.count()
        try await fixture.work { browser async throws in
            #expect(try await purchases(browser) == "0 , 0 ")
        }
    }

    @Test func `refusals are counted by reason, the most frequent first`() async throws {
        let fixture = try await ConsoleFixture()
        let counter = try #require(fixture.parts.cardSide?.refusals)
        counter.note("card-blocked")
        for _ in 0..<2 { counter.note("insufficient-value") }
        try await fixture.count()
        fixture.world.clock.advance(by: .seconds(60))
        counter.note("insufficient-value")
        try await fixture.count()
        try await fixture.work { browser async throws in
            let page = try await browser.open("/")
            try expectWhole(page)
            #expect(try tile("Refused", page).value == "4")
            let reasons = page.text.matches(of: #/(Insufficient value|Card blocked)/#)
            #expect(reasons.map { String($0.1) } == ["Insufficient value", "Card blocked"])
        }
    }

    @Test func `a sale is found by security card and number after it was counted for good`()
        async throws
    {
        let fixture = try await ConsoleFixture()
        let transaction = try await fixture.pay().terms.transaction
        fixture.world.clock.advance(by: .seconds(3_600))
        try await fixture.count()
        let sale = try #require(try await fixture.world.payments.sale(transaction)?.line.sale)
        let drawn = "\(sale.command.securityCard.text) \(sale.command.securityCardNumber)"
        try await fixture.work { browser async throws in
            try await browser.open("/search")
            let found = try await browser.send("/search", ["text": drawn])
            #expect(found.location == "/transactions/\(transaction.text)")
        }
    }
}
