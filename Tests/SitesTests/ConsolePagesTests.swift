// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Kernel
import OPALServer
import PaymentServer
import Simulation
import Sites
import Testing
import Wire

@Suite struct ConsolePagesTests {
    @Test func `the overview shows what runs and what is open`() async throws {
        let fixture = try await ConsoleFixture()
        _ = try await fixture.signUp()
        _ = try await fixture.pay()
        // Debited, and nobody says what became of it.
        let stuck = try await fixture.world.page(try await fixture.world.order())
        fixture.world.link.plan.script(.dropResponse, at: 2)
        _ = await fixture.world.pay(stuck)
        try await fixture.work { browser async throws in
            let page = try await browser.open("/")
            try expectWhole(page)
            for text in [
                "OPAL server", "Payment server", "Merchant: Press", "Bank server", "no answer",
                "Mails waiting", "of 2", stuck.terms.transaction.text,
            ] {
                #expect(page.text.contains(text), "\(text)")
            }
        }
    }

    @Test func `a console without parties still opens`() async throws {
        let fixture = try await ConsoleFixture(withParts: false)
        try await fixture.work { browser async throws in
            try expectWhole(try await browser.open("/"))
            for path in ["/open", "/cards", "/sales", "/terminals", "/outbox"] {
                #expect(try await browser.open(path).status == .notFound)
            }
        }
    }

    @Test func `sales are listed, searched and shown with their journal`() async throws {
        let fixture = try await ConsoleFixture()
        let page = try await fixture.pay()
        let transaction = page.terms.transaction.text
        try await fixture.work { browser async throws in
            for query in [
                "", "?text=\(transaction)", "?text=press-1", "?state=sold",
                "?text=\(transaction.prefix(8))&state=sold",
            ] {
                let list = try await browser.open("/sales\(query)")
                try expectWhole(list)
                #expect(list.text.contains("href=\"/sales/\(transaction)\""), "\(query)")
            }
            for query in ["?state=void", "?text=harbour", "?text=%22%3E%3Cscript%3E"] {
                let list = try await browser.open("/sales\(query)")
                #expect(list.text.contains("No sale fits."))
                #expect(!list.text.contains("<script>"))
            }
            let sale = try await browser.open("/sales/\(transaction)")
            try expectWhole(sale)
            for text in ["Draw request", "Debit command", "Sold", "PRESS-1", "€1.50"] {
                #expect(sale.text.contains(text), "\(text)")
            }
            let none = TransactionIdentifier(high: 1, low: 2).text
            #expect(try await browser.open("/sales/\(none)").status == .notFound)
            #expect(try await browser.open("/sales/none").status == .notFound)
        }
    }

    @Test func `sales are paged, newest first`() async throws {
        let fixture = try await ConsoleFixture()
        var newest = ""
        for _ in 0..<ConsoleLimits.pageRows + 2 {
            fixture.world.clock.advance(by: .seconds(1))
            newest = try await fixture.pay().terms.transaction.text
        }
        let first = newest
        try await fixture.work { browser async throws in
            let list = try await browser.open("/sales")
            let links = list.text.matches(of: #/href="/sales/([^"]+)"/#).map { String($0.1) }
            #expect(links.first == first && links.count == ConsoleLimits.pageRows)
            let next = try #require(list.text.firstMatch(of: #/rel="next" href="([^"]+)"/#))
            let older = try await browser.open(String(next.1).replacing("&amp;", with: "&"))
            #expect(older.text.matches(of: #/href="/sales/([^"]+)"/#).count == 2)
        }
    }

    @Test func `terminals show what they count`() async throws {
        let fixture = try await ConsoleFixture()
        _ = try await fixture.pay()
        try await fixture.work { browser async throws in
            let page = try await browser.open("/terminals")
            try expectWhole(page)
            #expect(page.text.contains("terminal-1") && page.text.contains("terminal-2"))
            #expect(page.text.contains("€1.50") && page.text.contains("Free"))
        }
    }

    /// The cells of the one row that tells what sales take, by the names of their columns.
    private func figures(_ page: Browser.Page) throws -> [String: String] {
        let row = try #require(
            page.text.firstMatch(of: #/id="policies"(?s:.*?)<tbody(?s:.*?)<tr(?s:(.*?))<\/tr>/#)
        )
        let cells = row.1.matches(of: #/data-label="([^"]+)">([^<]*)</#)
        return Dictionary(cells.map { (String($0.1), String($0.2)) }) { first, _ in first }
    }

    @Test(arguments: ComparisonPolicy.allCases)
    func `what sales take is shown as it was measured`(policy: ComparisonPolicy) async throws {
        let fixture = try await ConsoleFixture(policy)
        let world = fixture.world
        for seconds in [7, 13] {
            // A card that takes its time to answer.
            world.link.plan.script(
                .alterRequest { request in
                    world.clock.advance(by: .seconds(seconds))
                    return request
                },
                at: 2
            )
            _ = try await fixture.pay()
            await world.purchases.settleOpenDraws(olderThan: .zero)
        }
        await world.payments.countSales()
        let isEarly = policy.releasesTerminalEarly
        let wanted = [
            "Sales": "2", "Trips": policy.isOneTrip ? "1.0" : "2.0",
            "Notices": policy.isOneTrip ? "1.0" : "0.0", "Exchanges": isEarly ? "1.0" : "2.0",
            "Terminal held": isEarly ? "0.0 ms" : "10000.0 ms",
            // Two sales at two terminals.
            "Countings": isEarly ? "1.0" : "0.0", "Held to count": "0.0 ms",
        ]
        try await fixture.work { browser async throws in
            let page = try await browser.open("/terminals")
            try expectWhole(page)
            #expect(try figures(page) == wanted)
        }
    }

    @Test func `a mail can be read`() async throws {
        let fixture = try await ConsoleFixture()
        try await fixture.work { browser async throws in
            let empty = try await browser.open("/outbox")
            #expect(empty.text.contains("The outbox is empty."))
            let oneTime = try await fixture.signUp()
            let list = try await browser.open("/outbox")
            try expectWhole(list)
            #expect(!list.text.contains(oneTime))
            let link = try #require(list.text.firstMatch(of: #/href="(/outbox/[^"]+)"/#))
            let mail = try await browser.open(String(link.1))
            try expectWhole(mail)
            #expect(mail.text.contains(oneTime) && mail.text.contains("anna@example.org"))
            #expect(mail.text.contains("cards@harbour.example"))
            for path in ["/outbox/00", "/outbox/\(String(repeating: "0", count: 32))"] {
                #expect(try await browser.open(path).status == .notFound)
            }
        }
    }

    @Test func `no page but the mail shows a secret`() async throws {
        let fixture = try await ConsoleFixture()
        let oneTime = try await fixture.signUp()
        let page = try await fixture.pay()
        let secrets =
            [
                oneTime, ConsoleFixture.password, "first chosen password",
                page.sessionKey.reveal(), ConsoleFixture.user, "4111111111111111",
            ] + fixture.world.cards.map(\.digits)
        try await fixture.work { browser async throws in
            let card = try await ConsoleFixture.cardPath(browser)
            for path in [
                "/sign-in", "/", "/cards", card, "/sales",
                "/sales/\(page.terms.transaction.text)", "/terminals", "/outbox",
            ] {
                let html = try await browser.open(path).text
                for secret in secrets { #expect(!html.contains(secret), "\(path)") }
            }
        }
    }
}
