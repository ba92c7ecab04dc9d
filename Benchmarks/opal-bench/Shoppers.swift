// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Synchronization

/// People who buy at the shop over HTTPS, with a session each.
struct Shoppers: Sendable {
    /// A visitor's cookie and form token.
    struct Person: Sendable {
        let cookie: String
        let csrf: String
    }

    static let cardPort = 18400
    static let shopPort = 18401
    static let count = 32
    static let card = "https://localhost:\(cardPort)"
    static let shop = "https://localhost:\(shopPort)"
    private static let cheapest = "salt"

    let browser: Browser
    private let visit: Person
    let people: [Person]

    /// Signs all of them in. `data`: the folder of the scheme.
    init(_ browser: Browser, data: String, count: Int = Self.count) async throws {
        self.browser = browser
        let password = try String(contentsOfFile: "\(data)/demo-password", encoding: .utf8)
            .trimmingCharacters(in: .newlines)
        people = try await Self.signIn(browser, password, count)
        let page = try await browser.get("\(Self.shop)/articles/\(Self.cheapest)")
        visit = Person(cookie: page.cookie, csrf: try page.hidden("csrf"))
    }

    private static func signIn(
        _ browser: Browser,
        _ password: String,
        _ count: Int
    ) async throws -> [Person] {
        var people: [Person] = []
        for number in 1...count {
            let page = try await browser.get("\(Self.card)/sign-in")
            let form = try page.hidden("csrf")
            let answer = try await browser.post(
                "\(Self.card)/sign-in",
                [("csrf", form), ("userIdentifier", "user\(number)"), ("password", password)],
                cookie: page.cookie
            )
            guard answer.status == 303, !answer.cookie.isEmpty else {
                throw BenchFailure("user\(number) could not sign in: \(answer.status)")
            }
            let account = try await browser.get("\(Self.card)/account", cookie: answer.cookie)
            people.append(Person(cookie: answer.cookie, csrf: try account.hidden("csrf")))
        }
        return people
    }

    /// Orders the cheapest article and carries the order page to the card site.
    ///
    /// - Returns: the address of the consent page.
    func order(_ index: Int) async throws -> String {
        let ordered = try await browser.post(
            "\(Self.shop)/order",
            [("csrf", visit.csrf), ("article", Self.cheapest)],
            cookie: visit.cookie,
            address: Self.address(index)
        )
        let page = try await browser.get(
            try ordered.onward(from: Self.shop, "an order")
        )
        let offered = try await browser.post(
            "\(Self.card)/checkout",
            try page.fields(of: Self.card),
            address: Self.address(index)
        )
        return try offered.onward(from: Self.card, "an offer")
    }

    /// 32 orders share an address: the sites count by address.
    static func address(_ index: Int) -> String {
        "10.\(index >> 21 & 255).\(index >> 13 & 255).\(index >> 5 & 255)"
    }

    /// `caller`: who consents; people do not share a card.
    func pay(_ caller: Int, _ address: String) async throws -> HTMLText {
        let person = people[caller]
        let paid = try await browser.post(
            address,
            [("csrf", person.csrf), ("decision", "pay")],
            cookie: person.cookie
        )
        guard paid.status == 200, paid.holds("name=\"result\"") else {
            throw BenchFailure("a purchase was not paid: \(paid.status)")
        }
        return paid
    }

    /// From an order to its article.
    func buy(_ caller: Int, _ index: Int) async throws {
        let paid = try await pay(caller, try await order(index))
        let brought = try await browser.post(
            "\(Self.shop)/status",
            [
                ("transaction", try paid.hidden("transaction")),
                ("result", try paid.hidden("result")),
            ]
        )
        let receipt = try await browser.get(
            try brought.onward(from: Self.shop, "a result at the shop")
        )
        let file = try await browser.get(Self.shop + (try receipt.download()))
        guard file.status == 200, file.body.readableBytes > 0 else {
            throw BenchFailure("an article was not delivered: \(file.status)")
        }
    }

    /// Orders made before the clock starts.
    func prepared(_ count: Int, from first: Int) async throws -> [String] {
        let addresses = Mutex([String](repeating: "", count: count))
        _ = try await Samples.run(callers: 32, operations: count) { _, index in
            let address = try await order(first + index)
            addresses.withLock { $0[index] = address }
        }
        return addresses.withLock { $0 }
    }
}
