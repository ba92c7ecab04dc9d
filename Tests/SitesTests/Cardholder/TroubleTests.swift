// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Kernel
import OPALServer
import Records
import Simulation
import Sites
import Testing
import Wire

/// What the pages say when something is not as it should be.
struct TroubleTests {
    @Test func `a store that fails gives a page with a reference and no details`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            world.world.opalStore.reads.script(.unavailable("disk on fire"), forNext: 3)
            let page = try await browser.open("/card")
            try expectWhole(page)
            #expect(page.status == .serviceUnavailable)
            #expect(page.text.contains("Reference <code>") && !page.text.contains("disk"))
            #expect(page.text.contains("it is pending"))
        }
    }

    @Test func `a blocked card says so on its page and before a payment`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            let card = try #require(
                try await world.desk.cards(after: nil, limit: 10).last {
                    !world.world.cards.contains($0)
                } ?? nil
            )
            #expect(try await world.desk.setBlocked(true, card))
            try expectWhole(try await browser.open("/card"))
            #expect(browser.page.text.contains("Harbour Bank stopped this card."))
            try await world.checkout(browser)
            try expectWhole(browser.page)
            #expect(browser.page.text.contains("Your card is blocked"))
            #expect(!browser.page.text.contains("value=\"pay\""))
        }
    }

    @Test func `another order with the transaction of a paid one shows nothing of it`()
        async throws
    {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            let page = try await world.world.page(try await world.world.order())
            let fields = page.fields.map { ($0.0.rawValue, $0.1) }
            let path = try await world.checkout(browser, fields: fields)
            try await browser.send(path, ["decision": "pay"])
            let other = page.fields.map { field, value in
                (field.rawValue, field == .statusURL ? "https://thief.example/" : value)
            }
            let thief = browser.stranger()
            let copy = try await world.checkout(thief, fields: other)
            #expect(!thief.page.text.contains("name=\"result\""))
            #expect(try await thief.open(copy + "/status").status == .seeOther)
        }
    }

    @Test func `a one-time password at the checkout leads back to the order`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            let visitor = browser.stranger()
            try await visitor.open("/reminder")
            try await visitor.send("/reminder", ["userIdentifier": CardWorld.identifier])
            let path = try await world.checkout(visitor)
            try await visitor.send(
                path,
                [
                    "decision": "pay", "userIdentifier": CardWorld.identifier,
                    "password": try await world.mailedPassword(),
                ]
            )
            try expectWhole(try await visitor.follow())
            let again = ["newPassword": "one", "repeatedPassword": "another"]
            let action = try #require(
                visitor.page.text.firstMatch(of: /action="(\/new-password[^"]*)"/)?.output.1
            )
            let wrong = try await visitor.send(String(action), again)
            try expectWhole(wrong)
            #expect(wrong.text.contains("are not the same"))
            try await visitor.send(
                String(action),
                ["newPassword": "a brand new one", "repeatedPassword": "a brand new one"]
            )
            #expect(visitor.page.headers[.location] == path)
            try expectWhole(try await visitor.follow())
            #expect(visitor.page.text.contains("€50.00"))
        }
    }

    @Test func `a shop's pages are bounded for each address`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            let page = try await world.world.page(try await world.world.order())
            let fields = page.fields.map { ($0.0.rawValue, $0.1) }
            for _ in 0..<300 {
                try await browser.send("/checkout", fields, fromElsewhere: true)
                #expect(browser.page.status == .seeOther)
            }
            try await browser.send("/checkout", fields, fromElsewhere: true)
            #expect(browser.page.status == .tooManyRequests)
        }
    }

    @Test func `a site without https sets plain cookies and no transport policy`() async throws {
        let world = try await CardWorld(origin: "http://127.0.0.1:8080")
        try await world.browse { browser in
            let page = try await browser.open("/sign-in")
            #expect(page.headers[.strictTransportSecurity] == nil)
            let cookie = try #require(page.headers[.setCookie])
            #expect(cookie.hasPrefix("opal-form=") && !cookie.contains("Secure"))
            try await world.enter(browser)
        }
    }

    @Test func `a template without its values is noticed by these tests`() throws {
        let look = SiteLook(kind: .card, brand: .init(name: "Bank", mark: "opal-mark"))
        let html = try Templates().html(
            "cardholder/account",
            ["facts": [[:] as [String: Any]]],
            look: look
        )
        #expect(try holes(html).count >= 3)
    }
}
