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

/// Limits of a card are changed by two persons.
@Suite struct ConsoleLimitTests {
    private static let password = "four words for this one"
    /// What the form sends where nothing but a purchase is limited.
    private static let fields = [
        "purchase": "5.00", "day": "", "week": "", "month": "", "dayCount": "", "weekCount": "",
        "monthCount": "", "merchantsRule": "all", "merchants": "", "categoriesRule": "all",
        "categories": "", "hours": "", "clock": "0",
    ]

    private func limit(_ fixture: ConsoleFixture) async throws -> UInt64? {
        let card = try await fixture.world.desk.describe(fixture.world.cards[0])
        return card?.spending?.policy.limits?.purchaseMax
    }

    /// The page of the limits of the first card.
    private func path(_ fixture: ConsoleFixture) async throws -> String {
        let found = Mutex("")
        let digits = fixture.world.cards[0].digits
        try await fixture.work { browser async throws in
            try await browser.open("/cards")
            let path = try await browser.send("/cards/find", ["text": digits]).location
            found.withLock { $0 = path + "/limits" }
        }
        return found.withLock { $0 }
    }

    private func propose(_ fixture: ConsoleFixture, at path: String) async throws {
        try await fixture.work { browser async throws in
            try expectWhole(try await browser.open(path))
            let sent = try await browser.send(path, Self.fields)
            #expect(sent.location.hasSuffix("/limits"))
            let page = try await browser.open(path)
            try expectWhole(page)
            #expect(page.text.contains("Waits for a second person"))
            #expect(page.text.contains("up to €5.00") && page.text.contains("Take back"))
        }
    }

    /// Does something as a second operator who has everything.
    private func second(
        _ fixture: ConsoleFixture,
        _ test: @escaping @Sendable (Browser) async throws -> Void
    ) async throws {
        let name = try #require(OperatorName("second"))
        #expect(
            try await fixture.operators.add(
                name,
                password: Self.password,
                as: .everything,
                at: fixture.world.now
            )
        )
        try await fixture.browse { browser async throws in
            try await ConsoleFixture.signIn(browser, "second", Self.password)
            try await test(browser)
        }
    }

    @Test func `a change takes effect when a second person agrees, and both are written down`()
        async throws
    {
        let fixture = try await ConsoleFixture()
        let path = try await path(fixture)
        try await propose(fixture, at: path)
        #expect(try await limit(fixture) == nil)
        try await second(fixture) { browser async throws in
            #expect(try await browser.open("/").text.contains("Limits that wait"))
            try await browser.open(path)
            let agreed = try await browser.send(
                "\(path)/agree",
                browser.page.hiddenFields
            )
            #expect(agreed.location.hasSuffix("/limits"))
            let page = try await browser.open(path)
            try expectWhole(page)
            #expect(page.text.contains("up to €5.00"))
            #expect(!page.text.contains("Waits for a second person"))
        }
        #expect(try await limit(fixture) == 500)
        let acts = try await fixture.operators.journal(of: fixture.world.cards[0])
        #expect(acts.map(\.kind) == [.limitsProposed, .limitsAgreed])
        #expect(acts.map(\.operatorName) == [ConsoleFixture.name, "second"])
        #expect(acts.last?.reason == ConsoleFixture.name)
        #expect(try await fixture.audit.run().isEmpty)
    }

    @Test func `nobody agrees to another change than the one that was on the page`() async throws {
        let fixture = try await ConsoleFixture()
        let path = try await path(fixture)
        try await propose(fixture, at: path)
        try await second(fixture) { browser async throws in
            try await browser.open(path)
            // Meanwhile the first one takes it back, and proposes something else.
            try await fixture.work { first async throws in
                try await first.open(path)
                _ = try await first.send("\(path)/decline", first.page.hiddenFields)
                var other = Self.fields
                other["purchase"] = "500.00"
                try await first.open(path)
                _ = try await first.send(path, other)
            }
            let seen = browser.page.hiddenFields
            for act in ["agree", "decline"] {
                let refused = try await browser.send("\(path)/\(act)", seen)
                #expect(refused.status == .ok)
                #expect(refused.text.contains("Another change waits than the one that you saw"))
                #expect(refused.text.contains("€500.00"))
            }
            #expect(try await limit(fixture) == nil)
            // The page that told so shows the change that waits.
            _ = try await browser.send("\(path)/agree", browser.page.hiddenFields)
        }
        #expect(try await limit(fixture) == 500_00)
    }

    @Test func `changes that nobody agreed to in time are removed with the next one`()
        async throws
    {
        let fixture = try await ConsoleFixture()
        let path = try await path(fixture)
        try await propose(fixture, at: path)
        fixture.world.clock.advance(by: .seconds(24 * 3_600))
        try await fixture.work { browser async throws in
            #expect(!(try await browser.open("/").text.contains("Limits that wait")))
        }
        try await propose(fixture, at: path)
        #expect(try await fixture.audit.run().isEmpty)
    }

    @Test func `who proposed a change cannot agree to it`() async throws {
        let fixture = try await ConsoleFixture()
        let path = try await path(fixture)
        try await propose(fixture, at: path)
        try await fixture.work { browser async throws in
            try await browser.open(path)
            let refused = try await browser.send(
                "\(path)/agree",
                browser.page.hiddenFields
            )
            #expect(refused.text.contains("Somebody else has to agree"))
        }
        #expect(try await limit(fixture) == nil)
    }

    @Test func `a change that nobody agreed to within a day is gone`() async throws {
        let fixture = try await ConsoleFixture()
        let path = try await path(fixture)
        try await propose(fixture, at: path)
        fixture.world.clock.advance(by: .seconds(24 * 3_600))
        try await second(fixture) { browser async throws in
            let page = try await browser.open(path)
            #expect(!page.text.contains("Waits for a second person"))
            let refused = try await browser.send(
                "\(path)/agree",
                browser.page.hiddenFields
            )
            #expect(refused.text.contains("no change that waits any more"))
        }
        #expect(try await limit(fixture) == nil)
    }

    @Test func `a change is not made over limits that somebody else has set since`() async throws {
        let fixture = try await ConsoleFixture()
        let path = try await path(fixture)
        try await propose(fixture, at: path)
        let card = fixture.world.cards[0]
        var others = SpendingLimits(currency: .euro, exponent: .cents)
        others.purchaseMax = 200
        _ = try await fixture.world.desk.setLimits(others, of: card, by: "guardian")
        try await second(fixture) { browser async throws in
            try await browser.open(path)
            let refused = try await browser.send(
                "\(path)/agree",
                browser.page.hiddenFields
            )
            #expect(refused.text.contains("were changed since"))
            try await browser.open(path)
            _ = try await browser.send("\(path)/decline", browser.page.hiddenFields)
            #expect(!(try await browser.open(path).text.contains("Waits for a second person")))
        }
        #expect(try await limit(fixture) == 200)
    }

    @Test func `a block stands, whatever is proposed afterwards`() async throws {
        let fixture = try await ConsoleFixture()
        let path = try await path(fixture)
        let card = String(path.dropLast("/limits".count))
        try await fixture.work { browser async throws in
            try await browser.open(card)
            _ = try await browser.send("\(card)/block", ["reason": "lost"])
        }
        try await propose(fixture, at: path)
        try await fixture.work { browser async throws in
            #expect(try await browser.open(card).text.contains("lost (night.watch)"))
        }
    }

    @Test func `a wrong entry is told beside it, and nothing is proposed`() async throws {
        let fixture = try await ConsoleFixture()
        let path = try await path(fixture)
        try await fixture.work { browser async throws in
            try await browser.open(path)
            var wrong = Self.fields
            wrong["purchase"] = "five"
            let refused = try await browser.send(path, wrong)
            try expectWhole(refused)
            #expect(refused.status == .unprocessableContent)
            #expect(refused.text.contains("Enter an amount such as"))
            #expect(!(try await browser.open(path).text.contains("Waits for a second person")))
        }
    }
}
