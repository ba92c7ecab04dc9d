// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Kernel
import Merchant
import Simulation
import Sites
import Testing
import Wire

@Suite struct ShopQuestionTests {
    @Test func `a closed browser loses nothing`() async throws {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            let path = try await ShopFixture.order(browser)
            _ = try await fixture.pay(try await ShopFixture.page(browser, path))
            let receipt = try await browser.open(path.replacing("/order/", with: "/receipt/"))
            #expect(receipt.text.contains("Paid, and it is yours"))
        }
    }

    @Test func `an order that nobody has paid yet is pending and can be paid`() async throws {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            let path = try await ShopFixture.order(browser)
            let page = try await browser.open(path.replacing("/order/", with: "/receipt/"))
            #expect(page.status == .ok && page.text.contains("We have not heard the end yet"))
            #expect(page.text.contains("data-look-again"))
            #expect(page.text.contains("Back to the order"))
        }
    }

    @Test func `a payment server that is silent leaves the order pending`() async throws {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            let path = try await ShopFixture.order(browser)
            _ = try await fixture.pay(try await ShopFixture.page(browser, path))
            fixture.world.stopPaymentServer()
            let receipt = path.replacing("/order/", with: "/receipt/")
            let page = try await browser.open(receipt)
            #expect(page.status == .ok && page.text.contains("We cannot ask just now"))
            try await fixture.world.restartPaymentServer()
            #expect(try await browser.open(receipt).text.contains("Paid, and it is yours"))
        }
    }

    @Test func `an order that was never paid ends and can be ordered again, once`() async throws {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            let path = try await ShopFixture.order(browser, "comma")
            fixture.world.clock.advance(
                by: PurchaseLimits.orderTime + PurchaseLimits.clockSkew + .seconds(1)
            )
            // Too old to be paid: the way leads to the question.
            let answer = try await browser.open(path)
            #expect(answer.status == .seeOther)
            let refused = try await browser.open(answer.location)
            #expect(refused.text.contains("This order was not paid"))
            let download = path.replacing("/order/", with: "/download/")
            #expect(try await browser.open(download).status == .forbidden)
            let again = try await browser.submit("/reorder", refused.fields)
            #expect(again.status == .seeOther && again.location != path)
            #expect(try await browser.submit("/reorder", refused.fields).location == again.location)
            let page = try await ShopFixture.page(browser, again.location)
            #expect(page.terms.amount.minorUnits == 35)
        }
    }

    @Test func `an order is not ordered again while it is open or after it was paid`() async throws
    {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            let path = try await ShopFixture.order(browser)
            let key = String(path.split(separator: "=").last ?? "")
            let page = try await ShopFixture.page(browser, path)
            let fields = ["transaction": page.terms.transaction.text, "key": key]
            let open = try await browser.submit("/reorder", fields)
            #expect(open.location == path.replacing("/order/", with: "/receipt/"))
            _ = try await browser.submit("/status", try await fixture.pay(page))
            let paid = try await browser.submit("/reorder", fields)
            #expect(paid.location == open.location)
            let orders = try await fixture.world.merchant().orders(limit: 10)
            #expect(orders.count == 1)
        }
    }

    @Test func `the goods can be fetched again for a day`() async throws {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            let path = try await ShopFixture.order(browser)
            let page = try await ShopFixture.page(browser, path)
            _ = try await browser.submit("/status", try await fixture.pay(page))
            let download = path.replacing("/order/", with: "/download/")
            #expect(try await browser.open(download).status == .ok)
            fixture.world.clock.advance(by: MerchantLimits.downloadTime)
            #expect(try await browser.open(download).status == .ok)
            fixture.world.clock.advance(by: .seconds(1))
            let late = try await browser.open(download)
            #expect(late.status == .gone && late.headers[.contentDisposition] == nil)
            #expect(late.text.contains("Download until"))
            #expect(!late.text.contains("\" download>"))
        }
    }

    @Test func `every page has the headers that keep a browser in order`() async throws {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            let path = try await ShopFixture.order(browser)
            let paths = [
                "/", "/articles/salt", path, path.replacing("/order/", with: "/receipt/"),
                path.replacing("/order/", with: "/download/"), "/nothing", "/order/1",
            ]
            for path in paths {
                let headers = try await browser.open(path).headers
                #expect(headers[.contentSecurityPolicy]?.contains("default-src 'none'") == true)
                #expect(headers[.xContentTypeOptions] == "nosniff")
                #expect(headers[.cacheControl] == "no-store")
                #expect(headers[.strictTransportSecurity] != nil)
            }
            let status = try await browser.submit("/status", ["transaction": "1"])
            #expect(status.headers[.contentSecurityPolicy] != nil)
        }
    }
}
