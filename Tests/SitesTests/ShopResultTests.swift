// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Kernel
import Merchant
import Simulation
import Sites
import Testing
import Wire

@Suite struct ShopResultTests {
    @Test func `a paid order is handed out`() async throws {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            let path = try await ShopFixture.order(browser, "glass")
            let result = try await fixture.pay(try await ShopFixture.page(browser, path))
            browser.forgetCookies()
            let answer = try await browser.submit("/status", result)
            #expect(answer.status == .seeOther)
            let receipt = try await browser.open(answer.location)
            #expect(receipt.status == .ok && receipt.text.contains("Paid, and it is yours"))
            let goods = try await browser.open(
                answer.location.replacing("/receipt/", with: "/download/")
            )
            #expect(goods.status == .ok)
            #expect(goods.headers[.contentType] == "text/plain;charset=utf-8")
            #expect(goods.headers[.contentDisposition] == "attachment; filename=\"glass.txt\"")
            #expect(goods.headers[.cacheControl] == "no-store")
            #expect(goods.text.hasPrefix("HOW GLASS REMEMBERS"))
        }
    }

    @Test func `a result posted twice delivers once`() async throws {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            let path = try await ShopFixture.order(browser)
            let page = try await ShopFixture.page(browser, path)
            let result = try await fixture.pay(page)
            var receipts: Set<String> = []
            for _ in 0..<2 {
                let location = try await browser.submit("/status", result).location
                receipts.insert(location)
                let download = location.replacing("/receipt/", with: "/download/")
                #expect(try await browser.open(download).status == .ok)
            }
            #expect(receipts.count == 1)
            let journal = try await fixture.world.merchant().journal(of: page.terms.transaction)
            #expect(journal.count { $0.event == .delivered } == 1)
            #expect(journal.count == 3)
        }
    }

    @Test func `a second payment of the same order is told that it is paid`() async throws {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            let path = try await ShopFixture.order(browser)
            let page = try await ShopFixture.page(browser, path)
            _ = try await browser.submit("/status", try await fixture.pay(page))
            let again = try await browser.open(path)
            #expect(again.status == .ok && again.text.contains("This order is already paid"))
            #expect(again.text.contains("No second payment was made"))
            #expect(again.fields["tsk"] == nil)
            #expect(try await fixture.world.balance() == 10_000 - 5)
        }
    }

    @Test func `a forged result changes nothing and says so`() async throws {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            let path = try await ShopFixture.order(browser)
            let page = try await ShopFixture.page(browser, path)
            var result = try await fixture.pay(page)
            let genuine = result
            for text in ["", "x", "a.b.c.d.e", (result["result"] ?? "") + "A"] {
                result["result"] = text
                let answer = try await browser.submit("/status", result)
                #expect(answer.status == .badRequest)
                #expect(answer.text.contains("We could not use this result"))
            }
            let order = try await fixture.world.merchant().orders(limit: 1).first?.order
            #expect(order?.state == .open)
            #expect(try await browser.submit("/status", genuine).status == .seeOther)
        }
    }

    @Test func `the result of another order changes nothing`() async throws {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            let first = try await ShopFixture.page(
                browser,
                try await ShopFixture.order(browser, "salt")
            )
            let second = try await ShopFixture.order(browser, "islands")
            let dear = try await ShopFixture.page(browser, second)
            var result = try await fixture.pay(first)
            result["transaction"] = dear.terms.transaction.text
            let answer = try await browser.submit("/status", result)
            #expect(answer.status == .badRequest)
            let download = second.replacing("/order/", with: "/download/")
            #expect(try await browser.open(download).status == .forbidden)
        }
    }

    @Test func `what is said of an unknown order and of a forged result is the same`() async throws
    {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            let path = try await ShopFixture.order(browser)
            let known = try await ShopFixture.page(browser, path).terms.transaction.text
            let unknown = TransactionIdentifier(high: 1, low: 2).text
            let answers = [
                try await browser.submit("/status", ["transaction": known, "result": "x"]),
                try await browser.submit("/status", ["transaction": unknown, "result": "x"]),
            ]
            #expect(answers[0].status == answers[1].status)
            #expect(answers[0].text == answers[1].text)
            let bad = try await browser.submit("/status", ["transaction": "1", "result": "x"])
            #expect(bad.status == .badRequest)
        }
    }

    @Test func `nothing is handed out before the payment`() async throws {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            let path = try await ShopFixture.order(browser)
            let answer = try await browser.open(path.replacing("/order/", with: "/download/"))
            #expect(answer.status == .forbidden)
            #expect(answer.text.contains("This order is not paid yet"))
            #expect(answer.headers[.contentDisposition] == nil)
        }
    }
}
