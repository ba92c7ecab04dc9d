// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Kernel
import LoyaltyServer
import Simulation
import Sites
import Testing
import Wire

@Suite struct AirlinePagesTests {
    @Test func `every page has all that its template asks for`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            for path in ["/", "/benefits/lounge", "/benefits/window", "/benefits/wings"] {
                try expectWhole(try await browser.open(path))
            }
            let page = try await fixture.beginSignIn(browser)
            #expect(try holes(browser.page.text) == [])
            let arrival = "/signed-in/\(page.terms.transaction.text)"
            try expectWhole(try await browser.open(arrival))
            try expectWhole(try await browser.stranger().open(arrival))
            try await fixture.bring(try await fixture.result(page), browser)
            try await browser.follow()
            try expectWhole(try await browser.follow())
            try expectWhole(try await browser.open("/benefits/lounge"))
            try await fixture.joinBoth(browser)
            try await fixture.give(150)
            for path in ["/", "/member", "/benefits/lounge", "/benefits/bag"] {
                try expectWhole(try await browser.open(path))
            }
            for code in ["lounge", "routes", "wings", "window"] {
                let order = try await fixture.redeem(browser, code)
                let page = try await fixture.page(browser, order.location)
                #expect(try holes(browser.page.text) == [])
                let behind = order.location.replacing("/order/", with: "/redemptions/")
                try expectWhole(try await browser.open(behind))
                try await fixture.bring(try await fixture.result(page), browser)
                try expectWhole(try await browser.follow())
            }
            try expectWhole(try await browser.open("/member"))
            try expectWhole(try await browser.open("/benefits/wings"))
            try expectWhole(try await fixture.redeem(browser, "wings"))
            let forged = ["transaction": page.terms.transaction.text, "result": "x"]
            try expectWhole(try await fixture.bring(forged, browser))
        }
    }

    @Test func `the start page shows both programmes and where their points are`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            let page = try await browser.open("/")
            #expect(page.text.contains("Skylark Miles") && page.text.contains("Skylark Club"))
            #expect(page.text.contains("Points are on your card"))
            #expect(page.text.contains("50\u{A0}points + €2.50"))
            #expect(page.text.contains("Sign in with your card"))
            let code = try #require(BenefitCode("lounge"))
            try await fixture.benefits.withdraw(code, now: fixture.world.now)
            #expect(!(try await browser.open("/").text.contains("/benefits/lounge")))
            let gone = try await browser.open("/benefits/lounge")
            #expect(gone.text.contains("We no longer offer this"))
        }
    }

    @Test func `a sign-in from a benefit leads back to it, and so does joining`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            let page = try await fixture.signIn(browser, from: "/benefits/lounge")
            #expect(page.text.contains("Join Skylark Miles"))
            let fields = ["programme": "9001", "benefit": "lounge", "csrf": page.csrf]
            let answer = try await browser.submit("/join", fields)
            #expect(answer.location == "/benefits/lounge")
            #expect(try await browser.follow().text.contains("action=\"/redeem\""))
        }
    }

    @Test func `the member's page says what expires when, and what is on the card it does not`()
        async throws
    {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser)
            try await fixture.give(150)
            let page = try await browser.open("/member")
            #expect(page.text.contains("150\u{A0}points") && page.text.contains("Until "))
            #expect(page.text.contains("your card shows you"))
            #expect(page.text.contains("Sent to your card so far"))
        }
    }

    @Test func `what is another's, unknown, or of no programme here is not found`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            let key = String(repeating: "A", count: 22)
            let unknown = TransactionIdentifier(high: 1, low: 2).text
            for path in [
                "/benefits/nothing", "/benefits/NO", "/order/\(unknown)?key=\(key)",
                "/redemptions/\(unknown)?key=\(key)", "/files/\(unknown)?key=\(key)",
                "/order/1", "/signed-in/1",
            ] {
                #expect(try await browser.open(path).status == .notFound, "\(path)")
            }
            let page = try await fixture.signIn(browser)
            let wrong = ["programme": "9009", "csrf": page.csrf]
            #expect(try await browser.submit("/join", wrong).status == .badRequest)
            #expect(try await browser.submit("/join", ["programme": "9001"]).status == .forbidden)
            let redeem = ["benefit": "nothing", "csrf": page.csrf]
            #expect(try await browser.submit("/redeem", redeem).status == .notFound)
            // Not a member yet: the page of the benefit offers to join.
            let early = ["benefit": "lounge", "csrf": page.csrf]
            #expect(try await browser.submit("/redeem", early).location == "/benefits/lounge")
        }
    }

    @Test func `amounts are written for the reader`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            let page = try await browser.open("/", headers: [.acceptLanguage: "de"])
            #expect(page.text.contains("2,50\u{A0}€"))
        }
    }
}
