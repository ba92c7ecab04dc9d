// SPDX-License-Identifier: Apache-2.0

import Kernel
import SettlementFiles

/// Whole files of the samples.
enum Files {
    static func payouts(_ count: Int = 3) throws -> [UInt8] {
        let sink = MemorySink()
        try writePayouts(count, to: sink)
        return sink.bytes
    }

    /// Payments of 10.00, 10.01, … on two days.
    static func writePayouts(_ count: Int, to sink: any ByteSink) throws {
        let sum = (0..<count).reduce(UInt64(0)) { $0 + 1000 + UInt64($1) }
        var file = try PayoutFile(
            to: sink,
            Samples.head("PAYOUT-20260921"),
            initiator: PartyName("OPAL Clearing"),
            TransferTotals(count: UInt64(count), sum: Samples.euro(sum))
        )
        for index in 0..<count {
            let amount = try Samples.euro(1000 + UInt64(index))
            let dayOfMonth = index < count / 2 ? 21 : 22
            try file.add(Samples.payment("E2E-\(index)", amount, on: dayOfMonth))
        }
        try file.finish()
    }

    static func customerTransfers() throws -> [UInt8] {
        let sink = MemorySink()
        var file = try CustomerTransferFile(
            to: sink,
            Samples.head("CUSTOMER-1"),
            Samples.route(),
            TransferTotals(count: 2, sum: Samples.euro(300))
        )
        try file.add(Samples.payment("E2E-1", Samples.euro(100)))
        try file.add(Samples.payment("E2E-2", Samples.euro(200)))
        try file.finish()
        return sink.bytes
    }

    static func institutionTransfers() throws -> [UInt8] {
        let sink = MemorySink()
        var file = try InstitutionTransferFile(
            to: sink,
            Samples.head("INSTITUTION-1"),
            Samples.route(),
            TransferTotals(count: 1, sum: Samples.euro(123_456_789))
        )
        try file.add(
            InstitutionTransfer(
                endToEnd: FileIdentifier("NET-1"),
                amount: Samples.euro(123_456_789),
                debtor: .init(
                    bic: BIC("COBADEFFXXX"),
                    account: .iban(IBAN("DE89370400440532013000"))
                ),
                creditor: .init(bic: BIC("NWBKGB2L")),
                settlementDate: Samples.day(21)
            )
        )
        try file.finish()
        return sink.bytes
    }

    /// From 100.00 over +50.00 and −170.00 to −20.00.
    static func statement(closing: Int64 = -2000) throws -> [UInt8] {
        let sink = MemorySink()
        var file = try StatementFile(to: sink, Samples.head("STATEMENT-1"))
        try file.begin(
            Samples.accountHead("ACQ-2026-264"),
            opening: AccountBalance(minorUnits: 10_000, date: Samples.day(19)),
            closing: AccountBalance(minorUnits: closing, date: Samples.day(20))
        )
        try file.add(Samples.entry("B-1", Samples.euro(5000), .credit))
        try file.add(Samples.entry("B-2", Samples.euro(17_000), .debit, endToEnd: "E2E-1"))
        try file.finish()
        return sink.bytes
    }

    static func notification() throws -> [UInt8] {
        let sink = MemorySink()
        var file = try NotificationFile(to: sink, Samples.head("NOTE-1"))
        try file.begin(Samples.accountHead("N-1"))
        try file.add(Samples.entry("B-1", Samples.euro(5000), .credit))
        try file.begin(Samples.accountHead("N-2", currency: "JPY"))
        let yen = try FileAmount(minorUnits: 700, currency: ISOCurrency(code: "JPY"))
        try file.add(Samples.entry("B-2", yen, .debit, endToEnd: "E2E-2"))
        try file.finish()
        return sink.bytes
    }
}
