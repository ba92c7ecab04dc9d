// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Kernel
import OPALServer
import Simulation
import Sites
import Testing

/// What a person is told whose card has limits.
struct LimitPageTests {
    /// The card of the person who signed up.
    private func card(_ world: CardWorld) async throws -> CardIdentifier {
        let cards = try await world.desk.cards(after: nil, limit: 10)
        return try #require(cards.last { !world.world.cards.contains($0) })
    }

    private func limit(
        _ world: CardWorld,
        _ change: (inout SpendingLimits) -> Void
    ) async throws {
        var limits = SpendingLimits(currency: .euro, exponent: .cents)
        change(&limits)
        _ = try await world.desk.setLimits(limits, of: card(world), by: "guardian").get()
    }

    @Test func `a limit is told before a payment, with what is left, and not once it is allowed`()
        async throws
    {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            try await limit(world) { $0.day.minorUnitsMax = 200 }
            let first = try await world.checkout(browser)
            try await browser.send(first, ["decision": "pay"])
            try expectWhole(browser.page)
            #expect(browser.page.status == .ok)

            let path = try await world.checkout(browser)
            try expectWhole(browser.page)
            #expect(browser.page.text.contains("This is more than is left for this day"))
            #expect(browser.page.text.contains("€0.50 of €2.00 is left for this day."))
            #expect(browser.page.text.contains("It starts again on"))
            #expect(browser.page.text.contains("Nothing was taken from your card."))
            #expect(!browser.page.text.contains("value=\"pay\""))
            // Who sends the form all the same is told the same.
            try await browser.send(path, ["decision": "pay"])
            #expect(browser.page.text.contains("This is more than is left for this day"))

            _ = try await world.desk.allowOnce(
                world.world.shops[0].merchant,
                minorUnitsMax: 150,
                until: world.world.now.adding(.seconds(600)),
                with: card(world),
                by: "guardian"
            ).get()
            try await browser.open(path)
            try await browser.send(path, ["decision": "pay"])
            try await browser.open("/card")
            #expect(browser.page.text.contains("€47.00"))
        }
    }

    @Test func `who is not signed in is told the limit after the password`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            _ = try await world.desk.freeze(true, card(world), by: "guardian").get()
            let visitor = browser.stranger()
            let path = try await world.checkout(visitor)
            #expect(!visitor.page.text.contains("frozen"))
            try await visitor.send(
                path,
                [
                    "decision": "pay", "userIdentifier": CardWorld.identifier,
                    "password": CardWorld.password,
                ]
            )
            try expectWhole(visitor.page)
            #expect(visitor.page.text.contains("Your card is frozen"))
        }
    }

    @Test func `the history shows settings with who made them, also in the file`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            try await limit(world) { $0.purchaseMax = 500 }
            _ = try await world.desk.freeze(true, card(world), by: "guardian").get()
            #expect(try await world.desk.setBlocked(true, card(world)))
            try expectWhole(try await browser.open("/history?kind=setting"))
            for text in ["Spending limits set", "Card frozen", "Card blocked", "by guardian"] {
                #expect(browser.page.text.contains(text), "\(text)")
            }
            #expect(browser.page.text.contains("1 to 3 of 3"))
            let file = try await browser.open("/history.csv?kind=setting")
            let lines = file.text.split(separator: "\r\n")
            #expect(lines.count == 4)
            #expect(lines[1].hasSuffix(",setting,Card blocked,by operator,,,,"))
        }
    }

    @Test func `each limit has a sentence that says what can be paid instead`() {
        let reader = Wording().reader(.english)
        let money = Money(minorUnits: 5_00, currency: .euro, exponent: .cents)
        let moment = Instant(milliseconds: 1_795_000_000_000)
        guard let shop = MerchantIdentifier("SHOP") else { return }
        for (refusal, expected) in [
            (SpendingRefusal.frozen, "unfrozen"), (.otherCurrency, "another currency"),
            (.merchant(shop), "SHOP is not one of the shops"),
            (.category(MerchantCategory("7995")), "category 7995"),
            (.category(nil), "do not know what this shop sells"),
            (.hour(opens: moment), "It pays again from"), (.hour(opens: nil), "No hour"),
            (.purchase(most: 250), "€2.50 at the most"),
            (.count(.week, most: 1, renews: moment), "It may pay 1 time a week."),
            (.count(.day, most: 3, renews: moment), "It may pay 3 times a day."),
            (.amount(.month, most: 900, left: 20, renews: moment), "€0.20 of €9.00"),
        ] {
            let text = RefusalText(refusal, in: money, reader)
            #expect(text.what.contains(expected), "\(text.what)")
            #expect(text.money == RefusalText.untouched && !text.next.isEmpty)
        }
    }
}
