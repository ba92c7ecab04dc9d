// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import HTTPTypes
import Kernel
import Records
import Sites
import Testing

@testable import Simulation

/// The operator decides on a sale that was set aside.
@Suite struct ConsoleSuspenseTests {
    /// A console with a sale whose merchant the clearing house does not know yet.
    private func suspended() async throws -> (ConsoleFixture, ClearingHost, BatchPlace) {
        var plan = ClearingPlan()
        plan.isLastMerchantLate = true
        let fixture = try await ConsoleFixture(clearing: plan)
        _ = try await fixture.pay()
        let host = try await fixture.credit()
        let sales = try await host.house.suspended(after: nil, limit: 2)
        #expect(sales.count == 1)
        return (fixture, host, try #require(sales.first).place)
    }

    private func decide(
        _ decision: String,
        _ place: BatchPlace,
        _ browser: Browser
    ) async throws -> Browser.Page {
        try await browser.open("/clearing/suspense")
        return try await browser.send("/clearing/suspense/\(place.text("-"))/\(decision)", [:])
    }

    @Test func `what still cannot be cleared is not written down as cleared`() async throws {
        let (fixture, host, place) = try await suspended()
        try await fixture.work { browser async throws in
            let page = try await decide("release", place, browser)
            try expectWhole(page)
            #expect(page.text.contains("the merchant is not known"))
            #expect(page.text.contains("Nothing was changed."))
        }
        #expect(try await fixture.clearingActs() == 0)
        #expect(try await host.house.suspended(at: place)?.decision == nil)
    }

    @Test func `what is cleared is written down, and the merchant's`() async throws {
        let (fixture, host, place) = try await suspended()
        let merchant = fixture.world.shops[0].merchant
        let payee = try #require(
            Payee(name: "Press", account: "BE68539007547034", bic: "BANKDEFF")
        )
        try await host.house.set(
            ClearedMerchant(
                merchant,
                name: "Press",
                acquirer: WorldKeys.acquirerNumber,
                category: nil,
                accounts: [ClearedMerchant.Account(.euro, payee)]
            )
        )
        try await fixture.work { browser async throws in
            #expect(try await decide("release", place, browser).status == .seeOther)
        }
        #expect(try await fixture.clearingActs() == 1)
        #expect(try await host.house.suspended(at: place)?.decision?.end == .released)
    }

    @Test func `a decision is written down once, and a second one changes nothing`()
        async throws
    {
        let (fixture, host, place) = try await suspended()
        try await fixture.work { browser async throws in
            #expect(try await decide("reject", place, browser).status == .seeOther)
            for decision in ["reject", "release"] {
                let again = try await decide(decision, place, browser)
                try expectWhole(again)
                #expect(again.text.contains("decided this before. Nothing was changed."))
            }
        }
        #expect(try await fixture.clearingActs() == 1)
        #expect(try await host.house.suspended(at: place)?.decision?.end == .rejected)
    }
}
