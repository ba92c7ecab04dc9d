// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Sites
import Testing

@testable import Simulation

/// Who looks at the pages of the clearing house sees what is paid now, and what later.
@Suite struct ConsoleFeeTests {
    private static let password = "four words for this one"

    private func rule(_ rate: UInt32) throws -> FeeRule {
        let least = ExactAmount(minorUnits: 1_000, .micros)
        return try #require(
            FeeRule(rate: rate, minimum: least, perBatch: ExactAmount(minorUnits: 1, .cents))
        )
    }

    /// All pay 1.2 %; the merchant 0.5 % of its own, and from the third day on something else.
    private func fixture(
        _ change: FeeChange
    ) async throws -> (ConsoleFixture, day: CivilDate) {
        var plan = ClearingPlan()
        (plan.fee, plan.firstFee) = (try rule(12_000), try rule(5_000))
        let fixture = try await ConsoleFixture(clearing: plan)
        let house = try #require(fixture.world.clearing).house.house
        let day = LocalOffset.utc.day(of: fixture.world.now) + 2
        try await house.make(
            house.prepare(
                change,
                of: .merchant(fixture.world.shops[0].merchant),
                in: .euro,
                from: day,
                now: fixture.world.now
            )
        )
        return (fixture, CivilDate(day: day))
    }

    private func page(
        _ fixture: ConsoleFixture,
        of merchant: MerchantIdentifier,
        _ test: @escaping @Sendable (String) throws -> Void
    ) async throws {
        let name = try #require(OperatorName("second"))
        _ = try await fixture.operators.add(
            name,
            password: Self.password,
            as: .merchant(merchant),
            at: fixture.world.now
        )
        try await fixture.browse { browser async throws in
            try await ConsoleFixture.signIn(browser, name.text, Self.password)
            let page = try await browser.open("/clearing")
            try expectWhole(page)
            try test(page.text)
        }
    }

    @Test func `a merchant sees what it pays now, and from when it pays something else`()
        async throws
    {
        let (fixture, day) = try await fixture(.begin(try rule(7_500)))
        try await page(fixture, of: fixture.world.shops[0].merchant) { text in
            for part in ["0.50 %", "0.75 %", "€0.001", "€0.01", "Now"] {
                #expect(text.contains(part), "\(part)")
            }
            #expect(text.contains("From \(day.dayOfMonth) "))
            // What others pay is none of its business.
            #expect(!text.contains("1.20 %") && !text.contains("A day ends at"))
        }
    }

    @Test func `a merchant whose own fee ends sees what it pays then`() async throws {
        let (fixture, day) = try await fixture(.end)
        try await page(fixture, of: fixture.world.shops[0].merchant) { text in
            for part in ["0.50 %", "1.20 %", "From \(day.dayOfMonth) "] {
                #expect(text.contains(part), "\(part)")
            }
        }
    }

    @Test func `the operator of the clearing house sees the fee of all and the terms`()
        async throws
    {
        let (fixture, _) = try await fixture(.end)
        try await fixture.work { browser async throws in
            let page = try await browser.open("/clearing")
            try expectWhole(page)
            let parts = [
                "All others, EUR", "1.20 %", "00:00, UTC", "Workdays until money arrives",
                "Least payout",
            ]
            for part in parts { #expect(page.text.contains(part), "\(part)") }
        }
    }
}
