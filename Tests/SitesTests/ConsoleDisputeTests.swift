// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Kernel
import OPALServer
import Simulation
import Sites
import Testing
import Wire

/// The issuer's pages of disputes: what is decided is written down, once it can be done.
@Suite struct ConsoleDisputeTests {
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
}
