// SPDX-License-Identifier: Apache-2.0

import Kernel
import Sites
import Testing
import Wire

/// Amounts, languages, addresses and refusals in words.
struct WordingTests {
    private static func money(_ units: UInt64, _ currency: Currency, _ decimals: UInt8) throws
        -> Money
    {
        Money(minorUnits: units, currency: currency, exponent: try #require(Exponent(decimals)))
    }

    @Test(arguments: [
        (Language.english, UInt64(80), "€0.80"), (.english, 123_456, "€1,234.56"),
        (.american, 123_456, "€1,234.56"), (.german, 123_456, "1.234,56\u{A0}€"),
        (.spanish, 123_456, "1234,56\u{A0}€"), (.spanish, 1_234_567, "12.345,67\u{A0}€"),
        (.french, 123_456, "1\u{202F}234,56\u{A0}€"), (.english, 0, "€0.00"),
    ])
    func `an amount is written as in the reader's language`(
        _ language: Language,
        _ units: UInt64,
        _ text: String
    ) throws {
        let reader = Wording().reader(language)
        let money = try Self.money(units, .euro, 2)
        #expect(reader.amount(money) == text)
        #expect(reader.debit(money) == "−" + text)
    }

    @Test func `an exponent that is not the usual one is kept exactly`() throws {
        let reader = Wording().reader(.english)
        #expect(reader.amount(try Self.money(1_500_000, .euro, 6)) == "€1.50")
        #expect(reader.amount(try Self.money(300, .euro, 6)) == "€0.0003")
        #expect(reader.amount(try Self.money(1500, .yen, 0)).hasSuffix("1,500"))
        #expect(reader.amount(try Self.money(.max, .euro, 6)) == "€18,446,744,073,709.551615")
        let points = try #require(Currency(bcd: 0x9001))
        #expect(reader.amount(try Self.money(120, points, 0)) == "120\u{A0}points")
    }

    @Test(
        arguments: [
            (nil, Language.english), ("de-AT", .german), ("fr;q=0.4, es;q=0.6", .spanish),
            ("pt, en-US;q=0.5", .american), ("nonsense;;;q=,", .english),
            ("de;q=0, fr;q=0.1", .french),
        ] as [(String?, Language)]
    )
    func `the language with the largest weight that is known is taken`(
        _ header: String?,
        _ language: Language
    ) {
        #expect(Language(accepted: header) == language)
    }

    @Test(
        arguments: [
            ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8::1", "2001:db8:0:0::/64"),
            ("::1", "0:0:0:0::/64"), ("fe80::1%eth0", "fe80:0:0:0::/64"), ("192.0.2", nil),
            ("1::2::3", nil), ("1:2:3:4:5:6:7:8:9", nil), ("", nil), ("anna", nil),
        ] as [(String, String?)]
    )
    func `an IPv6 address is cut to its network`(_ text: String, _ counted: String?) {
        #expect(ClientAddress.cut(text) == counted)
    }

    @Test(
        arguments: [
            ("https://shop.example/a?b", "https://shop.example"),
            ("http://[::1]:8080/x", "http://[::1]:8080"),
            ("https://SHOP.example", "https://shop.example"),
            ("javascript:alert(1)", nil), ("https://a;b/", nil), ("https://a'b/", nil),
            ("https://u@a/", nil), ("https://", nil), ("https://a:/", nil), ("https://a b/", nil),
            ("https://a\\@b/", "https://a"),
        ] as [(String, String?)]
    )
    func `an origin holds nothing that a header could take for more`(
        _ url: String,
        _ origin: String?
    ) {
        #expect(Origin(of: url)?.text == origin)
    }

    @Test(arguments: Refusal.allCases)
    func `each refusal says what happened, where the money is and what to do`(_ refusal: Refusal) {
        let text = RefusalText(refusal)
        for part in [text.title, text.what, text.money, text.next] { #expect(part.count > 5) }
        #expect(text.what.hasSuffix(".") && text.money.hasSuffix(".") && text.next.hasSuffix("."))
        #expect(!text.title.hasSuffix("."))
    }

    @Test(arguments: ["=1+1", "+1", "-1", "@x", "\t=1"])
    func `a text that a spreadsheet would run is made a text`(_ text: String) {
        #expect(CSVLine.guarded(text) == "'" + text)
        #expect(CSVLine.guarded("a" + text) == "a" + text)
    }
}
