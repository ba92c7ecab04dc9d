// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import HTTPTypes
import Kernel
import Records
import Sites
import Testing
import Wire

@testable import Simulation

/// The operator gives back what the bank has refused to pay.
@Suite struct ConsolePayoutTests {
    /// A console with a payout that is at the bank.
    private func instructed(
        pdfSalesMax: UInt64 = 100
    ) async throws -> (ConsoleFixture, ClearingHouse, Payout) {
        let fixture = try await ConsoleFixture(
            clearing: ClearingPlan(),
            pdfSalesMax: pdfSalesMax
        )
        _ = try await fixture.pay()
        let house = try await fixture.credit().house
        let run = try #require(try await house.settle(fixture.world.now, isEarly: true))
        let payout = try await house.payouts(of: run.day, limit: 1).first
        return (fixture, house, try #require(payout))
    }

    /// The bank's statement shows that a payout was made.
    private func show(_ payout: Payout, to house: ClearingHouse, _ now: Instant) async throws {
        let digest = [UInt8](repeating: 1, count: 32)
        let statement = BankStatementRecord(
            digest: digest,
            name: "2026/1",
            currency: .euro,
            opening: .zero,
            closing: .zero,
            lines: 1,
            begunAt: now
        )
        _ = try await house.begin(statement)
        let line = BankStatementLine(
            reference: payout.name.reference,
            bankReference: nil,
            amount: Money(
                minorUnits: payout.minorUnits,
                currency: .euro,
                exponent: payout.exponent
            ),
            isCredit: false
        )
        _ = try await house.apply([line], of: digest, from: 0, now: now)
    }

    @Test func `a payout that is not given back is not written down as one that was`()
        async throws
    {
        let (fixture, house, payout) = try await instructed()
        try await show(payout, to: house, fixture.world.now)
        let unknown = Payout.Name(payout.name.day, 99)
        try await fixture.work { browser async throws in
            let path = "/clearing/payouts/\(payout.name.reference)"
            try await browser.open(path)
            let page = try await browser.send("\(path)/return", ["reason": "closed"])
            try expectWhole(page)
            #expect(page.text.contains("statement shows this payout. Nothing was changed."))
            try await browser.open(path)
            let other = "/clearing/payouts/\(unknown.reference)/return"
            #expect(try await browser.send(other, ["reason": "closed"]).status == .notFound)
        }
        #expect(try await fixture.clearingActs() == 0)
        #expect(try await house.payout(payout.name)?.state == .paid)
    }

    @Test func `a payout is given back and written down once, however often it is asked for`()
        async throws
    {
        let (fixture, house, payout) = try await instructed()
        try await fixture.work { browser async throws in
            let path = "/clearing/payouts/\(payout.name.reference)"
            try await browser.open(path)
            let done = try await browser.send("\(path)/return", ["reason": "closed"])
            #expect(done.status == .seeOther && done.location == path)
            try await browser.open(path)
            let again = try await browser.send("\(path)/return", ["reason": "wrong name"])
            try expectWhole(again)
            #expect(again.text.contains("given back before. Nothing was changed."))
        }
        #expect(try await fixture.clearingActs() == 1)
        #expect(try await house.payout(payout.name)?.refusal?.reason == "closed")
    }

    @Test func `the report of a payout has each sale, as CSV and as PDF`() async throws {
        let (fixture, house, payout) = try await instructed()
        let page = try await house.sales(of: payout, from: nil, limit: 10)
        let sale = try #require(page.sales.first).sale.transaction.text
        let path = "/clearing/payouts/\(payout.name.reference)"
        try await fixture.work { browser async throws in
            let shown = try await browser.open(path)
            for (kind, type, begin) in [
                ("csv", "text/csv; charset=utf-8; header=present", "kind,payout,"),
                ("pdf", "application/pdf", "%PDF-"),
            ] {
                #expect(shown.text.contains("href=\"\(path)/report.\(kind)\""))
                let report = try await browser.open("\(path)/report.\(kind)")
                #expect(report.status == .ok && report.text.hasPrefix(begin))
                #expect(report.headers[.contentType] == type)
                let name = "attachment; filename=\"\(payout.name.reference).\(kind)\""
                #expect(report.headers[.contentDisposition] == name)
            }
            let lines = try await browser.open("\(path)/report.csv").text.split(separator: "\r\n")
            #expect(lines.count == 3 && lines[1].contains(payout.name.reference))
            #expect(lines.last?.contains(sale) == true)
            let unknown = "/clearing/payouts/\(Payout.Name(payout.name.day, 99).reference)"
            #expect(try await browser.open(unknown + "/report.csv").status == .notFound)
        }
    }

    @Test func `a report that cannot be made is told on a page, and one too long has no PDF`()
        async throws
    {
        let (fixture, _, payout) = try await instructed(pdfSalesMax: 0)
        let path = "/clearing/payouts/\(payout.name.reference)"
        try await fixture.work { browser async throws in
            let shown = try await browser.open(path)
            #expect(shown.text.contains("report.csv") && !shown.text.contains("report.pdf"))
            let pdf = try await browser.open("\(path)/report.pdf")
            try expectWhole(pdf)
            #expect(pdf.text.contains("too many sales for a PDF: take the CSV file"))
        }
        let store = try #require(fixture.world.clearing).house.store
        let parts = try await store.list(
            ClearingRecords.outcomes,
            after: nil,
            limit: 1,
            order: .ascending
        )
        try await damage(try #require(parts.first).key, in: store)
        try await fixture.work { browser async throws in
            let report = try await browser.open("\(path)/report.csv")
            try expectWhole(report)
            #expect(report.status == .internalServerError && !report.text.contains("kind,"))
        }
    }
}
