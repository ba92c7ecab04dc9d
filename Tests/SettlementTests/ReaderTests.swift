// SPDX-License-Identifier: Apache-2.0

import Kernel
import SettlementFiles
import Testing

@Suite struct ReaderTests {
    /// The text in pieces of a size in bytes.
    static func read(
        _ text: String,
        in size: Int = 7
    ) throws(BankStatementFailure) -> [BankStatementEvent] {
        try read(Array(text.utf8), in: size)
    }

    static func read(
        _ bytes: [UInt8],
        in size: Int = 7
    ) throws(BankStatementFailure) -> [BankStatementEvent] {
        let reader = try BankStatementReader()
        var events: [BankStatementEvent] = []
        for begin in stride(from: 0, to: bytes.count, by: size) {
            events += try reader.feed(bytes[begin..<min(begin + size, bytes.count)])
        }
        return events + (try reader.finish())
    }

    @Test(arguments: [1, 7, 1 << 16])
    func `our own statement is read as it was written`(size: Int) throws {
        let events = try Self.read(Files.statement(), in: size)
        let euro = try ISOCurrency(code: "EUR")
        guard events.count == 6, case .statement(let head) = events[0],
            case .entry(let entry) = events[3], case .transaction(let transaction) = events[4]
        else {
            Issue.record("\(events)")
            return
        }
        #expect(head.identifier == "ACQ-2026-264")
        #expect(head.sequenceNumber == "42")
        #expect(head.account == "ACQ-0001")
        #expect(head.opening == AccountBalance(minorUnits: 10_000, date: try Samples.day(19)))
        #expect(head.closing == AccountBalance(minorUnits: -2000, date: try Samples.day(20)))
        #expect(entry.reference == "B-2")
        #expect(entry.amount == (try Samples.euro(17_000)))
        #expect(entry.direction == .debit)
        #expect(entry.status == .booked)
        #expect(entry.bookingDate == (try Samples.day(20)))
        #expect(entry.valueDate == (try Samples.day(21)))
        #expect(transaction.endToEnd == "E2E-1")
        #expect(transaction.amount == (try Samples.euro(17_000)))
        #expect(transaction.remittance == ["What it is for"])
        let figures = BalanceFigures(
            currency: euro,
            opening: 10_000,
            credits: 5000,
            debits: 17_000,
            closing: -2000
        )
        #expect(events[5] == .ended(figures))
    }

    @Test(arguments: [2, 3, 8, 14])
    func `every version is read`(version: Int) throws {
        let events = try Self.read(BankSample(version: version).text)
        let kinds = events.map { event in
            switch event {
            case .statement: "statement"
            case .entry(let entry): "entry \(entry.amount.text) \(entry.status)"
            case .batch(let batch): "batch \(batch.message ?? "")"
            case .transaction(let payment):
                "payment \(payment.endToEnd ?? "") \(payment.amount?.text ?? "")"
            case .ended: "ended"
            }
        }
        #expect(
            kinds == [
                "statement", "entry 30.00 booked", "batch PAYOUT-1", "payment E2E-1 10.00",
                "payment E2E-2 20.00", "entry 5.00 pending", "ended",
            ]
        )
    }

    @Test func `a statement of an unknown version is refused`() {
        let namespace = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.15"
        #expect(throws: BankStatementFailure.notAStatement(namespace: namespace)) {
            try Self.read(BankSample(version: 15).text)
        }
    }

    @Test func `another message is no statement`() throws {
        let namespace = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"
        #expect(throws: BankStatementFailure.notAStatement(namespace: namespace)) {
            try Self.read(Files.notification())
        }
    }

    @Test func `a statement that does not add up is refused with its figures`() throws {
        let figures = BalanceFigures(
            currency: try ISOCurrency(code: "EUR"),
            opening: 10_000,
            credits: 0,
            debits: 3000,
            closing: 7001
        )
        let failure = BankStatementFailure.doesNotAddUp(statement: "S-1", figures)
        #expect(throws: failure) { try Self.read(BankSample(closing: "70.01").text) }
    }

    @Test func `a file cut anywhere is refused`() throws {
        let bytes = Array(BankSample().text.utf8)
        let end = try #require(bytes.lastIndex(of: 0x3E))
        for count in stride(from: 0, through: end, by: 13) {
            #expect(throws: BankStatementFailure.self, "\(count) bytes") {
                try Self.read(Array(bytes[..<count]))
            }
        }
        #expect(throws: BankStatementFailure.cut) { try Self.read(Array(bytes[..<(end - 3)])) }
    }

    @Test(arguments: [
        ("30.00", "30.001"), ("30.00", "-30.00"), ("30.00", "3e1"), ("30.00", ""),
        ("30.00", "30.0.0"), ("30.00", "."), ("30.00", "３0"), ("2026-09-20", "2026-02-30"),
        ("2026-09-20", "2026-09-201"), ("DBIT", "debit"),
    ])
    func `an amount, a day or a code that is none is refused`(old: String, new: String) {
        let text = BankSample().text.replacing(">\(old)<", with: ">\(new)<")
        do {
            _ = try Self.read(text)
            Issue.record("It was read.")
        } catch BankStatementFailure.invalid {
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test(arguments: ["30", "30.0", "30.00", "30.0000", "030.00", " 30.00\n"])
    func `an amount may have fewer decimals, or more noughts`(amount: String) throws {
        let text = BankSample().text.replacing(">30.00<", with: ">\(amount)<")
        #expect(try Self.read(text) == Self.read(BankSample().text))
    }

    @Test func `an entry in another currency is refused`() {
        let text = BankSample().text.replacing(
            "<Amt Ccy=\"EUR\">30.00<",
            with: "<Amt Ccy=\"USD\">30.00<"
        )
        #expect(throws: BankStatementFailure.otherCurrency("USD", expected: "EUR")) {
            try Self.read(text)
        }
    }

    @Test func `a balance that is missing or there twice is refused`() {
        let sample = BankSample().text
        #expect(throws: BankStatementFailure.missing("Stmt/Bal CLBD")) {
            try Self.read(sample.replacing("CLBD", with: "CLAV"))
        }
        #expect(throws: BankStatementFailure.repeated("Stmt/Bal OPBD")) {
            try Self.read(sample.replacing("CLBD", with: "OPBD"))
        }
    }

    @Test func `an element that is there twice is refused`() {
        let amount = "<Amt Ccy=\"EUR\">30.00</Amt>"
        let text = BankSample().text.replacing(amount, with: amount + amount)
        #expect(throws: BankStatementFailure.repeated("Stmt/Ntry/Amt")) { try Self.read(text) }
    }

    @Test func `the end of the statement before opens this one`() throws {
        let text = BankSample().text.replacing("OPBD", with: "PRCD")
        #expect(try Self.read(text) == Self.read(BankSample().text))
    }
}
