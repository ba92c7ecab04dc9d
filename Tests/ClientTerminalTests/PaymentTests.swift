// SPDX-License-Identifier: Apache-2.0

import ClientTerminal
import Foundation
import Synchronization
import Testing
import Traces

@Suite(.timeLimit(.minutes(15)))
struct PaymentTests {
    private static let right = Credentials(
        user: SecretText("ada"),
        password: SecretText("right & secret")
    )

    private func folder() -> String {
        FileManager.default.temporaryDirectory
            .appendingPathComponent("opal-pay-\(UUID().uuidString)").path
    }

    private func terminal(_ settings: TerminalSettings) -> ClientTerminal {
        ClientTerminal(settings, trace: .test, pause: { _ in })
    }

    /// Pays once and gives the report.
    private func pay(
        _ sites: FakeSites,
        at path: String = "articles/salt",
        in folder: String? = nil,
        as credentials: Credentials = right
    ) async throws -> PaymentReport {
        let reports = Mutex<[PaymentReport]>([])
        let settings = TerminalSettings(folder: folder ?? self.folder())
        let terminal = terminal(settings)
        try await sites.run { shop in
            let report = await terminal.pay(at: shop.appending(path: path)) { _ in credentials }
            reports.withLock { $0.append(report) }
        }
        return try #require(reports.withLock { $0.first })
    }

    @Test func `an article is ordered, paid, fetched and reported`() async throws {
        let sites = try FakeSites()
        let report = try await pay(sites)
        #expect(report.outcome == .paid)
        #expect(report.merchant == "Tide & Page")
        #expect(report.article == "Salt")
        #expect(report.amount == "€0.05")
        #expect(report.transaction == "T1")
        #expect(report.fact("balance") == "€4.95")
        #expect(report.facts.map(\.label) == ["Balance now", "Transaction", "Time", "Paid with"])
        #expect(report.order?.path == "/orders/T1")
        let file = try #require(report.file)
        #expect(file.hasSuffix("/salt.txt"))
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "Two hundred words.")
        let json = try report.json()
        #expect(json.contains("\"trace\" : \"\(TraceContext.test.traceText)\""))
        #expect(json.contains("\"outcome\" : \"paid\""))
        #expect(!json.contains("secret") && !report.text.contains("secret"))
    }

    @Test func `the sites see what a browser would have sent`() async throws {
        let sites = try FakeSites()
        _ = try await pay(sites)
        let (shop, card) = (sites.seen.seenByShop, sites.seen.seenByCardSite)
        #expect(
            shop.map(\.path) == [
                "/articles/salt", "/orders", "/orders/T1", "/status", "/receipt/T1",
                "/files/salt-file.txt",
            ]
        )
        #expect(card.map(\.path) == ["/checkout", "/checkout/T1", "/checkout/T1/consent"])
        #expect(shop[1].fields == ["article": "salt", "csrf": "shop-token"])
        #expect((shop + card).allSatisfy { $0.trace == TraceContext.test.headerText })
        #expect(shop[1].cookie == "shop=1")
        #expect(shop[1].origin.map { sites.seen.statusURL.hasPrefix($0) } == true)
        #expect(shop[1].referrer?.hasSuffix("/articles/salt") == true)
        #expect(card[0].fields["description"] == "Salt & “pepper” +1")
        #expect(card[0].origin == shop[1].origin)
        #expect(card[2].origin == sites.seen.cardSite)
        #expect(card[2].cookie?.contains("card=form") == true)
        #expect(card[2].fields["password"] == "right & secret")
        #expect(shop[3].fields == ["transaction": "T1", "result": "sealed-paid"])
        // The password went to the one page that asked for it.
        let elsewhere = shop + card.dropLast()
        #expect(!elsewhere.contains { $0.fields.values.contains("right & secret") })
    }

    @Test func `a second payment of an order says that it is paid and takes nothing`() async throws
    {
        let sites = try FakeSites()
        let folder = folder()
        let reports = Mutex<[PaymentReport]>([])
        let terminal = terminal(TerminalSettings(folder: folder))
        try await sites.run { shop in
            let first = await terminal.pay(at: shop.appending(path: "articles/salt")) { _ in
                Self.right
            }
            let order = try #require(first.order)
            let second = await terminal.pay(at: order) { _ throws(TerminalFailure) in
                throw .noCredentials("Nobody may be asked.")
            }
            reports.withLock { $0 = [first, second] }
        }
        let both = reports.withLock { $0 }
        #expect(both.map(\.outcome) == [.paid, .alreadyPaid])
        #expect(both[1].order == both[0].order)
        #expect(both[1].outcome.exitCode == 5)
        // The file is there with the same bytes, so it is not saved a second time.
        #expect(both[1].file == both[0].file)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["salt.txt"])
        #expect(sites.seen.seenByCardSite.count == 3)
    }

    @Test func `a wrong password is said and nothing is tried again`() async throws {
        let sites = try FakeSites()
        let wrong = Credentials(user: SecretText("ada"), password: SecretText("wrong one"))
        let report = try await pay(sites, as: wrong)
        #expect(report.outcome == .notAdmitted)
        #expect(report.outcome.exitCode == 4)
        #expect(report.said.contains("That did not match"))
        #expect(!report.text.contains("wrong one"))
        #expect(sites.seen.seenByCardSite.count { $0.path.hasSuffix("consent") } == 1)
    }

    @Test(arguments: [
        (FakeSites.Story.refused, PaymentOutcome.refused, Int32(2)),
        (.waiting, .pending, 3), (.pending, .pending, 3), (.broken, .pending, 3),
        (.throttled, .notAdmitted, 4), (.secondConsent, .notAdmitted, 4),
        (.refusedAsPaidBefore, .alreadyPaid, 5), (.pendingThenPaid, .paid, 0),
    ])
    func `the outcome is what the card site said`(
        story: FakeSites.Story,
        outcome: PaymentOutcome,
        code: Int32
    ) async throws {
        let report = try await pay(try FakeSites(story))
        #expect(report.outcome == outcome)
        #expect(report.outcome.exitCode == code)
        #expect(report.order != nil)
        #expect(!report.text.isEmpty)
    }

    @Test func `a refusal is taken to the shop and told in its three parts`() async throws {
        let sites = try FakeSites(.refused)
        let report = try await pay(sites)
        #expect(report.said == ["Your card does not hold enough", "What.", "Money.", "Next."])
        #expect(sites.seen.seenByShop.contains { $0.fields["result"] == "sealed-refused" })
        #expect(report.file == nil)
    }

    @Test func `a pending page is looked at a few times and no more`() async throws {
        let sites = try FakeSites(.pending)
        _ = try await pay(sites)
        #expect(sites.seen.looks == TerminalLimits().looksAgainMax)
    }

    @Test func `the card site that the person named is the only one that gets the password`()
        async throws
    {
        let sites = try FakeSites()
        var settings = TerminalSettings(folder: folder())
        let cardSite: Origin = try #require(
            URL(string: "https://card.example").flatMap(Origin.init)
        )
        settings.cardSite = cardSite
        let terminal = terminal(settings)
        try await sites.run { shop in
            let report = await terminal.pay(at: shop.appending(path: "articles/salt")) { _ in
                Self.right
            }
            #expect(report.outcome == .notAllowed)
            #expect(report.said.first?.contains("The password was not given.") == true)
        }
        #expect(sites.seen.seenByCardSite.map(\.path) == ["/checkout", "/checkout/T1"])
    }

    @Test func `who leaves at the question has agreed to nothing`() async throws {
        let sites = try FakeSites()
        let terminal = terminal(TerminalSettings(folder: folder()))
        try await sites.run { shop in
            let report = await terminal.pay(at: shop.appending(path: "articles/salt")) {
                bill throws(TerminalFailure) in
                throw .noCredentials("Left at \(bill.amount) for \(bill.merchant).")
            }
            #expect(report.outcome == .notAllowed)
            #expect(report.said == ["Left at €0.05 for Tide & Page."])
        }
        #expect(sites.seen.seenByCardSite.count == 2)
    }

    @Test(arguments: [
        ("attachment; filename=\"../../etc/passwd\"", "passwd"),
        ("attachment; filename*=UTF-8''..%2F..%2Fna%C3%AFve.txt", "naïve.txt"),
        ("attachment; filename=\".bashrc\"", "bashrc"),
        (nil, "salt-file.txt"),
    ])
    func `a file stays in its folder whatever name the shop gives it`(
        disposition: String?,
        name: String
    ) async throws {
        let folder = folder()
        let report = try await pay(try FakeSites(disposition: disposition), in: folder)
        #expect(report.outcome == .paid)
        #expect(report.file.map { URL(fileURLWithPath: $0).lastPathComponent } == name)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [name])
    }

    @Test func `a file that is there keeps its name and its bytes`() async throws {
        let folder = folder()
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true
        )
        try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(folder)/salt.txt"))
        let report = try await pay(try FakeSites(), in: folder)
        #expect(report.file?.hasSuffix("/salt (2).txt") == true)
        #expect(try String(contentsOfFile: "\(folder)/salt.txt", encoding: .utf8) == "mine")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(names == ["salt (2).txt", "salt.txt"])
    }

    @Test func `paid is paid, also where the file cannot be saved`() async throws {
        let report = try await pay(try FakeSites(), in: "/proc/opal-pay")
        #expect(report.outcome == .paidNotSaved)
        #expect(report.outcome.exitCode == 7)
        #expect(report.order != nil)
        #expect(report.file == nil)
    }

    @Test func `a file above the limit is not kept`() async throws {
        let folder = folder()
        var settings = TerminalSettings(folder: folder)
        settings.limits.fileBytesMax = 8
        let terminal = terminal(settings)
        try await FakeSites().run { shop in
            let report = await terminal.pay(at: shop.appending(path: "articles/salt")) { _ in
                Self.right
            }
            #expect(report.outcome == .paidNotSaved)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }
}
