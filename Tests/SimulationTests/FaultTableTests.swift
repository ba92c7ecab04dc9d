// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel
import Simulation
import Testing

/// `docs/FAULTS.md` is made here: every cell comes from a run.
@Suite struct FaultTableTests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "docs/FAULTS.md")

    private static let introduction = """
        # One fault, one outcome

        What becomes of a purchase of 1.50 from a card with 100.00 when one thing goes wrong. Every
        row comes from runs of all parties in one process
        ([FaultTable.swift](../Tests/SimulationTests/FaultTable.swift)), in which the fault has
        surely come, no value was made or lost, and everything came to an end.
        `WRITE_FAULTS=1 swift test --filter FaultTableTests` writes this page anew.

        - *At once* and *in the end* are the titles of the pages that the person reads at the OPAL
          server, and what the mail says. A purchase that is *being settled* is never told as a
          failure: the OPAL server asks again until it is paid or the value is back.
        - *Card* is what the card says in the end, in minor units; *sale* is the payment server's,
          *order* the shop's.
        - A message is changed or cut in \(FaultTable.places.count) places, one at a time; where
          the outcome is not the same in all, each has a row.
        - A crashed party is started again after the person was answered.

        Where the money is, as the page says below its title:


        """

    /// Where the money is, by the titles of pages.
    private static func legend(_ pages: [PageWords]) -> String {
        var lines: [String] = []
        for words in pages {
            let line = "| \(words.title) | \(words.money) |\n"
            if !lines.contains(line) { lines.append(line) }
        }
        return "| title | where the money is |\n| --- | --- |\n" + lines.joined()
    }

    private static let titles: [(policy: ComparisonPolicy, title: String)] = [
        (.securityCard, "The security card compares (FIG. 5)"),
        (.paymentServer, "The payment server compares (FIG. 6)"),
        (.opalServer, "The OPAL server compares (FIG. 7)"),
        (.clientTerminal, "The client terminal compares (FIG. 7, variation)"),
        (.merchant, "The merchant compares (FIG. 8)"),
    ]

    private static func rows(
        _ table: FaultTable,
        _ entries: [FaultTable.Entry]
    ) async throws -> [FaultTable.Row] {
        var all: [FaultTable.Row] = []
        for entry in entries {
            let (rows, problems) = try await table.rows(entry)
            #expect(problems.isEmpty, "\(table.policy): \(problems)")
            for row in rows { expectSound(row) }
            all += rows
        }
        return all
    }

    /// No fault takes value for nothing, or gives goods for nothing.
    private static func expectSound(_ row: FaultTable.Row) {
        let outcome = row.outcome
        let isDebited = outcome.card.hasPrefix("debited once")
        #expect(isDebited == (outcome.sale == "sold"), "\(row.fault)")
        #expect(isDebited == (outcome.order == "delivered"), "\(row.fault)")
        #expect(isDebited == outcome.inTheEnd.hasPrefix(PageWords.paid), "\(row.fault)")
        // Only the shop can know that the card has answered another S3 than its own.
        if outcome.atOnce == PageWords.paid, outcome.shop != PageWords.resultNotGenuine {
            #expect(isDebited, "\(row.fault)")
        }
    }

    @Test func `the table of faults says what happens`() async throws {
        var (text, all): (String, [FaultTable.Row]) = ("", [])
        for (policy, title) in Self.titles {
            let table = FaultTable(policy: policy)
            let remote = FaultTable(policy: policy, isRemote: true)
            let rows = try await Self.rows(table, table.entries)
            let elsewhere = try await Self.rows(remote, remote.entriesOfTerminal)
            text += "\n## \(title)\n\n" + FaultTable.text(rows)
            text += "\nWith the terminal on another host:\n\n" + FaultTable.text(elsewhere)
            all += rows + elsewhere
        }
        let read = Set(all.map(\.outcome.atOnce))
        let pages = [PageWords.pending] + Refusal.allCases.map { PageWords($0) }
        text = Self.introduction + Self.legend(pages.filter { read.contains($0.title) }) + text
        text += try await Self.loads()
        text += try await Self.accountLoads()
        if ProcessInfo.processInfo.environment["WRITE_FAULTS"] != nil {
            try text.write(to: Self.file, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: Self.file, encoding: .utf8)
        #expect(written == text, "docs/FAULTS.md is not what the runs say")
    }

    private static let loadIntroduction = """

        ## A load from the bank (FIG. 18)

        What becomes of a load of 25.00 from an account with 200.00 onto a card with 100.00
        ([LoadFaultTable.swift](../Tests/SimulationTests/LoadFaultTable.swift)). *Load server* is
        the state of the load there: *no S2* where nothing was issued for it; *proved* and
        *disproved* are the two outcomes of the negative result (steps 882 and following).
        *Account* is what can be used of it in the end, in minor units.


        """

    private static func loads() async throws -> String {
        let table = LoadFaultTable()
        var all: [LoadFaultTable.Row] = []
        for entry in table.entries {
            let (rows, problems) = try await table.rows(entry)
            #expect(problems.isEmpty, "\(problems)")
            for row in rows {
                // What is on the card was paid, and nothing else.
                let isLoaded = row.outcome.card.hasPrefix("loaded once")
                #expect(isLoaded == row.outcome.account.hasPrefix("paid"), "\(row.fault)")
                #expect(
                    isLoaded == row.outcome.inTheEnd.hasPrefix(PageWords.loaded),
                    "\(row.fault)"
                )
            }
            all += rows
        }
        let titles = Set(all.map(\.outcome.atOnce))
        let known =
            [PageWords.loadPending("your bank")] + LoadRefusal.allCases.map(PageWords.init(load:))
        return loadIntroduction + legend(known.filter { titles.contains($0.title) }) + "\n"
            + LoadFaultTable.text(all)
    }

    private static let accountIntroduction = """

        ## A load from the account on file

        What becomes of a load of 25.00 onto a card with 100.00, confirmed at the OPAL server, which
        asks the funding network through the payment gateway
        ([AccountFaultTable.swift](../Tests/SimulationTests/AccountFaultTable.swift); the messages
        are in [gateway.md](messages/gateway.md) and [iso8583.md](messages/iso8583.md)). The states
        in the end are those of the load, of the authorisation and of the hold; the funds are taken
        where that is *captured*, and nowhere else. A message with a changed bit has no rows of its
        own: these links are TLS, which notices it and breaks.


        """

    private static func accountLoads() async throws -> String {
        let table = AccountFaultTable()
        var all: [AccountFaultTable.Row] = []
        for entry in table.entries {
            let (rows, problems) = try await table.rows(entry)
            #expect(problems.isEmpty, "\(problems)")
            for row in rows { expectSound(row) }
            all += rows
        }
        let titles = Set(all.map(\.outcome.atOnce))
        let known =
            [PageWords.accountLoadPending]
            + AccountLoadRefusal.allCases.map(PageWords.init(accountLoad:))
        return accountIntroduction + legend(known.filter { titles.contains($0.title) }) + "\n"
            + AccountFaultTable.text(all)
    }

    /// What is on the card was taken from the account, and nothing else; and who was not told the
    /// end gets a mail that does.
    private static func expectSound(_ row: AccountFaultTable.Row) {
        let outcome = row.outcome
        let isLoaded = outcome.card.hasPrefix("loaded once")
        #expect(isLoaded == (outcome.hold == "captured"), "\(row.fault)")
        #expect(isLoaded == (outcome.authorization == "completed"), "\(row.fault)")
        #expect(isLoaded == outcome.inTheEnd.hasPrefix(PageWords.accountLoaded), "\(row.fault)")
        #expect(isLoaded == outcome.inTheEnd.hasSuffix(" (mail: receipt)"), "\(row.fault)")
        if outcome.atOnce == PageWords.accountLoaded { #expect(isLoaded, "\(row.fault)") }
        if outcome.atOnce == PageWords.accountLoadPending.title, !isLoaded {
            #expect(outcome.inTheEnd.hasSuffix(" (mail: not loaded)"), "\(row.fault)")
        }
    }

    @Test func `a fault that never comes is noticed`() async throws {
        let fault = FaultTable.Fault(inject: { $0.link.plan.script(.dropRequest, at: 99) })
        let table = FaultTable(policy: .securityCard)
        let (_, problems) = try await table.rows(FaultTable.Entry("never", fault))
        #expect(problems.contains { $0.contains("has not come") })
    }
}
