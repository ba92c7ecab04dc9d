// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Kernel
import Merchant
import OPALServer
import Simulation
import Sites
import Testing
import Wire

@Suite struct AirlineSignInTests {
    @Test func `a sign-in asks the card for a proof of nothing`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            let page = try await fixture.beginSignIn(browser)
            #expect(page.terms.amount == .proof && page.description == "Sign in at Skylark Air")
            #expect(browser.page.text.contains("action=\"\(AirlineFixture.checkoutURL)\""))
            let policy = browser.page.headers[.contentSecurityPolicy] ?? ""
            #expect(policy.hasSuffix("form-action 'self' https://card.example:8443"))
        }
    }

    @Test func `a card of the world proves its holder and opens a session`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            let page = try await fixture.beginSignIn(browser)
            guard case .paid(let receipt) = await fixture.world.pay(page) else {
                Issue.record("The card must prove it.")
                return
            }
            let result = [
                "transaction": page.terms.transaction.text,
                "result": String(decoding: receipt.resultForMerchant, as: UTF8.self),
            ]
            try await fixture.bring(result, browser)
            try await browser.follow()
            #expect(browser.page.location == "/member")
            let member = try await browser.follow()
            #expect(member.text.contains("Join Skylark Miles"))
            #expect(try await fixture.world.balance() == 10_000)
        }
    }

    @Test func `who joins has a number and keeps it`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser)
            let number = try await fixture.member(AirlineFixture.club).number.text
            #expect(browser.page.text.contains(number))
            #expect(!browser.page.text.contains("Join Skylark"))
            let again = browser.stranger()
            #expect(try await fixture.signIn(again).text.contains(number))
        }
    }

    @Test func `a result that comes again opens nothing and says so`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            let page = try await fixture.beginSignIn(browser)
            let before = browser.cookies
            let result = try await fixture.result(page)
            try await fixture.bring(result, browser)
            let arrival = browser.page.location
            #expect(try await browser.follow().location == "/member")
            // In the browser whose session it opened, the way leads there.
            #expect(try await browser.open(arrival).location == "/member")
            // With the cookie of the beginning and without the session.
            let thief = browser.stranger()
            try await fixture.bring(result, thief)
            let cookies = before.merging(thief.cookies) { one, _ in one }
            thief.forgetCookies()
            let headers: HTTPFields = [
                .cookie: cookies.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")
            ]
            let answer = try await thief.open(arrival, headers: headers)
            #expect(answer.status == .conflict)
            #expect(answer.text.contains("This proof was used before"))
            #expect(try await thief.open("/member").location == "/")
        }
    }

    @Test func `a result brought into another browser opens nothing there`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            let result = try await fixture.result(try await fixture.beginSignIn(browser))
            let other = browser.stranger()
            let answer = try await fixture.bring(result, other)
            #expect(answer.status == .seeOther && !answer.location.contains("key="))
            let arrival = try await other.follow()
            #expect(arrival.status == .forbidden)
            #expect(arrival.text.contains("This sign-in was not begun here"))
            #expect(try await other.open("/member").location == "/")
            // The browser that began it did not bring it: somebody else may have proved.
            let beginner = try await browser.open(answer.location)
            #expect(beginner.status == .forbidden)
            #expect(beginner.text.contains("The proof did not come by this browser"))
            // Nor does it help to bring it again.
            try await fixture.bring(result, browser)
            #expect(try await browser.follow().status == .forbidden)
            #expect(try await browser.open("/member").location == "/")
        }
    }

    @Test func `a result for another site opens nothing and says so`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            let own = try await fixture.beginSignIn(browser)
            // A proof of the same card at the second merchant of the world.
            let other = fixture.world.merchant(1)
            let article = try #require(
                Article(
                    identifier: "SIGN-IN",
                    title: "Sign in",
                    description: "Elsewhere",
                    price: .proof,
                    contentFile: "session",
                    mediaType: "text/plain"
                )
            )
            let ticket = try await other.order(article, now: fixture.world.now)
            let page = try await fixture.world.page(ticket, at: 1)
            var result = try await fixture.result(page)
            for transaction in [page.terms.transaction, own.terms.transaction] {
                result["transaction"] = transaction.text
                let answer = try await fixture.bring(result, browser)
                #expect(answer.status == .badRequest)
                #expect(answer.text.contains("We could not use this result"))
            }
            #expect(try await browser.open("/member").location == "/")
        }
    }

    @Test func `a card that refuses signs nobody in`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            let page = try await fixture.beginSignIn(browser)
            try await fixture.bring(try await fixture.result(page, .refused), browser)
            let answer = try await browser.follow()
            #expect(answer.text.contains("Not signed in"))
            #expect(answer.text.contains("No points and no money were taken."))
            #expect(try await browser.open("/member").location == "/")
        }
    }

    @Test func `who began a sign-in and did not bring the proof is not signed in`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            let page = try await fixture.beginSignIn(browser)
            let arrival = "/signed-in/\(page.terms.transaction.text)"
            let waiting = try await browser.open(arrival)
            #expect(waiting.text.contains("We have not heard from your card yet"))
            guard case .paid = await fixture.world.pay(page) else {
                Issue.record("The card must prove it.")
                return
            }
            // Somebody else may have proved it, on a link that was sent to them.
            let answer = try await browser.open(arrival)
            #expect(answer.status == .forbidden)
            #expect(answer.text.contains("The proof did not come by this browser"))
        }
    }

    @Test func `a card with the number of another member is not signed in`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser)
            let stranger = browser.stranger()
            try await fixture.join(stranger, card: AirlineFixture.otherCard)
            let foreign = try await fixture.member(AirlineFixture.club)
            let third = browser.stranger()
            let page = try await fixture.beginSignIn(third)
            let result = try await fixture.result(
                page,
                card: AirlineFixture.otherCard,
                memberships: [foreign]
            )
            try await fixture.bring(result, third)
            let answer = try await third.follow()
            #expect(answer.status == .conflict)
            #expect(answer.text.contains("Your card has another member number"))
            #expect(try await third.open("/member").location == "/")
        }
    }

    @Test func `a card that took the place of an earlier one is known by its number`()
        async throws
    {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser)
            try await fixture.give(250)
            let member = try await fixture.member(AirlineFixture.club)
            let page = try await fixture.signIn(
                browser.stranger(),
                card: AirlineFixture.otherCard,
                memberships: [member]
            )
            #expect(page.text.contains(member.number.text) && page.text.contains("250"))
        }
    }

    @Test func `who signs out is out, and only a form of the session does it`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            let page = try await fixture.signIn(browser)
            #expect(try await browser.submit("/sign-out", ["csrf": "x"]).status == .forbidden)
            #expect(try await browser.open("/member").status == .ok)
            try await browser.submit("/sign-out", ["csrf": page.csrf])
            #expect(try await browser.open("/member").location == "/")
        }
    }

    @Test func `a sign-in needs the token of its form, and one address begins only so many`()
        async throws
    {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            #expect(try await browser.submit("/sign-in", [:]).status == .forbidden)
            let csrf = try await browser.open("/").csrf
            for _ in 0..<AirlineLimits.signInsPerAddress {
                let answer = try await browser.submit("/sign-in", ["csrf": csrf])
                #expect(answer.status == .seeOther)
            }
            let answer = try await browser.submit("/sign-in", ["csrf": csrf])
            #expect(answer.status == .tooManyRequests)
        }
    }
}
