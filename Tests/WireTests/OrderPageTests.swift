// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

@Suite struct OrderPageTests {
    /// Every second seed gives a mixed payment.
    private static func page(_ seed: UInt64 = 1) throws -> OrderPage {
        var samples = Samples(seed)
        let terms = seed % 2 == 1 ? try samples.mixedTerms() : try samples.terms()
        return OrderPage(
            terms: terms,
            proof: try samples.proof(),
            paymentServer: "acquirer-one",
            description: "Käse, 1 kg",
            sessionKey: try sessionKey(&samples),
            secondHalf: terms.otherHalf == nil
                ? nil
                : OrderPage.SecondHalf(
                    proof: try samples.proof(),
                    sessionKey: try sessionKey(&samples)
                )
        )
    }

    private static func sessionKey(_ samples: inout Samples) throws -> SessionKeyText {
        try #require(SessionKeyText(Base64URL.encode(samples.random.bytes(32))))
    }

    private static func fields(_ page: OrderPage) -> [OrderPage.Field: String] {
        Dictionary(uniqueKeysWithValues: page.fields)
    }

    @Test(arguments: 0..<50) func `the fields of a page give the page back`(seed: UInt64) throws {
        let page = try Self.page(seed)
        let fields = Self.fields(page)
        #expect(try OrderPage { fields[$0] } == page)
        #expect(try OrderPage(bytes: page.bytes) == page)
    }

    @Test func `a page without a second half has none of its fields`() throws {
        let page = try Self.page(2)
        #expect(page.secondHalf == nil && page.ofSecondHalf == nil)
        #expect(!page.fields.contains { $0.0.rawValue.hasPrefix("second-") })
    }

    @Test func `the second half of a page is an order whose second half is the first one`() throws {
        let page = try Self.page()
        let second = try #require(page.ofSecondHalf)
        #expect(second.terms.amount == page.terms.otherHalf?.amount)
        #expect(second.terms.otherHalf?.transaction == page.terms.transaction)
        #expect(second.terms.otherHalf?.isFirst == true)
        #expect(second.proof == page.secondHalf?.proof)
        #expect(second.ofSecondHalf == page)
    }

    @Test func `terms that nobody can have are named`() throws {
        let fields = Self.fields(try Self.page())
        let changes: [[OrderPage.Field: String]] = [
            [.currency: "0999"], [.secondCurrency: "0999"], [.secondCurrency: "0978"],
            [.policy: "1"],
            [.secondTransaction: try #require(fields[.transaction])],
        ]
        for change in changes {
            let changed = fields.merging(change) { $1 }
            #expect(throws: WireFailure(path: "order page: amount", problem: .invalid)) {
                try OrderPage { changed[$0] }
            }
        }
    }

    @Test func `each field stands in the page once, in the declared order`() throws {
        #expect(try Self.page().fields.map(\.0) == OrderPage.Field.allCases)
    }

    @Test(arguments: OrderPage.Field.allCases)
    func `a missing field is named`(field: OrderPage.Field) throws {
        var fields = Self.fields(try Self.page())
        fields[field] = nil
        // Where this is not there, nothing of a second half is looked for.
        if field == .secondTransaction {
            return #expect(try OrderPage { fields[$0] }.secondHalf == nil)
        }
        #expect(throws: WireFailure(path: "order page: \(field.rawValue)", problem: .truncated)) {
            try OrderPage { fields[$0] }
        }
    }

    static let wrong: [OrderPage.Field: [String]] = [
        .amount: ["", "-1", "+1", "01", "1.5", "1 ", "18446744073709551616", "\u{0661}"],
        .currency: ["", "978", "EUR", "09780", "097A"],
        .exponent: ["", "7", "-1", "+2", "02", "2 "],
        .transaction: ["", "1", "zz272fdd-073d-5561-594c-2ae0759cc18c"],
        .merchant: ["", "two words", "BOOKSHOP00000012"],
        .statusURL: [
            "", "shop.example", "javascript:alert(1)", "https://shop.example/\u{0}",
            "https://" + String(repeating: "s", count: PurchaseLimits.statusURLBytesMax),
        ],
        .policy: ["", "0", "6", "+1", "01"],
        .madeAt: ["", "-1", "253402300800000", "1.0"],
        .keyName: ["", "two words", "k\u{E9}", String(repeating: "k", count: 17)],
        .sessionKey: [
            "", String(repeating: "A", count: 42), String(repeating: "A", count: 44),
            String(repeating: "A", count: 42) + "+", String(repeating: "A", count: 42) + "B",
        ],
        .wrappedSessionKey: ["", "A", "AA", "AB", "====", String(repeating: "A", count: 56)],
        .orderToken: ["", "A", "AA", "AB", "====", String(repeating: "A", count: 44)],
        .paymentServer: [String(repeating: "p", count: 65), "p\u{A}"],
        .secondAmount: ["", "-1"],
        .secondCurrency: ["", "978"],
        .secondExponent: ["", "7"],
        .secondTransaction: ["", "1"],
        .secondSessionKey: ["", String(repeating: "A", count: 42)],
        .secondWrappedSessionKey: ["", "A", String(repeating: "A", count: 56)],
        .secondOrderToken: ["", "A", String(repeating: "A", count: 44)],
        .description: [String(repeating: "d", count: 121), "a\u{7F}"],
    ]

    @Test(arguments: OrderPage.Field.allCases)
    func `a field that cannot be is named`(field: OrderPage.Field) throws {
        let good = Self.fields(try Self.page())
        for value in try #require(Self.wrong[field]) {
            var fields = good
            fields[field] = value
            #expect(
                throws: WireFailure(path: "order page: \(field.rawValue)", problem: .invalid),
                "\(value)"
            ) {
                try OrderPage { fields[$0] }
            }
        }
    }

    @Test func `any text in any field is a page or a failure`() throws {
        var random = Seeded(2)
        let good = Self.fields(try Self.page())
        for _ in 0..<5_000 {
            var fields = good
            let field = try #require(OrderPage.Field.allCases.randomElement(using: &random))
            let text = try #require(good[field])
            fields[field] = String(decoding: random.damaged(Array(text.utf8)), as: UTF8.self)
            guard let page = try? OrderPage({ fields[$0] }) else { continue }
            let again = Self.fields(page)
            #expect(try OrderPage { again[$0] } == page)
        }
    }

    @Test func `the transaction session key is never printed`() throws {
        let text = Base64URL.encode((0..<32).map { UInt8($0) })
        let key = try #require(SessionKeyText(text))
        #expect(key.reveal() == text)
        var dumped = ""
        dump(key, to: &dumped)
        for printed in [String(describing: key), String(reflecting: key), "\([key])", dumped] {
            #expect(!printed.contains(text))
        }
        dumped = ""
        dump(try Self.page(), to: &dumped)
        #expect(!dumped.contains(try Self.page().sessionKey.reveal()))
    }

    @Test func `decimal text has one form of a number`() {
        #expect(DecimalText.integer("0") == 0)
        #expect(DecimalText.integer("18446744073709551615") == .max)
        for text in ["", "00", "01", "+1", "-0", " 1", "1_0", "0x1", "18446744073709551616"] {
            #expect(DecimalText.integer(text) == nil)
        }
    }
}
