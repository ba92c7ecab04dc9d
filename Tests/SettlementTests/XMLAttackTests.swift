// SPDX-License-Identifier: Apache-2.0

import SettlementFiles
import Testing

@Suite struct XMLAttackTests {
    @Test(arguments: [
        "<!DOCTYPE Document>",
        "<!DOCTYPE Document SYSTEM \"file:///etc/passwd\">",
        "<!DOCTYPE Document [<!ENTITY a \"1\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>",
        "<!DOCTYPE Document [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>",
        "<!DOCTYPE Document [<!ENTITY % p SYSTEM \"http://localhost/p\"> %p;]>",
    ])
    func `a document type is refused before its entities are declared`(prologue: String) {
        #expect(throws: BankStatementFailure.documentTypeRefused) {
            try ReaderTests.read(BankSample(prologue: prologue).text)
        }
    }

    @Test func `an entity that nobody declared is refused`() {
        #expect(throws: BankStatementFailure.notXML(line: 14)) {
            try ReaderTests.read(BankSample(remittance: "&x;").text)
        }
    }

    @Test func `XML's own entities and references are read`() throws {
        let events = try ReaderTests.read(
            BankSample(remittance: "a &lt;&amp;&#65; <![CDATA[<]]>").text
        )
        let texts = events.compactMap { event in
            if case .transaction(let transaction) = event { transaction.remittance } else { nil }
        }
        #expect(texts == [[], ["a <&A <"]])
    }

    @Test func `elements deeper than 32 are refused`() {
        let deep = String(repeating: "<x>", count: SettlementLimits.depthMax)
        #expect(throws: BankStatementFailure.tooDeep) {
            try ReaderTests.read(BankSample(remittance: deep).text)
        }
    }

    @Test func `a text without end is refused before it is gathered`() {
        let long = String(repeating: "a", count: SettlementLimits.elementTextBytesMax + 1)
        #expect(throws: BankStatementFailure.textTooLong) {
            try ReaderTests.read(BankSample(remittance: long).text, in: 4096)
        }
    }

    @Test func `an element with many attributes is refused`() {
        let many = (0...SettlementLimits.attributesMax).map { "a\($0)=\"1\"" }
        let element = "<x \(many.joined(separator: " "))/>"
        #expect(throws: BankStatementFailure.tooManyAttributes) {
            try ReaderTests.read(BankSample(remittance: element).text)
        }
    }

    @Test func `an amount with an element in its middle is refused`() {
        let text = BankSample().text.replacing(">30.00<", with: ">1<x/>30.00<")
        #expect(throws: BankStatementFailure.textBetweenElements) {
            try ReaderTests.read(text)
        }
    }

    @Test func `what is of another namespace is nothing of the statement`() throws {
        let foreign = "<Amt xmlns=\"urn:other\" Ccy=\"EUR\">99.00</Amt><Amt Ccy=\"EUR\">30.00<"
        let text = BankSample().text.replacing("<Amt Ccy=\"EUR\">30.00<", with: foreign)
        #expect(try ReaderTests.read(text) == ReaderTests.read(BankSample().text))
    }

    @Test(arguments: [[0xFF, 0xFE, 0x00], Array("<Document>".utf8), [], Array("hello".utf8)])
    func `what is no XML is refused`(bytes: [UInt8]) {
        #expect(throws: BankStatementFailure.self) { try ReaderTests.read(bytes) }
    }

    @Test func `a byte that is no UTF-8 is refused`() {
        var bytes = Array(BankSample(remittance: "~").text.utf8)
        bytes[bytes.lastIndex(of: 0x7E) ?? 0] = 0xFF
        #expect(throws: BankStatementFailure.self) { try ReaderTests.read(bytes) }
    }
}
