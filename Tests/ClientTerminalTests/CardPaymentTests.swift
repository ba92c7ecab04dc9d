// SPDX-License-Identifier: Apache-2.0

import ClientTerminal
import Foundation
import Synchronization
import Testing
import Traces
import Wire

/// What the terminal does for a card in its reader: which payment server it goes to, and what it
/// brings to the shop.
@Suite(.timeLimit(.minutes(15)))
struct CardPaymentTests {
    private typealias Offer = ClientTerminal.CardOffer

    private func settings(_ paymentServers: [String] = []) throws -> TerminalSettings {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("opal-pay-\(UUID().uuidString)").path
        var settings = TerminalSettings(folder: folder)
        for text in paymentServers {
            settings.paymentServers.insert(try #require(URL(string: text).flatMap(Origin.init)))
        }
        return settings
    }

    /// Pays once; the card sends a message and is sold.
    private func pay(
        _ sites: FakeSites,
        _ settings: TerminalSettings
    ) async throws -> (report: PaymentReport, offer: Offer?, reply: [UInt8]?) {
        let seen = Mutex<(PaymentReport?, Offer?, [UInt8]?)>((nil, nil, nil))
        let terminal = ClientTerminal(settings, trace: .test, pause: { _ in })
        try await sites.run { shop in
            let report = await terminal.pay(at: shop.appending(path: "articles/salt")) {
                offer,
                link in
                let reply = try? await link.request([1, 2, 3])
                seen.withLock { $0 = (nil, offer, reply) }
                var answer = ClientTerminal.CardAnswer(.paidNotSaved)
                answer.transaction = "T1"
                answer.handover = (offer.fields["status-url"] ?? "", "sealed-paid")
                return answer
            }
            seen.withLock { $0.0 = report }
        }
        let (report, offer, reply) = seen.withLock { $0 }
        return (try #require(report), offer, reply)
    }

    @Test func `the payment server is spoken with, and the result goes to the shop`() async throws {
        let sites = try FakeSites()
        let (report, offer, reply) = try await pay(sites, try settings())
        #expect(report.outcome == .paid)
        #expect(try String(contentsOfFile: try #require(report.file), encoding: .utf8) != "")
        #expect(offer?.fields["description"] == "Salt & “pepper” +1")
        #expect(offer?.merchant == "Tide & Page" && offer?.article == "Salt")
        #expect(reply == [3, 2, 1])
        #expect(sites.seen.seenByCardSite.map(\.path) == ["/messages"])
        #expect(sites.seen.seenByCardSite.map(\.trace) == [TraceContext.test.headerText])
        #expect(sites.seen.seenByShop.map(\.path).contains("/status"))
    }

    @Test func `a payment server that the person named is used`() async throws {
        let name = "https://localhost:1"
        let sites = try FakeSites(paymentServer: name)
        // Nobody is there; but the card was asked.
        let (_, named, reply) = try await pay(sites, try settings([name]))
        #expect(named?.paymentServer.text == name)
        #expect(reply == nil)
    }

    @Test(arguments: [
        "https://pay.example", "http://pay.example", "https://user@127.0.0.1", "file:///etc",
        "https://127.0.0.1.pay.example", "nothing",
    ])
    func `a payment server that the person did not name is not used`(name: String) async throws {
        let sites = try FakeSites(paymentServer: name)
        let (report, offer, _) = try await pay(sites, try settings())
        #expect([.notAllowed, .refused].contains(report.outcome))
        #expect(report.said.count == 1)
        #expect(offer == nil && !sites.seen.seenByShop.contains { $0.path == "/status" })
    }

    @Test func `with a list, this computer is no exception`() async throws {
        let sites = try FakeSites()
        let (report, offer, _) = try await pay(sites, try settings(["https://pay.example"]))
        #expect(report.outcome == .notAllowed && offer == nil)
    }

    @Test func `a shop that takes no card in a reader is told of`() async throws {
        let (report, offer, _) = try await pay(try FakeSites(paymentServer: ""), try settings())
        #expect(report.outcome == .refused && offer == nil)
        #expect(report.said == ["This shop does not take a card in a reader. Nothing was taken."])
    }

    @Test func `a result that was left open is brought to the shop`() async throws {
        let sites = try FakeSites()
        let terminal = ClientTerminal(try settings(), trace: .test, pause: { _ in })
        try await sites.run { shop in
            let report = await terminal.finish(shop, order: shop, article: "Salt") { _ in
                var answer = ClientTerminal.CardAnswer(.paidNotSaved)
                answer.transaction = "T1"
                answer.handover = (shop.appending(path: "status").absoluteString, "sealed-paid")
                return answer
            }
            #expect(report.outcome == .paid)
            #expect(report.article == "Salt" && report.order == shop)
        }
    }
}
