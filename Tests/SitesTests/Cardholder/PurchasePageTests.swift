// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Kernel
import OPALServer
import Simulation
import Sites
import Testing

/// The page of a purchase, and what its holder says is wrong with it.
struct PurchasePageTests {
    private static let entries = [
        "reason": "not-delivered", "words": "It never\r\ncame.", "consent": "yes",
    ]

    /// Pays for something.
    ///
    /// - Returns: the page of the purchase, as the history of the reader links it.
    private func buy(
        _ world: CardWorld,
        _ browser: Browser,
        history: String = "/history",
        as reader: Browser? = nil
    ) async throws -> String {
        let path = try await world.checkout(browser, article: 1)
        try await browser.send(path, ["decision": "pay"])
        let page = try await (reader ?? browser).open(history)
        let href = try Regex("href=\"(\(history)/purchases/[0-9a-f-]+)\"")
        let match = try #require(page.text.firstMatch(of: href))
        return String(try #require(match.output[1].substring))
    }

    private func transaction(_ path: String) throws -> TransactionIdentifier {
        try #require(TransactionIdentifier(String(path.split(separator: "/").last ?? "")))
    }

    private func subjects(_ world: CardWorld, to email: String) async throws -> [String] {
        try await world.outbox.waiting().compactMap(\.message)
            .filter { $0.to == email }.map(\.subject)
    }

    @Test func `a purchase has a page, and is disputed once, with a reason, words and consent`()
        async throws
    {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            let path = try await buy(world, browser)
            try expectWhole(try await browser.open(path))
            #expect(browser.page.text.contains("Something is wrong with this purchase"))
            try expectWhole(try await browser.open(path + "/dispute"))
            for (name, value) in [("reason", "nothing"), ("words", " \n "), ("consent", "no")] {
                var entries = Self.entries
                entries[name] = value
                try await browser.send(path + "/dispute", entries)
                #expect(browser.page.status == .unprocessableContent)
                #expect(browser.page.text.contains("One entry needs a look"))
            }
            var entries = Self.entries
            entries["words"] = String(repeating: "ä", count: 501)
            try await browser.send(path + "/dispute", entries)
            #expect(browser.page.text.contains("Use at most 500 letters."))
            #expect(try await world.disputes.find(try transaction(path)) == nil)
            try await browser.send(path + "/dispute", Self.entries)
            try await browser.follow()
            try expectWhole(browser.page)
            #expect(browser.page.text.contains("It never came."))
            #expect(browser.page.text.contains("Take it back"))
            try await browser.send(path + "/dispute", Self.entries)
            #expect(browser.page.status == .unprocessableContent)
            let shop = try #require(try await world.disputes.find(try transaction(path)))
            let subject = "We look into your purchase at \(shop.sale.merchant.text)"
            let mails = try await subjects(world, to: CardWorld.email)
            #expect(mails.filter { $0 == subject }.count == 1)
        }
    }

    @Test func `the page says how it stands, up to the words of a rejection`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            let path = try await buy(world, browser)
            try await browser.open(path + "/dispute")
            try await browser.send(path + "/dispute", Self.entries)
            let sale = try transaction(path)
            _ = try await world.disputes.reject(sale, by: "maria", words: "It was <read>.").get()
            try expectWhole(try await browser.open(path))
            #expect(browser.page.text.contains("Nothing is given back"))
            #expect(browser.page.text.contains("It was &lt;read&gt;."))
            #expect(!browser.page.text.contains("Take it back"))
        }
    }

    @Test func `a dispute that is taken back stays so`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            let path = try await buy(world, browser)
            try await browser.open(path + "/dispute")
            try await browser.send(path + "/dispute", Self.entries)
            try await browser.open(path)
            try await browser.send(path + "/withdraw", [:])
            try await browser.follow()
            #expect(browser.page.text.contains("Withdrawn"))
            #expect(!browser.page.text.contains("Something is wrong with this purchase"))
        }
    }

    @Test func `after 120 days a purchase is not disputed any more`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            let path = try await buy(world, browser)
            world.world.clock.advance(by: DisputeLimits.filingTime)
            try await world.signIn(browser)
            try await browser.open(path)
            #expect(browser.page.text.contains("A purchase can be disputed for 120 days."))
            #expect(!browser.page.text.contains("Something is wrong with this purchase"))
            try await browser.open(path + "/dispute")
            #expect(browser.page.status == .unprocessableContent)
        }
    }

    @Test func `nobody finds the purchase of another card`() async throws {
        try await Family.meet { family in
            try await family.give("20")
            let path = try await buy(family.world, family.child)
            for address in [path, path + "/dispute"] {
                try await family.guardian.open(address)
                #expect(family.guardian.page.status == .notFound)
                let stranger = family.child.stranger()
                try await stranger.open(address)
                #expect(stranger.page.status == .seeOther)
            }
        }
    }

    @Test func `a guardian disputes a purchase of the child, and both are told`() async throws {
        try await Family.meet { family in
            try await family.give("20")
            let history = family.path + "/history"
            let guardian = family.guardian
            let path = try await buy(family.world, family.child, history: history, as: guardian)
            try expectWhole(try await guardian.open(path))
            try await guardian.open(path + "/dispute")
            try await guardian.send(path + "/dispute", Self.entries)
            #expect(guardian.page.status == .seeOther)
            let sale = try transaction(path)
            let dispute = try #require(try await family.world.disputes.find(sale))
            #expect(dispute.complaint.isByGuardian)
            #expect(dispute.sale.card == (try await family.card()))
            try await family.child.open("/history/purchases/\(sale.text)")
            #expect(family.child.page.text.contains("It never came."))
            let subject = "We look into your purchase at \(dispute.sale.merchant.text)"
            for email in [CardWorld.email, Family.childEmail] {
                let mails = try await subjects(family.world, to: email)
                #expect(mails.filter { $0 == subject }.count == 1)
            }
        }
    }
}
