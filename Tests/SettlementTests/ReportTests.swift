// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel
import SettlementFiles
import Testing

@Suite struct ReportTests {
    private static func head() throws -> MerchantReportHead {
        MerchantReportHead(
            merchant: "Bäckerei Größe, Αθήνα",
            merchantNumber: "280000000000017",
            currency: try ISOCurrency(code: "EUR"),
            from: try Samples.day(1),
            to: try Samples.day(20),
            created: Samples.created
        )
    }

    private static func payout(net: Int64 = 2900) throws -> ReportedPayout {
        ReportedPayout(
            endToEnd: try FileIdentifier("E2E-1"),
            executionDate: try Samples.day(21),
            account: "GB29…6819",
            sales: .cents(3001),
            fees: .cents(151),
            adjustments: .cents(50),
            net: .cents(net)
        )
    }

    private static func sale(_ index: UInt32, _ amount: Int64) -> ReportedSale {
        ReportedSale(
            transaction: "000102030405060708090a0b0c0d0e\(index < 10 ? "0" : "")\(index)",
            time: Samples.created,
            securityCard: "0000000000000218",
            batch: 7,
            index: index,
            amount: .cents(amount)
        )
    }

    @Test func `the CSV leads from a payout to its sales and back`() throws {
        let sink = MemorySink()
        var report = try MerchantReportCSV(to: sink, Self.head())
        try report.begin(Self.payout())
        try report.add(Self.sale(1, 1000))
        try report.add(Self.sale(2, 2001))
        try report.finish()
        let lines = String(decoding: sink.bytes, as: UTF8.self).split(separator: "\r\n")
        let columns =
            "kind,payout,date,account,sale,time,security card,batch,index,amount,fees,adjustments,"
            + "net,currency"
        let payout = "payout,E2E-1,2026-09-21,GB29…6819,,,,,,30.01,1.51,0.50,29.00,EUR"
        let sale = { (index: Int, amount: String) in
            "sale,E2E-1,2026-09-21,,000102030405060708090a0b0c0d0e0\(index),"
                + "2026-09-21T14:13:20.123Z,0000000000000218,7,\(index),\(amount),,,,EUR"
        }
        #expect(lines.map(String.init) == [columns, payout, sale(1, "10.00"), sale(2, "20.01")])
    }

    @Test(arguments: [[1000, 2000], [3001], [1000, 2001, 1]] as [[Int64]])
    func `a payout that its sales do not come to is refused`(sales: [Int64]) throws {
        var report = try MerchantReportCSV(to: MemorySink(), Self.head())
        try report.begin(Self.payout(net: sales == [3001] ? 2901 : 2900))
        for (index, amount) in sales.enumerated() {
            try report.add(Self.sale(UInt32(index), amount))
        }
        #expect(throws: SettlementFileFailure.self) { try report.finish() }
    }

    @Test func `sales of parts of a cent stand with all their decimals`() throws {
        let sink = MemorySink()
        var report = try MerchantReportCSV(to: sink, Self.head())
        let tiny = ExactAmount(trillionths: 12_345_678_000)
        try report.begin(
            ReportedPayout(
                endToEnd: FileIdentifier("E2E-1"),
                executionDate: Samples.day(21),
                account: "GB29…6819",
                sales: tiny,
                fees: .zero,
                adjustments: ExactAmount(trillionths: -2_345_678_000),
                net: .cents(1)
            )
        )
        var sale = Self.sale(1, 0)
        sale = ReportedSale(
            transaction: sale.transaction,
            time: sale.time,
            securityCard: sale.securityCard,
            batch: 7,
            index: 1,
            amount: tiny
        )
        try report.add(sale)
        try report.finish()
        let text = String(decoding: sink.bytes, as: UTF8.self)
        #expect(text.contains("0.012345678,0.00,-0.002345678,0.01,EUR"))
    }

    @Test func `the PDF is the same each time and goes over pages`() throws {
        let bytes = try Self.pdf(sales: 200)
        #expect(bytes.starts(with: Array("%PDF-".utf8)))
        #expect(try Self.pdf(sales: 200) == bytes)
        if let folder = ProcessInfo.processInfo.environment["OPAL_SETTLEMENT_FILES"] {
            try Data(bytes).write(to: URL(filePath: folder).appending(path: "report.pdf"))
        }
    }

    @Test func `a PDF without payouts is one page that says so`() throws {
        var report = try MerchantReportPDF(Self.head())
        #expect(try report.finish().count > 500)
    }

    private static func pdf(sales: UInt32) throws -> [UInt8] {
        var report = try MerchantReportPDF(Self.head())
        for number in 1...2 {
            try report.begin(
                ReportedPayout(
                    endToEnd: FileIdentifier("E2E-\(number)"),
                    executionDate: Samples.day(21),
                    account: "GB29…6819",
                    sales: .cents(Int64(sales) * 1000),
                    fees: .cents(150),
                    net: .cents(Int64(sales) * 1000 - 150)
                )
            )
            for index in 0..<sales { try report.add(Self.sale(index, 1000)) }
        }
        return try report.finish()
    }
}

extension ExactAmount {
    fileprivate static func cents(_ units: Int64) -> ExactAmount {
        ExactAmount(trillionths: Int128(units) * ExactAmount.unit(.cents))
    }
}
