// SPDX-License-Identifier: Apache-2.0

import HSM
import Kernel
import OPALServer
import Simulation
import Testing

/// The page of a card that was made with keys which the issuer has replaced.
struct ReplacedKeysTests {
    /// New cards are made with version 2 from now on; with `hasEnded` nothing is drawn from the
    /// others any more.
    private static func replaceKeys(_ world: CardWorld, hasEnded: Bool) async throws {
        let module = try #require(world.world.cardModule as? SoftwareModule)
        let issuer = world.world.issuer.identifier
        _ = try module.makeKeys(SoftwareModule.KeyName(issuer: issuer, version: 2))
        let yesterday = CardDate(CivilDate(day: world.world.now.day - 1))
        let isChanged = try await world.desk.change(issuer) { issuer in
            issuer.use(2)
            if hasEnded { issuer.end(1, lastDay: yesterday) }
        }
        #expect(isChanged)
        if hasEnded {
            module.end(SoftwareModule.KeyName(issuer: issuer, version: 1), after: yesterday)
        }
    }

    @Test func `of ended keys it says so, offers a new card, and loads nothing onto this one`()
        async throws
    {
        let world = try await CardWorld(isFunded: true)
        try await world.browse { browser in
            try await world.enter(browser)
            try await Self.replaceKeys(world, hasEnded: true)
            try expectWhole(try await browser.open("/card"))
            #expect(browser.page.text.contains("Has to be renewed"))
            #expect(browser.page.text.contains("Move €50.00 to a new card"))
            #expect(browser.page.text.contains("it pays nothing"))
            #expect(!browser.page.text.contains("Load from your account"))

            try await browser.send("/renew", browser.page.hiddenFields)
            try expectWhole(try await browser.follow())
            #expect(browser.page.text.contains("Here is the new card"))
            #expect(browser.page.text.contains("Ready to pay"))
            #expect(browser.page.text.contains("Load from your account"))
            #expect(!browser.page.text.contains("/renew"))
            try await world.checkout(browser)
            #expect(browser.page.text.contains("€50.00"))
        }
    }

    @Test func `and whoever wants to pay is told before`() async throws {
        let world = try await CardWorld(isFunded: true)
        try await world.browse { browser in
            try await world.enter(browser)
            try await Self.replaceKeys(world, hasEnded: true)
            try await world.checkout(browser)
            try expectWhole(browser.page)
            #expect(browser.page.text.contains("Your card has to be renewed"))
            let next = "Move its value to a new card first; the page of your card offers it."
            #expect(browser.page.text.contains(next))
        }
    }

    @Test func `of older keys that still pay it offers a new card beside the loads`() async throws {
        let world = try await CardWorld(isFunded: true)
        try await world.browse { browser in
            try await world.enter(browser)
            try await Self.replaceKeys(world, hasEnded: false)
            try expectWhole(try await browser.open("/card"))
            #expect(browser.page.text.contains("Ready to pay"))
            #expect(browser.page.text.contains("Load from your account"))
            #expect(browser.page.text.contains("This one still pays"))
            #expect(browser.page.text.contains("Move €50.00 to a new card"))
            try await browser.send("/renew", browser.page.hiddenFields)
            try expectWhole(try await browser.follow())
            #expect(browser.page.text.contains("Here is the new card"))
            #expect(!browser.page.text.contains("/renew"))
        }
    }

    @Test func `what came back to the card before moves first, and renews nothing`() async throws {
        let world = try await CardWorld(isFunded: true)
        try await world.browse { browser in
            try await world.enter(browser)
            let path = try await world.checkout(browser)
            world.world.link.plan.script(.dropRequest, at: 2)
            try await browser.send(path, ["decision": "pay"])
            world.world.clock.advance(by: CardWorld.expiryTime)
            try await world.signIn(browser)
            try await browser.send("/renew", browser.page.hiddenFields)
            try await browser.follow()
            #expect(await world.world.settleAll())
            try await Self.replaceKeys(world, hasEnded: false)

            try expectWhole(try await browser.open("/card"))
            #expect(browser.page.text.contains("Move €1.50 to this card"))
            let number = try await cardNumber(world)
            try await browser.send("/renew", browser.page.hiddenFields)
            try expectWhole(try await browser.follow())
            #expect(try await cardNumber(world) == number)
            #expect(browser.page.text.contains("What came back is on this card now"))
            #expect(browser.page.text.contains("Move €50.00 to a new card"))
        }
    }

    private func cardNumber(_ world: CardWorld) async throws -> CardIdentifier? {
        let verified = try await world.users.verify(
            CardWorld.identifier,
            Password(CardWorld.password),
            from: "test",
            at: world.world.now
        )
        guard case .verified(let user) = verified else { return nil }
        return user.card
    }

    @Test func `of a child with ended keys its guardian moves it, and gives nothing before`()
        async throws
    {
        try await Family.meet { family in
            try await family.give("20")
            try await Self.replaceKeys(family.world, hasEnded: true)
            try expectWhole(try await family.child.open("/card"))
            #expect(family.child.page.text.contains("has to be renewed before it pays again"))
            #expect(!family.child.page.text.contains("/renew"))
            try expectWhole(try await family.guardian.open(family.path))
            #expect(family.guardian.page.text.contains("Has to be renewed"))
            #expect(!family.guardian.page.text.contains("Give value"))
            let fields = family.guardian.page.hiddenFields
            try await family.guardian.send(family.path + "/renew", fields)
            try expectWhole(try await family.guardian.follow())
            #expect(try await family.balance() == 2_000)
            #expect(family.guardian.page.text.contains("Give value"))
        }
    }
}
