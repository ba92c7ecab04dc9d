// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Kernel
import OPALServer
import Sites
import Testing
import Wire

/// The security code (CVV2) that a person may type with a load from the account on file.
struct SecurityCodeTests {
    private static let path = "/add-value/confirm"

    private func funded(
        _ test: @escaping @Sendable (CardWorld, Browser) async throws -> Void
    ) async throws {
        let world = try await CardWorld(isFunded: true)
        try await world.browse { browser in
            try await world.enter(browser)
            try await browser.open(Self.path + "?amount=25")
            try await test(world, browser)
        }
    }

    /// Confirms what the page shows, with a code.
    private func confirm(_ browser: Browser, code: String) async throws {
        let page = browser.page
        try await browser.send(
            Self.path,
            [
                "transaction": try page.hidden("transaction"), "proof": try page.hidden("proof"),
                "amount": try page.hidden("amount"), "verificationValue": code,
            ]
        )
    }

    @Test func `it is asked for with the confirmation, masked, and need not be given`()
        async throws
    {
        try await funded { _, browser in
            try expectWhole(browser.page)
            let entry = /<input id="verificationValue"[^>]*>/
            let match = try #require(browser.page.text.firstMatch(of: entry))
            let input = String(match.output)
            for text in ["type=\"password\"", "autocomplete=\"cc-csc\"", "maxlength=\"4\""] {
                #expect(input.contains(text), "\(text)")
            }
            #expect(!input.contains("required") && !input.contains("value=\""))
            #expect(browser.page.text.contains(">Security code</label>"))
        }
    }

    @Test(arguments: [("739", "739"), (" 7391 ", "7391"), ("7 39", "739"), ("", nil), ("  ", nil)])
    func `what was typed goes to the bank with this load`(
        _ typed: String,
        _ digits: String?
    ) async throws {
        try await funded { world, browser in
            try await confirm(browser, code: typed)
            try await browser.follow()
            #expect(browser.page.text.contains(">Loaded</h1>"))
            #expect(world.gateway.authorized.map(\.verificationValue?.digits) == [digits])
        }
    }

    @Test(arguments: ["73", "73915", "7a9", "7-39", "٧٣٩"])
    func `what cannot be one is told beside its entry, and neither shown again nor sent`(
        _ typed: String
    ) async throws {
        try await funded { world, browser in
            try await confirm(browser, code: typed)
            try expectWhole(browser.page)
            #expect(browser.page.status == .unprocessableContent)
            #expect(browser.page.text.contains("id=\"verificationValue-error\""))
            #expect(browser.page.text.contains("three or four digits"))
            #expect(!browser.page.text.contains("value=\"\(typed)\""))
            #expect(browser.page.text.contains("Load €25.00"))
            #expect(world.gateway.authorized.isEmpty)
            // The page that is shown is a confirmation again.
            try await confirm(browser, code: "739")
            try await browser.follow()
            #expect(browser.page.text.contains(">Loaded</h1>"))
            #expect(world.gateway.authorized.count == 1)
        }
    }

    @Test func `the bank has another one: told in plain words, and nothing is charged`()
        async throws
    {
        try await funded { world, browser in
            world.gateway.plays(.findsAnotherVerificationValue)
            try await confirm(browser, code: "7391")
            try expectWhole(browser.page)
            #expect(browser.page.text.contains("The security code was not right"))
            #expect(browser.page.text.contains("your account is not charged"))
            #expect(!browser.page.text.contains(">7391<"))
            try await browser.open("/card")
            #expect(browser.page.text.contains("€50.00"))
        }
    }
}
