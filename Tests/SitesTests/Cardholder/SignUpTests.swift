// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Kernel
import OPALServer
import Simulation
import Testing

/// Opening a card, signing in, and keeping others out.
struct SignUpPageTests {
    @Test func `a person signs up, chooses a password and sees a card with value`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try expectWhole(try await browser.open("/sign-up"))
            try expectWhole(try await browser.send("/sign-up", CardWorld.signUpFields))
            #expect(browser.page.text.contains("a•••@example.org"))
            try expectWhole(try await browser.open("/sign-in"))
            try await browser.send(
                "/sign-in",
                [
                    "userIdentifier": CardWorld.identifier,
                    "password": try await world.mailedPassword(),
                ]
            )
            try expectWhole(try await browser.follow())
            try await browser.send(
                "/new-password",
                ["newPassword": CardWorld.password, "repeatedPassword": CardWorld.password]
            )
            let card = try await browser.follow()
            try expectWhole(card)
            #expect(card.text.contains("€50.00") && card.text.contains("Value loaded"))
            #expect(!card.text.contains("4123 45"))
            try expectWhole(try await browser.open("/history"))
            try expectWhole(try await browser.open("/account"))
            #expect(browser.page.text.contains("ends in 1111"))
        }
    }

    @Test func `a sign-up with errors names all of them and shows no secret again`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await browser.open("/sign-up")
            let page = try await browser.send(
                "/sign-up",
                ["userIdentifier": "<anna>", "password": "short", "verificationValue": "x9"]
            )
            try expectWhole(page)
            #expect(page.status == .unprocessableContent)
            #expect(page.text.contains("9 entries need a look"))
            #expect(page.text.contains("value=\"&lt;anna&gt;\""))
            #expect(!page.text.contains("short\"") && !page.text.contains("x9"))
        }
    }

    @Test(arguments: [
        (FundingAccountAnswer.refused(.unknownAccount), "does not know this number"),
        (.refused(.addressWrong), "another address on file"), (.refused(.declined), "gives no"),
        (.unavailable, "does not answer now"),
    ])
    func `a bank that does not confirm the account is told in words`(
        _ answer: FundingAccountAnswer,
        _ text: String
    ) async throws {
        let world = try await CardWorld(answer: answer)
        try await world.browse { browser in
            try await browser.open("/sign-up")
            let page = try await browser.send("/sign-up", CardWorld.signUpFields)
            try expectWhole(page)
            #expect(page.status == .unprocessableContent && page.text.contains(text))
        }
    }

    @Test func `an unknown user and a wrong password get the same page`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            let other = browser.stranger()
            try await other.open("/sign-in")
            let wrong = try await other.send(
                "/sign-in",
                ["userIdentifier": CardWorld.identifier, "password": "wrong pass word"]
            )
            let unknown = try await other.send(
                "/sign-in",
                ["userIdentifier": "nobody", "password": "wrong pass word"]
            )
            try expectWhole(wrong)
            #expect(wrong.status == unknown.status && wrong.text == unknown.text)
            #expect(wrong.status == .unprocessableContent)
        }
    }

    @Test func `too many attempts get a page with the time to come back`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await browser.open("/sign-in")
            for _ in 0..<8 where browser.page.status != .tooManyRequests {
                try await browser.send(
                    "/sign-in",
                    ["userIdentifier": "nobody", "password": "wrong pass word"]
                )
                if browser.page.status != .tooManyRequests { try await browser.open("/sign-in") }
            }
            #expect(browser.page.status == .tooManyRequests)
            #expect(browser.page.text.contains("until <time datetime="))
            try expectWhole(browser.page)
        }
    }

    @Test func `a reminder says the same for every identifier`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            let other = browser.stranger()
            try expectWhole(try await other.open("/reminder"))
            let known = try await other.send("/reminder", ["userIdentifier": CardWorld.identifier])
            try expectWhole(known)
            try await other.open("/reminder")
            let unknown = try await other.send("/reminder", ["userIdentifier": "nobody"])
            #expect(known.text == unknown.text)
        }
    }

    @Test func `the password is changed in the account and the session goes on`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            try await browser.open("/account")
            let fields = [
                "newPassword": "another long one", "repeatedPassword": "another long one",
            ]
            let wrong = try await browser.send(
                "/account",
                fields.merging(["password": "not it at all"]) { $1 }
            )
            try expectWhole(wrong)
            #expect(wrong.text.contains("not your present password"))
            try await browser.send(
                "/account",
                fields.merging(["password": CardWorld.password]) { $1 }
            )
            let page = try await browser.follow()
            #expect(page.text.contains("Your password was changed"))
        }
    }

    @Test func `signing out ends the session, and an old one says so`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            try expectWhole(try await browser.send("/sign-out", [:]))
            #expect(browser.cookies["__Host-opal-card"] == nil)
            try await browser.open("/card")
            #expect(browser.page.status == .seeOther)
            try await browser.follow()
            try await browser.send(
                "/sign-in",
                ["userIdentifier": CardWorld.identifier, "password": CardWorld.password]
            )
            world.world.clock.advance(by: .seconds(3600))
            try expectWhole(try await browser.open("/card"))
            #expect(browser.page.text.contains("away for a while"))
        }
    }
}
