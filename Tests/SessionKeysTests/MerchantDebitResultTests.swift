// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel
import SecurityModule
import Testing
import Wire

@testable import SessionKeys

struct MerchantDebitResultTests {
    @Test(arguments: SaleOutcome.allCases, [nil] + Refusal.allCases.map(Optional.some))
    func `a result M arrives as it was sealed`(_ outcome: SaleOutcome, _ reason: Refusal?)
        async throws
    {
        let parties = try Fixture()
        let result = try parties.resultForMerchant(outcome: outcome, reason: reason)
        let sealed = try await parties.sale.sealResult(result)
        let opened = try parties.merchant.openResult(
            sealed,
            of: parties.terms,
            keyName: "k1"
        )
        #expect(opened == result)
    }

    @Test func `names with marks that JSON escapes arrive`() async throws {
        let parties = try Fixture(
            terms: Fixture.terms(
                merchant: #"A"B\C/{}[]:,~"#,
                minorUnits: .max,
                currency: .nothing,
                exponent: .micros
            ),
            keyName: #"k"\/{}:,[]"#
        )
        let result = try parties.resultForMerchant()
        let sealed = try await parties.sale.sealResult(result)
        let opened = try parties.merchant.openResult(
            sealed,
            of: parties.terms,
            keyName: parties.shared.name
        )
        #expect(opened == result)
    }

    @Test func `the payload is the JSON that a merchant expects`() throws {
        let result = try Fixture().resultForMerchant(outcome: .refused, reason: .cardExpired)
        #expect(
            String(decoding: result.json, as: UTF8.self) == """
                {"trx":"0193532f-4b00-7000-8000-0123456789ab","merchant":"NEWS000000042",\
                "amount":"150","currency":"0978","exponent":2,"outcome":"refused",\
                "reason":"card-expired","cardPseudonym":"00112233445566778899aabbccddeeff",\
                "securityCard":"a102030405060708","securityCardNumber":4294967295,\
                "time":"2026-11-22T10:15:30Z"}
                """
        )
    }

    @Test func `the payload of a proof has the member number and no sale`() async throws {
        let parties = try Fixture().ofProof()
        let result = try parties.resultForMerchant(memberships: Fixture.memberships())
        #expect(
            String(decoding: result.json, as: UTF8.self) == """
                {"trx":"0193532f-4b00-7000-8000-0123456789ab","merchant":"NEWS000000042",\
                "amount":"0","currency":"0999","exponent":0,"outcome":"authenticated",\
                "cardPseudonym":"00112233445566778899aabbccddeeff",\
                "securityCard":"a102030405060708","securityCardNumber":4294967295,\
                "time":"2026-11-22T10:15:30Z",\
                "memberNumbers":{"9001":"SK-4711-0815","9002":"CLUB-1"}}
                """
        )
        #expect(try MerchantDebitResult(json: result.json) == result)
    }

    @Test func `a proof that says sold and a sale that says authenticated are none`() throws {
        let proof = try Fixture().ofProof().resultForMerchant()
        let sale = try Fixture().resultForMerchant()
        for (result, word, other) in [
            (proof, "authenticated", "sold"), (sale, "sold", "authenticated"),
        ] {
            let text = String(decoding: result.json, as: UTF8.self)
            let changed = text.replacingOccurrences(of: "\"\(word)\"", with: "\"\(other)\"")
            #expect(changed != text)
            #expect(throws: ModuleFailure.sealBroken) {
                try MerchantDebitResult(json: Array(changed.utf8))
            }
        }
    }

    @Test func `the payload of a half names the other half`() throws {
        let half = OtherHalf(
            transaction: TransactionIdentifier(high: 3, low: 4),
            amount: Money(
                minorUnits: 500,
                currency: try #require(Currency(bcd: 0x9001)),
                exponent: .units
            ),
            isFirst: false
        )
        let terms = try Fixture.terms(policy: .paymentServer).with(otherHalf: half)
        let result = try Fixture(terms: terms).resultForMerchant()
        #expect(try MerchantDebitResult(json: result.json) == result)
        #expect(result.otherHalf == half)
    }

    @Test func `a result of another sale is not sealed`() async throws {
        let parties = try Fixture()
        let others = [
            try Fixture(terms: Fixture.terms(merchant: "OTHER")),
            try Fixture(terms: Fixture.terms(transaction: "0193532f4b00700080000123456789ac")),
        ]
        for other in others {
            let result = try other.resultForMerchant()
            await #expect(throws: ModuleFailure.sealBroken) {
                try await parties.sale.sealResult(result)
            }
        }
    }

    @Test(arguments: ["", "4971120000000017", "00112233445566778899AABBCCDDEEFF"])
    func `a card is named to the merchant by a pseudonym only`(_ name: String) async throws {
        let parties = try Fixture()
        let result = try parties.resultForMerchant(pseudonym: name)
        await #expect(throws: ModuleFailure.sealBroken) {
            try await parties.sale.sealResult(result)
        }
    }

    @Test func `a payload of another order breaks the seal though its key is right`() throws {
        let parties = try Fixture()
        let text = String(decoding: try parties.resultForMerchant().json, as: UTF8.self)
        func sealed(_ text: String) throws -> [UInt8] {
            try SealingKey(OrderKeys(parties.shared, parties.terms).resultKey).seal(
                Array(text.utf8),
                SealedHeader(.resultForMerchant, parties.terms.transaction, keyName: "k1")
            )
        }
        let terms = parties.terms
        _ = try parties.merchant.openResult(try sealed(text), of: terms, keyName: "k1")
        for other in [
            text.replacing("89ab", with: "89ac"), text.replacing("NEWS", with: "OLDS"),
        ] {
            #expect(throws: ModuleFailure.sealBroken) {
                try parties.merchant.openResult(try sealed(other), of: terms, keyName: "k1")
            }
        }
    }

    @Test(arguments: [
        (#""trx":"0193532f"#, #""trx":"019353"#),
        (#""trx""#, #""TRX""#),
        (#""merchant":"NEWS000000042""#, #""merchant":"""#),
        (#""merchant":"NEWS000000042""#, #""merchant":"NEWS 42""#),
        (#""amount":"150""#, #""amount":150"#),
        (#""amount":"150""#, #""amount":"0150""#),
        (#""amount":"150""#, #""amount":"-150""#),
        (#""amount":"150""#, #""amount":"1.5""#),
        (#""amount":"150""#, #""amount":"18446744073709551616""#),
        (#""currency":"0978""#, #""currency":"EUR""#),
        (#""currency":"0978""#, #""currency":"978""#),
        (#""exponent":2"#, #""exponent":7"#),
        (#""exponent":2"#, #""exponent":2.0"#),
        (#""exponent":2"#, #""exponent":02"#),
        (#""exponent":2"#, #""exponent":258"#),
        (#""exponent":2"#, #""exponent":"2""#),
        (#""outcome":"refused""#, #""outcome":"paid""#),
        (#""outcome":"refused","#, ""),
        (#""reason":"card-expired""#, #""reason":"because""#),
        (#""reason":"card-expired""#, #""reason":null"#),
        ("eeff", "eef"), ("eeff", "EEFF"), ("eeff", "eefg"),
        ("a102030405060708", "a1020304050607"), ("a102030405060708", "x102030405060708"),
        ("4294967295", "4294967296"), ("4294967295", "-1"), ("4294967295", "1e3"),
        ("10:15:30Z", "10:15:30"), ("10:15:30Z", "10:15:30z"), ("10:15:30Z", "24:15:30Z"),
        ("10:15:30Z", "10:15:30+00:00"), ("2026-11-22T", "2026-02-29T"), ("-22T", "-22 "),
        ("{", "["), ("}", ""), ("}", "}}"), ("}", ",}"), ("}", #","exponent":2}"#), ("{", " x{"),
    ])
    func `a payload that is odd breaks the seal`(_ part: String, _ odd: String) throws {
        let result = try Fixture().resultForMerchant(outcome: .refused, reason: .cardExpired)
        let text = String(decoding: result.json, as: UTF8.self)
        let changed = text.replacing(part, with: odd)
        #expect(changed != text)
        #expect(throws: ModuleFailure.sealBroken) {
            try MerchantDebitResult(json: Array(changed.utf8))
        }
    }

    @Test func `other order, blanks, escapes and more members are read`() throws {
        let json = """
            { "time" : "2026-11-22T10:15:30Z", "securityCardNumber" : 4294967295,
              "new": {"a": [1, -2.5e+3, true, {}]}, "securityCard": "a102030405060708",
              "cardPseudonym": "00112233445566778899aabbccddeeff", "outcome": "so\\u006cd",
              "exponent": 2, "currency": "0978", "amount": "150", "merchant": "NEWS000000042",
              "trx": "0193532f-4b00-7000-8000-0123456789ab" }
            """
        let result = try Fixture().resultForMerchant()
        #expect(try MerchantDebitResult(json: Array(json.utf8)) == result)
    }

    @Test func `every reason has its own word`() {
        #expect(Set(Refusal.allCases.map(\.word)).count == Refusal.allCases.count)
        for refusal in Refusal.allCases { #expect(Refusal(word: refusal.word) == refusal) }
        #expect(Refusal(word: "Busy") == nil)
    }
}
