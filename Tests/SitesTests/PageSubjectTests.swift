// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Instrumentation
import Kernel
import Simulation
import Testing
import Traces
import Wire

/// A page about a transaction says so to the log lines of its request.
@Suite struct PageSubjectTests {
    /// What the work was about.
    private func subject(
        of work: () async throws -> Void
    ) async throws -> TransactionIdentifier? {
        let subject = TraceSubject()
        var context = ServiceContext.topLevel
        context.subject = subject
        try await ServiceContext.withValue(context) { try await work() }
        return subject.transaction
    }

    @Test func `of the console`() async throws {
        let fixture = try await ConsoleFixture()
        let transaction = try await fixture.pay().terms.transaction
        try await fixture.work { browser async throws in
            for path in ["/transactions", "/sales"] {
                let found = try await subject {
                    try await browser.open("\(path)/\(transaction.text)")
                    #expect(browser.page.status == .ok)
                }
                #expect(found == transaction, "\(path)")
            }
        }
    }

    @Test func `of the history, where the sale is the person's own`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            let path = try await world.checkout(browser)
            try await browser.send(path, ["decision": "pay"])
            try await browser.open("/history")
            let link = try #require(
                browser.page.text.firstMatch(of: #/href="(/history/purchases/([0-9a-f-]+))"/#)
            )
            let (own, name) = (String(link.output.1), String(link.output.2))
            let found = try await subject { try await browser.open(own) }
            #expect(try #require(found).text == name)

            let stranger = browser.stranger()
            try await world.enter(stranger, as: "berta")
            let theirs = try await subject { try await stranger.open(own) }
            #expect(theirs == nil)
        }
    }
}
