// SPDX-License-Identifier: Apache-2.0

import Foundation
import SettlementFiles
import Testing

@Suite struct StatementFileTests {
    @discardableResult
    private func withFile<Result>(
        _ bytes: [UInt8],
        _ body: (String) throws -> Result
    ) throws -> Result {
        let path = FileManager.default.temporaryDirectory
            .appending(path: "opal-statement-\(UUID().uuidString).xml").path
        try Data(bytes).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try body(path)
    }

    @Test func `a file is told piece by piece, whole`() throws {
        let bytes = Array(BankSample().text.utf8)
        let events = try withFile(bytes) { path in
            let file = try BankStatementFile(path: path)
            #expect(file.digest.count == 32)
            var events: [BankStatementEvent] = []
            while let more = try file.next() { events += more }
            #expect(try file.next() == nil)
            return events
        }
        #expect(events == (try ReaderTests.read(bytes)))
    }

    @Test func `nothing is told of a file that breaks at its end`() throws {
        try withFile(Array(BankSample(closing: "70.01").text.utf8)) { path in
            #expect(throws: BankStatementFailure.self) { try BankStatementFile(path: path) }
        }
        #expect(throws: BankStatementFailure.unreadable) {
            try BankStatementFile(path: "/nowhere/statement.xml")
        }
    }

    @Test func `a file that changes while it is read is refused`() throws {
        try withFile(Array(BankSample().text.utf8)) { path in
            let file = try BankStatementFile(path: path)
            let other = BankSample(remittance: "Other").text
            let handle = try #require(FileHandle(forWritingAtPath: path))
            try handle.truncate(atOffset: 0)
            try handle.write(contentsOf: Data(other.utf8))
            #expect(throws: BankStatementFailure.unreadable) {
                while try file.next() != nil {}
            }
        }
    }

    @Test func `a statement of many entries is read back`() throws {
        let count: UInt64 = 3000
        let sink = MemorySink()
        var file = try StatementFile(to: sink, Samples.head("LONG"))
        try file.begin(
            Samples.accountHead("LONG-1"),
            opening: AccountBalance(minorUnits: 0, date: Samples.day(19)),
            closing: AccountBalance(minorUnits: Int64(count), date: Samples.day(20))
        )
        for index in 0..<count {
            try file.add(Samples.entry("B-\(index)", Samples.euro(1), .credit))
        }
        try file.finish()
        let reader = try BankStatementReader()
        var entries: UInt64 = 0
        var mostAtOnce = 0
        let bytes = sink.bytes
        for begin in stride(from: 0, to: bytes.count, by: SettlementLimits.readPieceBytes) {
            let end = min(begin + SettlementLimits.readPieceBytes, bytes.count)
            let events = try reader.feed(bytes[begin..<end])
            mostAtOnce = max(mostAtOnce, events.count)
            for case .entry in events { entries += 1 }
        }
        _ = try reader.finish()
        #expect(entries == count)
        #expect(mostAtOnce < 500)
    }
}
