// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

@Suite struct LoadPageTests {
    private static func page(_ seed: UInt64 = 1) throws -> LoadPage {
        var samples = Samples(seed)
        return LoadPage(
            terms: try samples.loadTerms(),
            proof: try samples.proof(),
            bankName: "Bank für Häfen",
            sessionKey: try #require(SessionKeyText(Base64URL.encode(samples.random.bytes(32))))
        )
    }

    private static func fields(_ page: LoadPage) -> [LoadPage.Field: String] {
        Dictionary(uniqueKeysWithValues: page.fields)
    }

    @Test(arguments: 0..<50) func `the fields of a page give the page back`(seed: UInt64) throws {
        let page = try Self.page(seed)
        let fields = Self.fields(page)
        #expect(try LoadPage { fields[$0] } == page)
        #expect(try LoadPage(bytes: page.bytes) == page)
    }

    @Test func `each field stands in the page once, in the declared order`() throws {
        #expect(try Self.page().fields.map(\.0) == LoadPage.Field.allCases)
    }

    @Test(arguments: LoadPage.Field.allCases)
    func `a missing field is named`(field: LoadPage.Field) throws {
        var fields = Self.fields(try Self.page())
        fields[field] = nil
        #expect(throws: WireFailure(path: "load page: \(field.rawValue)", problem: .truncated)) {
            try LoadPage { fields[$0] }
        }
    }

    static let wrong: [LoadPage.Field: [String]] = [
        .amount: ["", "-1", "+1", "01", "1.5", "18446744073709551616"],
        .currency: ["", "978", "EUR", "097A"],
        .exponent: ["", "7", "02"],
        .transaction: ["", "1", "zz272fdd-073d-5561-594c-2ae0759cc18c"],
        .bank: ["", "1", "ba4c00000000000g", "ba4c0000000000011"],
        .card: ["", "1", String(repeating: "A", count: 32), String(repeating: "a", count: 33)],
        .time: ["", "2026112210153", "20261122101560", "2026-11-22T10:15:30Z"],
        .loadServer: [String(repeating: "l", count: 65), "l\u{A}"],
        .statusURL: [
            "", "bank.example", "javascript:alert(1)", "https://bank.example/\u{0}",
            "https://" + String(repeating: "s", count: LoadLimits.statusURLBytesMax),
        ],
        .keyName: ["", "two words", "k\u{E9}", String(repeating: "k", count: 17)],
        .sessionKey: ["", String(repeating: "A", count: 42), String(repeating: "A", count: 44)],
        .wrappedSessionKey: ["", "A", "====", String(repeating: "A", count: 56)],
        .loadToken: ["", "A", "====", String(repeating: "A", count: 44)],
        .bankName: [String(repeating: "b", count: 61), "b\u{7F}"],
    ]

    @Test(arguments: LoadPage.Field.allCases)
    func `a field that cannot be is named`(field: LoadPage.Field) throws {
        let good = Self.fields(try Self.page())
        for value in try #require(Self.wrong[field]) {
            var fields = good
            fields[field] = value
            #expect(
                throws: WireFailure(path: "load page: \(field.rawValue)", problem: .invalid),
                "\(value)"
            ) {
                try LoadPage { fields[$0] }
            }
        }
    }

    @Test func `any text in any field is a page or a failure`() throws {
        var random = Seeded(2)
        let good = Self.fields(try Self.page())
        for _ in 0..<5_000 {
            var fields = good
            let field = try #require(LoadPage.Field.allCases.randomElement(using: &random))
            let text = try #require(good[field])
            fields[field] = String(decoding: random.damaged(Array(text.utf8)), as: UTF8.self)
            guard let page = try? LoadPage({ fields[$0] }) else { continue }
            let again = Self.fields(page)
            #expect(try LoadPage { again[$0] } == page)
        }
    }
}

@Suite struct CardInquiryPageTests {
    private static func page(_ seed: UInt64 = 1) throws -> CardInquiryPage {
        var samples = Samples(seed)
        return CardInquiryPage(
            inquiry: samples.inquiry(),
            proof: try samples.proof(),
            bankName: "Bank für Häfen",
            sessionKey: try #require(SessionKeyText(Base64URL.encode(samples.random.bytes(32))))
        )
    }

    private static func fields(_ page: CardInquiryPage) -> [CardInquiryPage.Field: String] {
        Dictionary(uniqueKeysWithValues: page.fields)
    }

    @Test(arguments: 0..<50) func `the fields of a page give the page back`(seed: UInt64) throws {
        let page = try Self.page(seed)
        let fields = Self.fields(page)
        #expect(try CardInquiryPage { fields[$0] } == page)
        #expect(try CardInquiryPage(bytes: page.bytes) == page)
        #expect(page.fields.map(\.0) == CardInquiryPage.Field.allCases)
    }

    @Test(arguments: CardInquiryPage.Field.allCases)
    func `a missing field, or one that cannot be, is named`(
        field: CardInquiryPage.Field
    ) throws {
        var fields = Self.fields(try Self.page())
        fields[field] = nil
        let path = "inquiry page: \(field.rawValue)"
        #expect(throws: WireFailure(path: path, problem: .truncated)) {
            try CardInquiryPage { fields[$0] }
        }
        fields[field] = "\u{1}"
        #expect(throws: WireFailure(path: path, problem: .invalid)) {
            try CardInquiryPage { fields[$0] }
        }
    }
}
