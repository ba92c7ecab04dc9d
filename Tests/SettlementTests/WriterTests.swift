// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel
import SettlementFiles
import Testing

@Suite struct WriterTests {
    /// Counts what comes and how large the largest piece is, and keeps nothing.
    private final class Meter: ByteSink {
        var bytes = 0
        var pieceMax = 0

        func write(_ bytes: [UInt8]) {
            self.bytes += bytes.count
            pieceMax = max(pieceMax, bytes.count)
        }
    }

    @Test func `the same payments give the same bytes`() throws {
        #expect(try Files.payouts() == Files.payouts())
    }

    @Test func `a long file is handed on in pieces`() throws {
        let meter = Meter()
        try Files.writePayouts(3000, to: meter)
        #expect(meter.bytes > 1_000_000)
        #expect(meter.pieceMax < 2 * SettlementLimits.writtenPieceBytes)
    }

    @Test func `payments that are not those announced are refused`() throws {
        let announced = TransferTotals(count: 2, sum: try Samples.euro(300))
        let written = TransferTotals(count: 1, sum: try Samples.euro(100))
        var file = try PayoutFile(
            to: MemorySink(),
            Samples.head("M"),
            initiator: PartyName("OPAL"),
            announced
        )
        try file.add(Samples.payment("E2E-1", Samples.euro(100)))
        let other = SettlementFileFailure.otherTotals(announced: announced, written: written)
        #expect(throws: other) { try file.finish() }
    }

    @Test func `a file is of one currency`() throws {
        var file = try PayoutFile(
            to: MemorySink(),
            Samples.head("M"),
            initiator: PartyName("OPAL"),
            TransferTotals(count: 2, sum: Samples.euro(300))
        )
        let yen = try FileAmount(minorUnits: 100, currency: ISOCurrency(code: "JPY"))
        #expect(throws: SettlementFileFailure.otherCurrency("JPY", expected: "EUR")) {
            try file.add(Samples.payment("E2E-1", yen))
        }
    }

    @Test func `nothing is not paid`() throws {
        #expect(throws: SettlementFileFailure.amountIsZero) {
            try Samples.payment("E2E-1", Samples.euro(0))
        }
        #expect(throws: SettlementFileFailure.nothingInside) {
            try PayoutFile(
                to: MemorySink(),
                Samples.head("M"),
                initiator: PartyName("OPAL"),
                TransferTotals(count: 0, sum: Samples.euro(0))
            )
        }
    }

    @Test func `between institutions both banks and the day are known`() throws {
        var file = try CustomerTransferFile(
            to: MemorySink(),
            Samples.head("M"),
            Samples.route(),
            TransferTotals(count: 1, sum: Samples.euro(100))
        )
        let nobody = PaymentParty(
            name: try PartyName("Shop"),
            account: .other(try OtherAccount("4711"))
        )
        #expect(throws: SettlementFileFailure.bicMissing("E2E-1")) {
            try file.add(Samples.payment("E2E-1", Samples.euro(100), to: nobody))
        }
        #expect(throws: SettlementFileFailure.otherDate("E2E-1")) {
            try file.add(Samples.payment("E2E-1", Samples.euro(100), on: 22))
        }
    }

    @Test func `a statement that does not add up is not written`() throws {
        let figures = BalanceFigures(
            currency: try ISOCurrency(code: "EUR"),
            opening: 10_000,
            credits: 5000,
            debits: 17_000,
            closing: -1999
        )
        #expect(throws: SettlementFileFailure.doesNotAddUp(figures)) {
            try Files.statement(closing: -1999)
        }
    }

    @Test func `a file that was not kept leaves nothing behind`() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "opal-settlement-\(UInt64.random(in: 0...UInt64.max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "payouts.xml").path
        do {
            let file = try SettlementFile(path: path)
            try Files.writePayouts(1000, to: file)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
        let file = try SettlementFile(path: path)
        try Files.writePayouts(1000, to: file)
        try file.keep()
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["payouts.xml"]
        )
        #expect(try Data(contentsOf: URL(filePath: path)) == Data(Files.payouts(1000)))
    }

    @Test func `a file that cannot be made says so`() {
        #expect(throws: SettlementFileFailure.unwritableFile) {
            try SettlementFile(path: "/nowhere/payouts.xml")
        }
    }
}
