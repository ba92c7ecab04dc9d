// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Kernel
import OPALServer
import Simulation
import Sites
import Testing
import Wire

/// The issuer's pages of disputes: what is decided is written down, and the evidence is that of the
/// disputed sale.
@Suite struct ConsoleDisputeTests {
    private static let password = "four words for this one"

    /// Runs a test as an operator of the issuer of the first card.
    private func decide(
        _ fixture: ConsoleFixture,
        _ test: @escaping @Sendable (Browser) async throws -> Void
    ) async throws {
        let isMade = try await fixture.operators.add(
            try #require(OperatorName("second")),
            password: Self.password,
            as: .issuer(fixture.world.cards[0].issuer),
            at: fixture.world.now
        )
        #expect(isMade)
        try await fixture.browse { browser async throws in
            try await ConsoleFixture.signIn(browser, "second", Self.password)
            try await test(browser)
        }
    }

    private func acts(
        _ fixture: ConsoleFixture,
        _ sale: TransactionIdentifier
    ) async throws -> [OperatorJournal.Act.Kind] {
        try await fixture.operators.journal.acts(about: sale).map(\.kind)
    }

    @Test func `a decision that cannot be made is not in the journal, and one that is made is`()
        async throws
    {
        let fixture = try await ConsoleFixture()
        let sale = try await fixture.dispute()
        try await fixture.work { browser async throws in
            let path = "/disputes/\(sale.text)"
            try expectWhole(try await browser.open(path))
            let most = ["amount": "1.51", "words": "So it is."]
            let refused = try await browser.send(path + "/refund", most)
            #expect(refused.text.contains("That is more than was paid"))
            #expect(try await acts(fixture, sale) == [])
            try await browser.open(path)
            let less = ["amount": "1.00", "words": "So it is."]
            #expect(try await browser.send(path + "/refund", less).status == .seeOther)
            #expect(try await acts(fixture, sale) == [.disputeRefunded])
            // A form from before: decided already.
            try await browser.open(path)
            let late = try await browser.send(path + "/reject", ["words": "No."])
            #expect(late.text.contains("It is decided already"))
            #expect(try await acts(fixture, sale) == [.disputeRefunded])
        }
    }

    @Test func `an issuer's operator sees what the shop's side has of the disputed sale alone`()
        async throws
    {
        let fixture = try await ConsoleFixture()
        let other = try await fixture.pay().terms.transaction
        let sale = try await fixture.dispute()
        try await decide(fixture) { browser async throws in
            let page = try await browser.open("/disputes/\(sale.text)")
            try expectWhole(page)
            for text in [
                "Press has not handed out what was ordered.", "Ordered", "Draw request", "Debited",
                "checked by the issuer&#39;s module", "checked by the security card",
                "Not read, because in another one: the clearing house.",
            ] {
                #expect(page.text.contains(text), "\(text)")
            }
            #expect(!page.text.contains("The shop is in another process"))
            #expect(!page.text.contains(fixture.world.cards[0].digits))
            for path in ["/sales", "/sales/\(sale.text)", "/disputes/\(other.text)"] {
                #expect(try await browser.open(path).status == .notFound, "\(path)")
            }
            let story = try await browser.open("/transactions/\(sale.text)")
            #expect(!story.text.contains("Draw request") && !story.text.contains("Ordered"))
        }
    }

    @Test func `a page of the list behind the last dispute leads back to the first one`()
        async throws
    {
        let fixture = try await ConsoleFixture()
        let sale = try await fixture.dispute()
        try await fixture.work { browser async throws in
            let first = try await browser.open("/disputes")
            try expectWhole(first)
            #expect(first.text.contains("1 open") && !first.text.contains("First page"))
            let further = try await browser.open("/disputes?after=\(sale.text)")
            try expectWhole(further)
            #expect(further.text.contains("None on this page."))
            #expect(further.text.contains(#"href="/disputes">First page</a>"#))
        }
    }

    @Test func `where the shop is in another process, the evidence says so`() async throws {
        let fixture = try await ConsoleFixture(isShopHere: false)
        let sale = try await fixture.dispute()
        try await decide(fixture) { browser async throws in
            let page = try await browser.open("/disputes/\(sale.text)")
            try expectWhole(page)
            #expect(page.text.contains("The shop is in another process, and has not answered yet."))
            #expect(page.text.contains("Not read, because in another one: the shop and"))
        }
    }
}
