// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Foundation
import Kernel
import Records
import Settlement
import Simulation
import Testing
import Wire

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// Statements and notifications: each account on which something was booked has one, and the next
/// begins where it ended. `Tests/Settlement/schemas.py` reads them, with somebody else's parser.
@Suite struct AccountFilesTests {
    private let night = Instant(milliseconds: 1_795_912_200_000)
    private static let day = Duration.seconds(24 * 3600)

    /// What an account's statement or notification says.
    private struct Report: Equatable {
        var balances: [String: Int64] = [:]
        /// Kind and minor units with their sign.
        var entries: [String] = []
        var sum: Int64 = 0
    }

    /// Reads a file of camt.053 or camt.054 of euros, by account.
    private final class Reports: NSObject, XMLParserDelegate {
        private(set) var all: [String: Report] = [:]
        private var (path, text): ([String], String) = ([], "")
        private var (account, kind, amount, code): (String, String, Int64, String) = ("", "", 0, "")
        private var isDebit = false

        init(_ path: String) throws {
            super.init()
            let parser = XMLParser(data: try Data(contentsOf: URL(filePath: path)))
            parser.delegate = self
            #expect(parser.parse())
        }

        func parser(
            _ parser: XMLParser,
            didStartElement element: String,
            namespaceURI: String?,
            qualifiedName: String?,
            attributes: [String: String]
        ) {
            path.append(element)
            text = ""
        }

        func parser(_ parser: XMLParser, foundCharacters characters: String) { text += characters }

        func parser(
            _ parser: XMLParser,
            didEndElement element: String,
            namespaceURI: String?,
            qualifiedName: String?
        ) {
            let place = path.suffix(2).joined(separator: "/")
            switch place {
            case "Othr/Id" where path.contains("Acct"):
                account = text
                all[account] = Report()
            case "Bal/Amt", "Ntry/Amt": amount = Int64(text.filter { $0 != "." }) ?? -1
            case "Bal/CdtDbtInd", "Ntry/CdtDbtInd": isDebit = text == "DBIT"
            case "CdOrPrtry/Cd": code = text
            case "Prtry/Cd": kind = text
            default: break
            }
            path.removeLast()
            let signed = isDebit ? -amount : amount
            if element == "Bal" { all[account]?.balances[code] = signed }
            if element == "Ntry" {
                all[account]?.entries.append("\(kind) \(signed)")
                all[account]?.sum += signed
            }
        }
    }

    private func inFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "opal-accounts-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    private func write(
        _ run: SettlementRun?,
        of world: ClearingWorld,
        to folder: String
    ) async throws -> (statements: [String: Report], notifications: [String: Report]) {
        let run = try #require(run)
        let paths = try await SettlementFolder(folder, world.house).write(run.day)
        var (statements, notifications): ([String: Report], [String: Report]) = ([:], [:])
        for path in paths where path.hasSuffix("EUR.xml") {
            let name = URL(filePath: path).lastPathComponent
            if name.hasPrefix("statements") { statements = try Reports(path).all }
            if name.hasPrefix("notifications") { notifications = try Reports(path).all }
        }
        return (statements, notifications)
    }

    @Test func `each account has its statement, of what was booked since the day before`()
        async throws
    {
        try await inFolder { folder in
            let fee = try #require(FeeRule(rate: 10_000, minimum: .zero, perBatch: .zero))
            let world = try await ClearingWorld(fee: fee, payoutMinimum: 500)
            try await world.clear(
                try PlayedBatch(1, count: 5) { if $0.transaction == 5 { $0.merchant = "CAFE" } }
            )
            let first = try await write(world.house.settle(night), of: world, to: folder)
            // CAFE and the acquirer have less than the least payout, and a statement.
            #expect(
                first.statements["SHOP-EUR"]?.entries == ["SALES 594", "PAYOUT -594"]
            )
            #expect(first.statements["CAFE-EUR"]?.balances == ["OPBD": 0, "CLBD": 148])
            #expect(first.statements["POOL-999001-EUR"]?.entries == ["SALES -750"])
            #expect(first.statements["ACQUIRER-7-EUR"]?.balances["CLBD"] == 7)
            #expect(first.statements["IN-TRANSIT-EUR"]?.entries == ["PAYOUT 594"])
            #expect(
                first.notifications.mapValues(\.entries) == [
                    "SHOP-EUR": ["PAYOUT -594"], "IN-TRANSIT-EUR": ["PAYOUT 594"],
                ]
            )
            try await world.clear(try PlayedBatch(2, count: 1, from: 20) { $0.merchant = "CAFE" })
            let next = try await write(
                world.house.settle(night.adding(Self.day)),
                of: world,
                to: folder
            )
            #expect(next.statements["CAFE-EUR"]?.balances == ["OPBD": 148, "CLBD": 297])
            #expect(next.statements["SHOP-EUR"] == nil && next.notifications.isEmpty)
            for report in [first.statements, next.statements].flatMap(\.values) {
                let opening = try #require(report.balances["OPBD"])
                #expect(report.balances["CLBD"] == opening + report.sum)
            }
            try await world.expectSound()
        }
    }

    @Test func `the files of a day are the same whatever was booked since then`() async throws {
        try await inFolder { folder in
            let world = try await ClearingWorld()
            try await world.clear(try PlayedBatch(1, count: 2))
            let run = try #require(try await world.house.settle(night))
            let first = try await write(run, of: world, to: folder)
            try await world.clear(try PlayedBatch(2, count: 2, from: 10))
            _ = try await world.house.settle(night.adding(Self.day))
            let again = try await write(run, of: world, to: folder)
            #expect(first == again && first.statements.count == 3)
        }
    }

    @Test func `what an institution owes as an issuer is told to both of its accounts`()
        async throws
    {
        try await inFolder { folder in
            let fee = try #require(FeeRule(rate: 100_000, minimum: .zero, perBatch: .zero))
            let world = try await ClearingWorld(fee: fee)
            var own = try #require(try await world.house.acquirer(acquirer))
            own.payee = try world.payee("City")
            try await world.house.set(own)
            try await world.clear(try PlayedBatch(1, count: 10))
            let files = try await write(world.house.settle(night), of: world, to: folder)
            #expect(files.notifications["ACQUIRER-7-EUR"]?.entries == ["NETTING -150"])
            #expect(files.notifications["POOL-999001-EUR"]?.entries == ["NETTING 150"])
        }
    }

    @Test func `a merchant whose name and identifier no bank can write has a statement`()
        async throws
    {
        try await inFolder { folder in
            let world = try await ClearingWorld(payoutMinimum: 1_000)
            var odd = try world.merchant("A#B")
            odd.name = "☕"
            try await world.house.set(odd)
            try await world.clear(try PlayedBatch(1, count: 1) { $0.merchant = "A#B" })
            let files = try await write(world.house.settle(night), of: world, to: folder)
            #expect(files.statements["412342-EUR"]?.balances["CLBD"] == 150)
        }
    }

    /// A world in which CAFE is at another institution, and is paid with SHOP and the acquirer.
    private func twoBanks() async throws -> (ClearingWorld, SettlementRun) {
        let fee = try #require(FeeRule(rate: 100_000, minimum: .zero, perBatch: .zero))
        let world = try await ClearingWorld(fee: fee)
        let payee = try #require(Payee(name: "Café", account: "CAFE-1", bic: "OTHRATWWXXX"))
        var cafe = try world.merchant("CAFE")
        cafe.accounts = [ClearedMerchant.Account(.euro, payee)]
        try await world.house.set(cafe)
        try await world.clear(
            try PlayedBatch(1, count: 4) { if $0.transaction == 4 { $0.merchant = "CAFE" } }
        )
        return (world, try #require(try await world.house.settle(night)))
    }

    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(folder)/20261128")
            .filter { $0.hasSuffix(".xml") }.sorted()
    }

    @Test func `a customer of another institution is paid by pacs.008, and others by the own bank`()
        async throws
    {
        try await inFolder { folder in
            let (world, run) = try await twoBanks()
            _ = try await SettlementFolder(folder, world.house).write(run.day)
            #expect(
                try names(folder) == [
                    "customers-EUR-OTHRATWWXXX.xml",
                    "institution-OPAL-20261128-00000001.xml", "notifications-EUR.xml",
                    "payouts-EUR.xml", "statements-EUR.xml",
                ]
            )
            let path = "\(folder)/20261128/customers-EUR-OTHRATWWXXX.xml"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            for part in ["pacs.008.001.08", ">1.35<", "Cafe", "OTHRATWWXXX", "BANKDEFF"] {
                #expect(text.contains(part), "\(part)")
            }
            #expect(!text.contains("SHOP"))
        }
    }

    private func bytes(_ folder: String) throws -> [String: Data] {
        try Dictionary(
            uniqueKeysWithValues: names(folder).map { name in
                let path = "\(folder)/20261128/\(name)"
                return (name, try Data(contentsOf: URL(filePath: path)))
            }
        )
    }

    @Test func `the files of a day are the same bytes whatever the terms are by then`()
        async throws
    {
        try await inFolder { folder in
            let (world, run) = try await twoBanks()
            let files = SettlementFolder(folder, world.house)
            _ = try await files.write(run.day)
            let first = try bytes(folder)
            // The clearing house goes to the bank of CAFE.
            var terms = try await world.house.terms()
            let other = try #require(
                Payee(name: "Other", account: "DEOther", bic: "OTHRATWWXXX")
            )
            terms.units[0] = ClearingTerms.Unit(.euro, .cents, account: other)
            try await world.house.set(terms)
            _ = try await files.write(run.day)
            #expect(try bytes(folder) == first && first.count == 5)
        }
    }

    @Test func `a payout that was given back is in no file that is written afterwards`()
        async throws
    {
        try await inFolder { folder in
            let (world, run) = try await twoBanks()
            let files = SettlementFolder(folder, world.house)
            _ = try await files.write(run.day)
            for payout in try await world.house.payouts(of: run.day, limit: 10) {
                try await world.house.giveBack(payout.name, because: "x", by: "Ann", now: night)
            }
            _ = try await files.write(run.day)
            #expect(try names(folder) == ["notifications-EUR.xml", "statements-EUR.xml"])
        }
    }

    private static let python = ProcessInfo.processInfo.environment["OPAL_TEST_PYTHON"]

    @Test(.enabled(if: python != nil))
    func `all files of a day are valid by the official schemas`() async throws {
        try await inFolder { folder in
            let (world, run) = try await twoBanks()
            _ = try await SettlementFolder(folder, world.house).write(run.day)
            let process = Process()
            process.executableURL = URL(filePath: try #require(Self.python))
            let script = URL(filePath: #filePath).deletingLastPathComponent()
                .deletingLastPathComponent().appending(path: "Settlement/schemas.py").path
            process.arguments = [script, "check", "\(folder)/20261128"]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let answer = try output.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
            #expect(String(decoding: answer, as: UTF8.self).contains("customers-EUR-OTHRATWWXXX"))
        }
    }
}
