// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Simulation
import Sites
import Testing

/// Who can renew a card that has expired is told to whoever wants to pay with it.
struct ExpiredCardTests {
    private func expectToldAtCheckout(
        _ world: CardWorld,
        _ browser: Browser,
        as identifier: String = CardWorld.identifier,
        _ next: String
    ) async throws {
        world.world.clock.advance(by: CardWorld.expiryTime)
        try await world.signIn(browser, as: identifier)
        try await world.checkout(browser)
        try expectWhole(browser.page)
        #expect(browser.page.text.contains("Your card has expired"))
        #expect(browser.page.text.contains(next))
    }

    @Test func `the holder, on the page of the card`() async throws {
        let world = try await CardWorld(isFunded: true)
        try await world.browse { browser in
            try await world.enter(browser)
            try await expectToldAtCheckout(
                world,
                browser,
                "Move its value to a new card first; the page of your card offers it."
            )
        }
    }

    @Test func `of a child the guardian`() async throws {
        try await Family.meet { family in
            try await expectToldAtCheckout(
                family.world,
                family.child,
                as: Family.child,
                "Ask your guardian, who can move its value to a new card."
            )
        }
    }

    @Test func `the holder, also where no value comes from accounts`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            try await expectToldAtCheckout(
                world,
                browser,
                "Move its value to a new card first; the page of your card offers it."
            )
        }
    }

    @Test func `the issuer, where nobody else can`() {
        let (text, load) = (RefusalText(.cardExpired), RefusalText(load: .cardExpired))
        for next in [text.next, load.next] { #expect(next == "Ask your issuer for a new card.") }
    }
}
