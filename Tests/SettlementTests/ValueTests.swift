// SPDX-License-Identifier: Apache-2.0

import Kernel
import SettlementFiles
import Testing

@Suite struct ValueTests {
    @Test(
        arguments: [
            ("EUR", 150, 2, 150, "1.50"), ("EUR", 5, 2, 5, "0.05"), ("JPY", 150, 0, 150, "150"),
            ("KWD", 1500, 3, 1500, "1.500"), ("EUR", 1_500_000, 6, 150, "1.50"),
            ("KWD", 15, 1, 1500, "1.500"), ("EUR", 0, 6, 0, "0.00"),
        ] as [(String, UInt64, UInt8, UInt64, String)]
    )
    func `an amount has its currency's decimals`(
        code: String,
        units: UInt64,
        decimals: UInt8,
        minorUnits: UInt64,
        text: String
    ) throws {
        let currency = try ISOCurrency(code: code)
        let amount = try FileAmount(units: units, decimals: decimals, currency: currency)
        #expect(amount.minorUnits == minorUnits)
        #expect(amount.text == text)
    }

    @Test func `an amount is not rounded`() throws {
        let euro = try ISOCurrency(code: "EUR")
        #expect(throws: SettlementFileFailure.notInMinorUnits(currency: "EUR")) {
            try FileAmount(units: 1_500_001, decimals: 6, currency: euro)
        }
        let yen = try ISOCurrency(code: "JPY")
        #expect(throws: SettlementFileFailure.notInMinorUnits(currency: "JPY")) {
            try FileAmount(units: 150, decimals: 2, currency: yen)
        }
    }

    @Test func `an amount has at most 18 digits`() throws {
        let euro = try ISOCurrency(code: "EUR")
        let most: UInt64 = 999_999_999_999_999_999
        #expect(try FileAmount(minorUnits: most, currency: euro).text == "9999999999999999.99")
        #expect(throws: SettlementFileFailure.amountTooLarge) {
            try FileAmount(minorUnits: most + 1, currency: euro)
        }
        #expect(throws: SettlementFileFailure.amountTooLarge) {
            try FileAmount(units: .max, decimals: 0, currency: euro)
        }
    }

    @Test func `a purse's money has its currency's code`() throws {
        let money = Money(minorUnits: 1234, currency: .franc, exponent: .cents)
        let amount = try FileAmount(money)
        #expect(amount.currency.code == "CHF")
        #expect(amount.text == "12.34")
    }

    @Test func `points are no money for a bank`() throws {
        let points = try #require(Currency(bcd: 0x9001))
        #expect(throws: SettlementFileFailure.unknownCurrency("9001")) { try ISOCurrency(points) }
        #expect(throws: SettlementFileFailure.unknownCurrency("XXX")) {
            try ISOCurrency(code: "XXX")
        }
    }

    @Test(arguments: [
        ("Bäckerei Größe & Søn", "Backerei Grosse + Son"), ("Αθήνα", "Athena"),
        ("  two \n lines ", "two lines"), ("Łódź", "Lodz"), ("O’Neill_1", "O'Neill-1"),
    ])
    func `a name is transliterated`(name: String, text: String) throws {
        #expect(try PartyName(name).text == text)
    }

    @Test func `a name that cannot be written is refused, not cut`() throws {
        #expect(throws: SettlementFileFailure.tooLong(.name, max: 70)) {
            try PartyName(String(repeating: "a", count: 71))
        }
        #expect(throws: SettlementFileFailure.unwritable(.name, "😀")) { try PartyName("Joy 😀") }
        #expect(throws: SettlementFileFailure.empty(.name)) { try PartyName(" \n") }
        #expect(throws: SettlementFileFailure.tooLong(.remittance, max: 140)) {
            try RemittanceText(String(repeating: "ß", count: 71))
        }
    }

    @Test(arguments: ["", "a\u{E4}", "/a", "a//b", "a ", "<a>", "a\u{0}"])
    func `an identifier is taken as it is or refused`(text: String) {
        #expect(throws: SettlementFileFailure.self) { try FileIdentifier(text) }
    }

    @Test func `an identifier has at most 35 characters`() throws {
        let text = String(repeating: "9", count: 35)
        #expect(try FileIdentifier(text).text == text)
        #expect(throws: SettlementFileFailure.tooLong(.identifier, max: 35)) {
            try FileIdentifier(text + "9")
        }
    }

    @Test(arguments: [
        "DE89370400440532013001", "DE8937040044053201300", "", "DE", "de89370400440532013000",
        "GB29NWBK6016133192681€",
    ])
    func `an IBAN with a wrong digit is refused`(text: String) {
        #expect(throws: SettlementFileFailure.ibanWrong) { try IBAN(text) }
    }

    @Test(arguments: ["COBADEFF", "COBADEFFXXX"])
    func `a BIC has 8 or 11 characters`(text: String) throws {
        #expect(try BIC(text).text == text)
        #expect(throws: SettlementFileFailure.bicWrong) { try BIC(text + "X") }
        #expect(throws: SettlementFileFailure.bicWrong) { try BIC(text.lowercased()) }
    }
}
