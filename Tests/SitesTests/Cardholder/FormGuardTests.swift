// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Sites
import Testing

/// Forms that are not as a page of ours sends them.
struct FormGuardTests {
    @Test func `a form without the token of its page is not used`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await browser.open("/sign-up")
            let page = try await browser.send("/sign-up", CardWorld.signUpFields.map { ($0, $1) })
            try expectWhole(page)
            #expect(page.status == .forbidden)
            try await world.enter(browser)
            #expect(try await browser.send("/sign-out", []).status == .forbidden)
            let wrong = [("csrf", String(repeating: "A", count: 43))]
            #expect(try await browser.send("/sign-out", wrong).status == .forbidden)
            #expect(try await browser.open("/card").status == .ok)
        }
    }

    @Test func `a form that is too large is refused`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            let body = "a=" + String(repeating: "x", count: SiteLimits.formBytesMax)
            let page = try await browser.post("/sign-in", body)
            try expectWhole(page)
            #expect(page.status == .contentTooLarge)
        }
    }

    @Test(arguments: ["a=%zz", "a=%4", "a=%ff", "a=1&a=2", "a=1&%61=2"])
    func `a form that cannot be read is refused`(_ body: String) async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            let page = try await browser.post("/sign-in", body)
            try expectWhole(page)
            #expect(page.status == .badRequest)
        }
    }

    @Test func `too many fields and another type are refused`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            let body = (0...SiteLimits.formFieldsMax).map { "f\($0)=x" }.joined(separator: "&")
            #expect(try await browser.post("/sign-in", body).status == .badRequest)
            let json = try await browser.post("/sign-in", "{}", type: "application/json")
            #expect(json.status == .badRequest)
        }
    }

    @Test func `an address without a page gets a page`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            for path in ["/nothing", "/checkout/none", "/assets/../Package.swift", "/assets/x/y"] {
                let page = try await browser.open(path)
                #expect(page.status == .notFound)
                #expect(try holes(page.text) == [])
            }
        }
    }

    @Test func `assets are kept by a browser under their version and asked again without`()
        async throws
    {
        let world = try await CardWorld()
        try await world.browse { browser in
            let page = try await browser.open("/sign-in")
            let path = try #require(page.text.firstMatch(of: /\/assets\/[0-9a-f]+\/opal\.css/))
            let style = try await browser.open(String(path.output))
            #expect(style.status == .ok && style.text.contains("body"))
            #expect(style.headers[.cacheControl]?.contains("immutable") == true)
            let plain = try await browser.open("/assets/opal.css")
            #expect(plain.headers[.cacheControl] == "public, no-cache")
            let tag = try #require(plain.headers[.eTag])
            let again = try await browser.open("/assets/opal.css", headers: [.ifNoneMatch: tag])
            #expect(again.status == .notModified && again.text.isEmpty)
        }
    }

    @Test func `cookies are for https, for scripts never, and for this host alone`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            let cookie = try #require(try await browser.open("/sign-in").headers[.setCookie])
            #expect(cookie.hasPrefix("__Host-opal-form="))
            for part in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
                #expect(cookie.contains(part))
            }
        }
    }
}
