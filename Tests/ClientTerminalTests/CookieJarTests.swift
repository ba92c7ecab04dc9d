// SPDX-License-Identifier: Apache-2.0

import ClientTerminal
import Foundation
import Testing

struct CookieJarTests {
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func address(_ text: String) throws -> URL { try #require(URL(string: text)) }

    /// What is sent to an address after headers from another one.
    private func sent(
        _ headers: [String],
        from: String,
        to: String,
        by page: String? = nil,
        method: String = "GET",
        later seconds: TimeInterval = 0
    ) throws -> String? {
        var jar = CookieJar()
        for header in headers { jar.take(header, from: try address(from), at: now) }
        let initiator = try page.map { try #require(Origin(try address($0))) }
        return jar.header(
            for: try address(to),
            initiator: initiator,
            method: method,
            at: now.addingTimeInterval(seconds)
        )
    }

    @Test func `a cookie goes to its host at any port and to no other host`() throws {
        let headers = ["a=1; Path=/"]
        #expect(try sent(headers, from: "http://localhost:1", to: "http://localhost:2/x") == "a=1")
        #expect(try sent(headers, from: "http://localhost:1", to: "http://127.0.0.1:1/") == nil)
        #expect(
            try sent(headers, from: "https://a.example", to: "https://b.a.example/") == nil
        )
    }

    @Test(arguments: [
        ("/shop", "/shop", true), ("/shop", "/shop/x", true), ("/shop", "/shopping", false),
        ("/shop/", "/shop/x", true), ("/shop", "/", false),
    ])
    func `a cookie goes to its path`(path: String, asked: String, goes: Bool) throws {
        let header = try sent(
            ["a=1; Path=\(path)"],
            from: "https://a.example/",
            to: "https://a.example\(asked)"
        )
        #expect((header != nil) == goes)
    }

    @Test func `the longer path comes first, and a name is taken once`() throws {
        let header = try sent(
            ["a=1; Path=/", "b=2; Path=/x", "a=3; Path=/"],
            from: "https://a.example/",
            to: "https://a.example/x"
        )
        #expect(header == "b=2; a=3")
    }

    @Test func `a form of another site gets no lax cookie, a link does, and neither a strict one`()
        throws
    {
        let headers = [
            "l=1; SameSite=Lax", "d=1", "s=1; SameSite=Strict", "n=1; SameSite=None; Secure",
        ]
        let (own, other) = ("https://a.example/", "https://b.example/")
        #expect(try sent(headers, from: own, to: own, by: other, method: "POST") == "n=1")
        #expect(try sent(headers, from: own, to: own, by: other) == "l=1; d=1; n=1")
        #expect(
            try sent(headers, from: own, to: own, by: own, method: "POST") == "l=1; d=1; s=1; n=1"
        )
        #expect(try sent(headers, from: own, to: own) == "l=1; d=1; s=1; n=1")
    }

    @Test func `a secure cookie stays off the open network`() throws {
        #expect(
            try sent(["a=1; Secure"], from: "https://a.example", to: "http://a.example/") == nil
        )
        #expect(
            try sent(["a=1; Secure"], from: "http://a.example", to: "https://a.example/") == nil
        )
        #expect(
            try sent(["a=1; Secure"], from: "http://localhost:1", to: "http://localhost:1/")
                == "a=1"
        )
    }

    @Test(arguments: [
        "a=1; Domain=example", "a=1; Domain=b.example", "__Host-a=1; Path=/",
        "__Host-a=1; Secure; Path=/x", "__Secure-a=1", "=1", "a=1\u{7}",
        "a=\(String(repeating: "x", count: 5000))", "a=1; Max-Age=0",
        "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    ])
    func `a cookie that breaks a rule is not taken`(header: String) throws {
        #expect(try sent([header], from: "https://a.example/", to: "https://a.example/") == nil)
    }

    @Test func `a cookie ends in its time`() throws {
        let (headers, place) = (
            ["a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], "https://a.example/"
        )
        #expect(try sent(headers, from: place, to: place, later: 59) == "a=1")
        #expect(try sent(headers, from: place, to: place, later: 60) == nil)
        let dated = ["a=1; Expires=Fri, 15 Jan 2027 08:01:00 GMT"]
        #expect(try sent(dated, from: place, to: place, later: 59) == "a=1")
        #expect(try sent(dated, from: place, to: place, later: 61) == nil)
    }

    @Test func `a host keeps a limited number of cookies`() throws {
        let place = "https://a.example/"
        let header = try #require(
            try sent((0..<80).map { "c\($0)=1" }, from: place, to: place)
        )
        #expect(header.split(separator: ";").count == TerminalLimits.cookiesPerHostMax)
    }
}

struct OriginTests {
    @Test(arguments: [
        ("https://A.example:443/x", "https://a.example", false),
        ("http://localhost:8080", "http://localhost:8080", true),
        ("http://127.1.2.3/", "http://127.1.2.3", true),
        ("http://[::1]:1/", "http://[::1]:1", true),
        ("http://127.0.0.1.example/", "http://127.0.0.1.example", false),
        ("http://x.localhost/", "http://x.localhost", false),
    ])
    func `an origin is scheme, host and port`(text: String, origin: String, here: Bool) throws {
        let parsed = try #require(URL(string: text).flatMap(Origin.init))
        #expect(parsed.text == origin)
        #expect(parsed.isLoopback == here)
    }

    @Test(arguments: ["ftp://a.example", "https://user@a.example", "https:///x", "about:blank"])
    func `what is no site has no origin`(text: String) {
        #expect(URL(string: text).flatMap(Origin.init) == nil)
    }

    @Test(arguments: [
        ("same-origin", nil, "null"), ("no-referrer", nil, "null"),
        ("", "https://a.example/", "https://a.example"),
        ("unsafe-url", "https://a.example/p?q", "https://a.example"),
        ("nonsense, origin", "https://a.example/", "https://a.example"),
    ])
    func `the headers for another site follow the page's policy`(
        policy: String,
        referrer: String?,
        origin: String
    ) throws {
        let page = try #require(URL(string: "https://a.example/p?q#f"))
        let other = try #require(URL(string: "https://b.example/"))
        let parsed = ReferrerPolicy([policy])
        #expect(parsed.referrer(from: page, to: other) == referrer)
        #expect(parsed.origin(from: page, to: other) == origin)
        if policy != "no-referrer" {
            #expect(parsed.origin(from: page, to: page) == "https://a.example")
        }
    }
}
