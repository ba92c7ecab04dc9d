// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Kernel
import OPALServer
import Simulation
import Testing

/// Limits and successors need no account: their pages are there without a payment gateway.
struct NoGatewayTests {
    @Test func `the own card is limited, frozen and unfrozen`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            try expectWhole(try await browser.open("/card"))
            #expect(browser.page.text.contains("href=\"/limits\""))
            #expect(!browser.page.text.contains("href=\"/children\""))
            try expectWhole(try await browser.open("/limits"))
            try await browser.send("/limits", LimitEntries.all(["purchase": "1"]))
            try expectWhole(try await browser.follow())
            #expect(browser.page.text.contains("up to €1.00"))
            try await world.checkout(browser)
            #expect(browser.page.text.contains("one purchase may cost €1.00 at the most"))
            try await browser.open("/limits")
            try await browser.send("/limits/freeze", ["frozen": "yes"])
            try expectWhole(try await browser.follow())
            #expect(browser.page.text.contains("Unfreeze the card"))
        }
    }

    @Test func `the value of an expired card moves to a new one`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            world.world.clock.advance(by: CardWorld.expiryTime)
            try await world.signIn(browser)
            try expectWhole(browser.page)
            #expect(browser.page.text.contains("Move €50.00 to a new card"))
            try await browser.send("/renew", [:])
            try expectWhole(try await browser.follow())
            #expect(browser.page.text.contains("Here is the new card"))
            #expect(browser.page.text.contains("€50.00"))
        }
    }

    @Test func `a guardian keeps the pages of a child, and opens no further card`() async throws {
        try await Family.meet { family in
            let world = family.world
            try await family.give("20")
            try await world.browseWithoutGateway { guardian in
                try await world.signIn(guardian)
                try expectWhole(guardian.page)
                #expect(guardian.page.text.contains("href=\"/children\""))
                try expectWhole(try await guardian.open("/children"))
                #expect(guardian.page.text.contains("Emma"))
                #expect(!guardian.page.text.contains("name=\"userIdentifier\""))
                let entries = ["name": "Paul", "userIdentifier": "paul.b", "email": ""]
                #expect(try await guardian.send("/children", entries).status == .notFound)
                try expectWhole(try await guardian.open(family.path))
                for path in ["/give", "/allowance"] {
                    #expect(!guardian.page.text.contains("href=\"\(family.path)\(path)"))
                }
                try await guardian.send(family.path + "/limits/freeze", ["frozen": "yes"])
                #expect(try await family.policy()?.isFrozen == true)
                try await guardian.open(family.path + "/limits")
                let limits = LimitEntries.all(["purchase": "3"])
                try await guardian.send(family.path + "/limits", limits)
                #expect(guardian.page.status == .seeOther)
                let child = guardian.stranger()
                try await world.signIn(child, as: Family.child)
                try expectWhole(child.page)
                #expect(child.page.text.contains("Your guardian sets what it may pay."))
                #expect(try await child.open("/limits").status == .forbidden)
                world.world.clock.advance(by: CardWorld.expiryTime)
                try await world.signIn(guardian)
                try await guardian.open(family.path)
                try await guardian.send(family.path + "/renew", [:])
                try expectWhole(try await guardian.follow())
                #expect(guardian.page.text.contains("Here is the new card"))
                #expect(try await family.balance() == 2_000)
            }
        }
    }
}
