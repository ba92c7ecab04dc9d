// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Kernel
import Merchant
import SecurityModule
import Simulation
import Sites
import Testing
import Wire

@Suite struct ShopPagesTests {
    @Test func `every page has all that its template asks for`() async throws {
        let fixture = try await ShopFixture(clientTerminalsURL: ShopFixture.clientTerminalsURL)
        try await fixture.run { browser async throws in
            try expectWhole(try await browser.open("/"))
            for article in fixture.demo.catalogue.articles {
                try expectWhole(try await browser.open("/articles/\(article.identifier)"))
            }
            let path = try await ShopFixture.order(browser)
            let receipt = path.replacing("/order/", with: "/receipt/")
            let download = path.replacing("/order/", with: "/download/")
            let order = try await browser.open(path)
            #expect(try holes(order.text) == [])
            let pending = try await browser.open(receipt)
            try expectWhole(pending)
            #expect(pending.text.contains("data-look-again=\"5\""))
            try expectWhole(try await browser.open(download))
            let page = try await ShopFixture.page(browser, path)
            try await browser.submit("/status", try await fixture.pay(page))
            try expectWhole(try await browser.open(receipt))
            try expectWhole(try await browser.open(path))
            try expectWhole(
                try await browser.submit(
                    "/status",
                    ["transaction": page.terms.transaction.text, "result": "x"]
                )
            )
        }
    }

    @Test func `an unpaid order has a whole page, too`() async throws {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            let path = try await ShopFixture.order(browser)
            fixture.world.clock.advance(
                by: PurchaseLimits.orderTime + PurchaseLimits.clockSkew + .seconds(1)
            )
            let receipt = path.replacing("/order/", with: "/receipt/")
            let refused = try await browser.open(receipt)
            try expectWhole(refused)
            #expect(refused.text.contains("action=\"/reorder\""))
            try expectWhole(try await browser.open(path))
        }
    }

    @Test(arguments: Refusal.allCases)
    func `every reason for a refusal is told with its money and what to do`(
        _ reason: Refusal
    ) async throws {
        let fixture = try await ShopFixture()
        try await fixture.run { browser async throws in
            let path = try await ShopFixture.order(browser)
            let order = try #require(
                try await fixture.world.merchant().orders(limit: 1).first?.order
            )
            let page = try await ShopFixture.page(browser, path)
            let result = try await fixture.refusedResult(page, order.amount, reason)
            let answer = try await browser.submit("/status", result)
            #expect(answer.status == .seeOther)
            let shown = try await browser.open(answer.location)
            try expectWhole(shown)
            #expect(shown.text.contains("<h1>Not paid</h1>"))
            #expect(!shown.text.contains("Go back to the shop"))
        }
    }
}

extension ShopFixture {
    /// What the payment server seals for the shop where the card did not pay.
    func refusedResult(
        _ page: OrderPage,
        _ amount: Money,
        _ reason: Refusal
    ) async throws -> [String: String] {
        let session = try await world.saleKeys.session(for: page.terms, page.proof)
        let sealed = try await session.sealResult(
            MerchantDebitResult(
                transaction: page.terms.transaction,
                merchant: page.terms.merchant,
                amount: amount,
                outcome: .refused,
                reason: reason,
                cardPseudonym: String(repeating: "0", count: 32),
                securityCard: SecurityCardIdentifier(acquirer: 7, serial: 1),
                securityCardNumber: 1,
                time: CardTime(world.now)
            )
        )
        return [
            "transaction": page.terms.transaction.text,
            "result": String(decoding: sealed, as: UTF8.self),
        ]
    }
}
