// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// People who buy at the shop over HTTPS, with a session each.
struct Shoppers: Sendable {
    /// A visitor's cookie and form token.
    private struct Person: Sendable {
        let cookie: String
        let csrf: String
    }

    static let cardPort = 18400
    static let shopPort = 18401
    static let count = 32
    private static let card = "https://localhost:\(cardPort)"
    static let shop = "https://localhost:\(shopPort)"
    private static let cheapest = "salt"

    let browser: Browser
    private let visit: Person
    private let people: [Person]

    /// Signs all of them in. `data`: the folder of the scheme.
    init(_ browser: Browser, data: String) async throws {
        self.browser = browser
        let password = try String(contentsOfFile: "\(data)/demo-password", encoding: .utf8)
            .trimmingCharacters(in: .newlines)
        people = try await Self.signIn(browser, password)
        let page = try await browser.get("\(Self.shop)/articles/\(Self.cheapest)")
        visit = Person(cookie: page.cookie, csrf: try page.hidden("csrf"))
    }

    private static func signIn(
        _ browser: Browser,
        _ password: String
    ) async throws -> [Person] {
        var people: [Person] = []
        for number in 1...Self.count {
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
        guard ordered.status == 303 else {
            throw BenchFailure("the shop took no order: \(ordered.status)")
        }
        let page = try await browser.get(Self.shop + ordered.location)
        let offered = try await browser.post(
            "\(Self.card)/checkout",
            try page.fields(of: Self.card),
            address: Self.address(index)
        )
        guard offered.status == 303 else {
            throw BenchFailure("the card site took no offer: \(offered.status)")
        }
        return offered.location.hasPrefix("http") ? offered.location : Self.card + offered.location
    }

    /// 32 orders share an address: the shop counts orders by address.
    private static func address(_ index: Int) -> String {
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
