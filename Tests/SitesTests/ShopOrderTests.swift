// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Kernel
import Merchant
import Simulation
import Sites
import Testing
import Wire

@Suite struct ShopOrderTests {
    @Test func `the catalogue shows each article with its price`() async throws {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            let page = try await browser.open("/")
            #expect(page.status == .ok)
            #expect(fixture.demo.catalogue.articles.count == 12)
            for article in fixture.demo.catalogue.articles {
                #expect(page.text.contains("/articles/\(article.identifier)"))
                #expect(page.text.contains(article.title))
            }
            #expect(page.text.contains("€0.05") && page.text.contains("€9.50"))
        }
    }

    @Test func `each article has its page, its goods and its drawing`() async throws {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            for article in fixture.demo.catalogue.articles {
                let page = try await browser.open("/articles/\(article.identifier)")
                #expect(page.status == .ok && !page.csrf.isEmpty)
                let goods = try #require(fixture.demo.content.goods(of: article))
                #expect(goods.count > 100)
                let drawing = fixture.demo.content.presentation(of: article).drawing
                #expect(
                    try await browser.open("/assets/article-\(drawing).svg").status == .ok
                )
            }
        }
    }

    @Test func `the order page has all fields that the card site reads`() async throws {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            let path = try await ShopFixture.order(browser, "lighthouse")
            let page = try await browser.open(path)
            #expect(page.status == .ok)
            let fields = page.fields
            // An order of money alone has no second half.
            for field in OrderPage.Field.allCases where !field.rawValue.hasPrefix("second-") {
                #expect(fields[field.rawValue] != nil)
            }
            let order = try OrderPage { fields[$0.rawValue] }
            #expect(order.terms.amount.minorUnits == 80)
            #expect(order.description == "The Lighthouse Keeper’s Inventory")
            #expect(page.text.contains("action=\"\(ShopFixture.checkoutURL)\""))
            let policy = page.headers[.contentSecurityPolicy] ?? ""
            #expect(policy.hasSuffix("form-action 'self' https://card.example:8443"))
            #expect(page.text.contains("It cannot be chosen yet"))
        }
    }

    @Test func `a shop that takes physical cards shows the command`() async throws {
        let fixture = try await ShopFixture(clientTerminalsURL: ShopFixture.clientTerminalsURL)
        try await fixture.run { browser async throws in
            let path = try await ShopFixture.order(browser)
            let page = try await browser.open(path)
            #expect(page.text.contains("opal pay &#39;https://press.example\(path)&#39;"))
            #expect(!page.text.contains("It cannot be chosen yet"))
            #expect(try page.hidden("payment-server-url") == ShopFixture.clientTerminalsURL)
            #expect(page.text.contains("action=\"https://press.example/1/result\""))
        }
    }

    @Test func `an order needs the token of its form`() async throws {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            #expect(try await browser.submit("/order", ["article": "salt"]).status == .forbidden)
        }
    }

    @Test func `an order of what is not sold is no order`() async throws {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            let csrf = try await browser.open("/articles/salt").csrf
            let answer = try await browser.submit("/order", ["article": "gold", "csrf": csrf])
            #expect(answer.status == .notFound)
            #expect(try await browser.open("/articles/gold").status == .notFound)
        }
    }

    @Test func `one address makes only so many orders at a time`() async throws {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            let csrf = try await browser.open("/articles/salt").csrf
            let fields = ["article": "salt", "csrf": csrf]
            for _ in 0..<ShopLimits.ordersPerAddress {
                #expect(try await browser.submit("/order", fields).status == .seeOther)
            }
            #expect(try await browser.submit("/order", fields).status == .tooManyRequests)
            fixture.world.clock.advance(by: ShopLimits.orderWindow)
            #expect(try await browser.submit("/order", fields).status == .seeOther)
        }
    }

    @Test(arguments: ["order", "receipt", "download"])
    func `a wrong receipt key is as an unknown order`(_ page: String) async throws {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            let path = try await ShopFixture.order(browser)
            let name = path.prefix { $0 != "?" }.dropFirst("/order/".count)
            let wrong = String(repeating: "A", count: 22)
            for key in ["?key=\(wrong)", "?key=", "", "?key=\(wrong)&key=\(wrong)"] {
                let answer = try await browser.open("/\(page)/\(name)\(key)")
                #expect([.notFound, .badRequest].contains(answer.status))
                #expect(!answer.text.contains("Salt"))
            }
            let other = TransactionIdentifier(high: 1, low: 2).text
            let unknown = try await browser.open("/\(page)/\(other)?key=\(wrong)")
            let known = try await browser.open("/\(page)/\(name)?key=\(wrong)")
            #expect(unknown.status == .notFound && unknown.text == known.text)
        }
    }
}
