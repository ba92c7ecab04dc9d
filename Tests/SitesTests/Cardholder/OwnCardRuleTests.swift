// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Kernel
import OPALServer
import Simulation
import Sites
import Testing

/// The standing top-up of the own card, and the card that follows an expired one.
struct OwnCardRuleTests {
    private static let entries = ["threshold": "10", "amount": "25", "monthMax": "100"]

    @Test func `a top-up is set, shown, changed and stopped`() async throws {
        let world = try await CardWorld(isFunded: true)
        try await world.browse { browser in
            try await world.enter(browser)
            try expectWhole(try await browser.open("/top-up"))
            try await confirmOrder(browser, "/top-up", Self.entries)
            try expectWhole(try await browser.follow())
            #expect(browser.page.text.contains("The top-up is set."))
            let words = "Below €10.00 load €25.00, at most €100.00 a month"
            #expect(browser.page.text.contains(words))
            try expectWhole(try await browser.open("/top-up"))
            #expect(browser.page.text.contains(words))
            #expect(browser.page.text.contains("value=\"25.00\""))
            let user = try await world.users.profile(ofIdentifier: CardWorld.identifier)
            let key = try #require(user?.key)
            #expect(try await world.family.orders.topUp(of: key)?.rule.monthMax == 10_000)
            try await browser.send("/top-up/stop", [:])
            try expectWhole(try await browser.follow())
            #expect(browser.page.text.contains("The top-up is stopped."))
            #expect(try await world.family.orders.topUp(of: key)?.isActive == false)
        }
    }

    @Test(arguments: [
        ("threshold", "0", "such as"), ("threshold", "", "such as"), ("amount", "x", "such as"),
        ("amount", "4.99", "At least €5.00"), ("monthMax", "24.99", "at least what is loaded"),
        ("amount", "499", "it holds €500.00"),
    ])
    func `a top-up that cannot be is told beside its entry`(
        _ field: String,
        _ typed: String,
        _ text: String
    ) async throws {
        let world = try await CardWorld(isFunded: true)
        try await world.browse { browser in
            try await world.enter(browser)
            try await browser.open("/top-up")
            var entries = Self.entries
            entries["monthMax"] = "1000"
            try await browser.ask(
                "/top-up/confirm",
                (field == "monthMax" ? Self.entries : entries).merging([field: typed]) { $1 }
            )
            try expectWhole(browser.page)
            #expect(browser.page.status == .unprocessableContent)
            #expect(browser.page.text.contains("id=\"\(field)-error\""))
            #expect(browser.page.text.contains(text))
            #expect(browser.page.text.contains("value=\"\(typed)\""))
        }
    }

    @Test func `the value of an expired card moves to a new one, with its limits`() async throws {
        let world = try await CardWorld(isFunded: true)
        try await world.browse { browser in
            try await world.enter(browser)
            try await browser.open("/limits")
            try await browser.send("/limits", LimitEntries.all(["day": "12"]))
            world.world.clock.advance(by: CardWorld.expiryTime)
            try await world.signIn(browser)
            try expectWhole(browser.page)
            #expect(browser.page.text.contains("Expired"))
            #expect(browser.page.text.contains("Move €50.00 to a new card"))
            #expect(!browser.page.text.contains("href=\"/add-value\""))
            try await browser.send("/renew", [:])
            try expectWhole(try await browser.follow())
            #expect(browser.page.text.contains("Here is the new card"))
            #expect(browser.page.text.contains("€50.00"))
            #expect(browser.page.text.contains("Ready to pay"))
            #expect(browser.page.text.contains("of €12.00 spent"))
            try await browser.open("/history")
            #expect(browser.page.text.contains("Value moved from the old card"))
            // A second click finds nothing to do, and says the same.
            try await browser.send("/renew", [:])
            try await browser.follow()
            #expect(browser.page.text.contains("€50.00"))
        }
    }

    @Test func `a card that has not expired is not renewed`() async throws {
        let world = try await CardWorld(isFunded: true)
        try await world.browse { browser in
            try await world.enter(browser)
            try await browser.open("/card")
            try await browser.send("/renew", [:])
            try expectWhole(browser.page)
            #expect(browser.page.text.contains("There is nothing to move"))
        }
    }

    @Test func `a child's card is renewed by its guardian, frozen and limited as it was`()
        async throws
    {
        try await Family.meet { family in
            try await family.give("20")
            try await family.limit(["purchase": "3"])
            try await family.guardian.open(family.path)
            try await family.guardian.send(family.path + "/limits/freeze", ["frozen": "yes"])
            let old = try await family.policy()
            family.world.world.clock.advance(by: CardWorld.expiryTime)
            try await family.world.signIn(family.child, as: Family.child)
            try expectWhole(family.child.page)
            #expect(family.child.page.text.contains("Your guardian can move what is on it"))
            #expect(!family.child.page.text.contains("/renew"))
            try await family.world.signIn(family.guardian)
            try expectWhole(try await family.guardian.open(family.path))
            #expect(family.guardian.page.text.contains("Move €20.00 to a new card"))
            try await family.guardian.send(family.path + "/renew", [:])
            try expectWhole(try await family.guardian.follow())
            #expect(family.guardian.page.text.contains("Here is the new card"))
            #expect(try await family.balance() == 2_000)
            #expect(try await family.policy() == old)
        }
    }

    @Test func `what is put back on a child's old card is moved to the new one by the guardian`()
        async throws
    {
        try await Family.meet { family in
            let world = family.world.world
            try await family.give("20")
            let path = try await family.world.checkout(family.child)
            world.link.plan.script(.dropRequest, at: 2)
            try await family.child.send(path, ["decision": "pay"])
            world.clock.advance(by: CardWorld.expiryTime)
            try await family.world.signIn(family.guardian)
            try await family.guardian.open(family.path)
            try await family.guardian.send(family.path + "/renew", [:])
            try await family.guardian.follow()
            #expect(try await family.balance() == 1_850)
            #expect(!family.guardian.page.text.contains("/renew"))
            #expect(await world.settleAll())
            try expectWhole(try await family.guardian.open(family.path))
            #expect(family.guardian.page.text.contains("Move €1.50 to this card"))
            try await family.guardian.send(family.path + "/renew", [:])
            try expectWhole(try await family.guardian.follow())
            #expect(!family.guardian.page.text.contains("/renew"))
            #expect(try await family.balance() == 2_000)
        }
    }
}
