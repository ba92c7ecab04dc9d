// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Kernel
import OPALServer
import Sites
import Testing

/// The operator sees loads from accounts without an end, and can have the gateway asked.
@Suite struct ConsoleAccountLoadTests {
    /// A load of which the funding network has said nothing.
    private func pending(_ world: CardWorld) async throws -> String {
        world.gateway.plays(.isSilent)
        try await world.browse { browser in
            try await world.enter(browser)
            try await browser.open("/add-value/confirm?amount=25")
            try await confirm(browser, "/add-value/confirm")
        }
        return try #require(try await world.family.loads.openLoads(limit: 1).first).transaction.text
    }

    @Test func `a load from an account that waits is shown, and is asked about`() async throws {
        let world = try await CardWorld(isFunded: true)
        let transaction = try await pending(world)
        let fixture = try await ConsoleFixture(accountLoads: world.family.loads)
        try await fixture.work { browser async throws in
            let action = "/loads/accounts/\(transaction)"
            try expectWhole(try await browser.open("/loads"))
            for text in ["Loads from accounts", "Waits for the funding network", "€25.00"] {
                #expect(browser.page.text.contains(text), "\(text)")
            }
            #expect(browser.page.text.contains("action=\"\(action)\""))
            #expect(!browser.page.text.contains("1111"), "The account is nobody's business here.")
            try await browser.send(action, [:])
            #expect(browser.page.text.contains("no answer that settles it yet"))
            world.gateway.approveAll()
            try await browser.send(action, [:])
            // Credited by the first answer; the gateway is told next.
            try await browser.send(action, [:])
            #expect(!browser.page.text.contains("action=\"\(action)\""))
        }
        #expect(await world.family.loads.settleOpen(olderThan: .zero) == 0, "It has ended.")
    }

    @Test func `nobody can have a load asked about that there is not`() async throws {
        let world = try await CardWorld(isFunded: true)
        let fixture = try await ConsoleFixture(accountLoads: world.family.loads)
        try await fixture.work { browser async throws in
            let none = "/loads/accounts/01900000-0000-7000-8000-000000000000"
            try await browser.open("/loads")
            #expect(try await browser.send(none, [:]).status == .notFound)
        }
    }
}
