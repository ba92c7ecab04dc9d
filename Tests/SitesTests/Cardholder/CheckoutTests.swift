// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Kernel
import Merchant
import OPALServer
import Simulation
import Sites
import Testing
import Wire

/// From a shop's order page to its status URL (FIG. 11).
struct CheckoutTests {
    @Test func `an order is paid and its result opens the goods at the shop`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            let ticket = try await world.world.order()
            let order = try await world.world.page(ticket)
            let path = try await world.checkout(
                browser,
                fields: order.fields.map { ($0.0.rawValue, $0.1) }
            )
            try expectWhole(browser.page)
            #expect(browser.page.text.contains("€50.00") && browser.page.text.contains("€48.50"))
            let paid = try await browser.send(path, ["decision": "pay"])
            try expectWhole(paid)
            #expect(paid.text.contains("<h1 class=\"center\">Paid</h1>"))
            #expect(paid.text.contains("€48.50"))
            let policy = try #require(paid.headers[.contentSecurityPolicy])
            #expect(policy.hasSuffix("form-action 'self' https://press.example"))
            #expect(paid.text.contains("action=\"https://press.example/1/result\""))
            #expect(try paid.hidden("transaction") == ticket.transaction.text)
            let result = Array(try paid.hidden("result").utf8)
            let delivery = try await world.world.fetch(result, ticket)
            #expect(delivery.isFirst)
        }
    }

    @Test func `two tabs pay once and show the same outcome`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            let path = try await world.checkout(browser)
            let form = browser.page
            let fields = [("decision", "pay"), ("csrf", try #require(form.token))]
            let first = try await browser.send(path, fields)
            let second = try await browser.send(path, fields)
            #expect(try first.hidden("result") == second.hidden("result"))
            let again = try await browser.open(path)
            #expect(try again.hidden("result") == first.hidden("result"))
            try await browser.open("/card")
            #expect(browser.page.text.contains("€48.50"))
        }
    }

    @Test func `a person without a session pays with identifier and password`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            let visitor = browser.stranger()
            let path = try await world.checkout(visitor)
            try expectWhole(visitor.page)
            #expect(!visitor.page.text.contains("€50.00"))
            let wrong = try await visitor.send(
                path,
                [
                    "decision": "pay", "userIdentifier": CardWorld.identifier,
                    "password": "wrong pass word",
                ]
            )
            try expectWhole(wrong)
            #expect(wrong.status == .unprocessableContent)
            let paid = try await visitor.send(
                path,
                [
                    "decision": "pay", "userIdentifier": CardWorld.identifier,
                    "password": CardWorld.password,
                ]
            )
            try expectWhole(paid)
            #expect(paid.text.contains("€48.50"))
            // Who only has the name of the offer is not told the balance.
            let shown = try await visitor.stranger().open(path)
            try expectWhole(shown)
            #expect(!shown.text.contains("€48.50"))
        }
    }

    @Test func `a card that holds too little says so before and after the button`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            for _ in 0..<5 {
                let path = try await world.checkout(browser, article: 2)
                try await browser.send(path, ["decision": "pay"])
            }
            let path = try await world.checkout(browser, article: 2)
            try expectWhole(browser.page)
            #expect(browser.page.text.contains("Nothing was taken"))
            #expect(!browser.page.text.contains("value=\"pay\""))
            let refused = try await browser.send(path, ["decision": "pay"])
            try expectWhole(refused)
            #expect(refused.text.contains("Nothing was taken from your card."))
            #expect(refused.text.contains("Your card does not hold enough"))
            #expect(refused.text.contains("href=\"https://press.example/\""))
        }
    }

    @Test func `a payment whose end is not heard is pending, then paid`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            let path = try await world.checkout(browser)
            world.world.link.plan.script(.dropResponse, at: 2)
            let pending = try await browser.send(path, ["decision": "pay"])
            try expectWhole(pending)
            #expect(pending.text.contains("Being settled"))
            try expectWhole(try await browser.open("/card"))
            #expect(browser.page.text.contains("Pending"))
            try expectWhole(try await browser.open(path + "/status"))
            #expect(browser.page.text.contains("data-look-again"))
            await world.world.tidy()
            try expectWhole(try await browser.open(path + "/status"))
            #expect(try !browser.page.hidden("result").isEmpty)
        }
    }

    @Test func `a payment that was given up shows its value put back`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            let path = try await world.checkout(browser)
            world.world.link.plan.script(.dropRequest, at: 2)
            try await browser.send(path, ["decision": "pay"])
            #expect(await world.world.settleAll())
            try await browser.open("/sign-in")
            try await browser.send(
                "/sign-in",
                ["userIdentifier": CardWorld.identifier, "password": CardWorld.password]
            )
            try expectWhole(try await browser.open(path))
            #expect(browser.page.text.contains("Put back: €1.50 is on your card again."))
            try expectWhole(try await browser.open("/card"))
            #expect(browser.page.text.contains("Value put back"))
            #expect(browser.page.text.contains("€50.00"))
        }
    }

    @Test func `cancelling takes nothing and leads back to the shop`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            let path = try await world.checkout(browser)
            let page = try await browser.send(path + "/cancel", [:])
            try expectWhole(page)
            #expect(
                page.text.contains("You cancelled") && page.text.contains("https://press.example/")
            )
            try await browser.open("/card")
            #expect(browser.page.text.contains("€50.00"))
        }
    }

    @Test(arguments: [
        "javascript:alert(1)", "https://user@press.example/", "https://press.example; x/",
        "https:///result", "ftp://press.example/", "https://press.example:99999/",
    ])
    func `an order page whose status URL is no web address is refused`(
        _ address: String
    ) async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            let page = try await world.world.page(try await world.world.order())
            let fields = page.fields.map { field, value in
                (field.rawValue, field == .statusURL ? address : value)
            }
            try await world.checkout(browser, fields: fields)
            try expectWhole(browser.page)
            #expect(browser.page.status == .badRequest)
        }
    }

    @Test func `an order page that lacks a field is refused`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            let page = try await world.world.page(try await world.world.order())
            for missing in page.fields.indices {
                var fields = page.fields.map { ($0.0.rawValue, $0.1) }
                fields.remove(at: missing)
                try await world.checkout(browser, fields: fields)
                #expect(browser.page.status == .badRequest)
            }
        }
    }

    @Test func `an order that is too old is refused before anything begins`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            let path = try await world.checkout(browser)
            world.world.clock.advance(by: PurchaseLimits.orderTime + .seconds(1))
            let page = try await browser.open(path)
            try expectWhole(page)
            #expect(page.text.contains("The order is too old"))
        }
    }

    @Test func `paying needs the token and the decision`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            let path = try await world.checkout(browser)
            #expect(try await browser.send(path, [("decision", "pay")]).status == .forbidden)
            try await browser.open(path)
            #expect(try await browser.send(path, ["decision": "no"]).status == .badRequest)
            try await browser.open(path)
            world.world.clock.advance(by: .seconds(25 * 60))
            try await browser.open(path)
            world.world.clock.advance(by: .seconds(31 * 60))
            let over = try await browser.send(path, ["decision": "pay"])
            #expect(over.text.contains("The order is too old"))
            #expect(world.world.link.exchanges.isEmpty)
        }
    }
}
