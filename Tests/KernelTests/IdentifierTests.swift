// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

@Suite struct CardIdentifierTests {
    private func card() throws -> CardIdentifier {
        try #require(CardIdentifier("6368121221882974"))
    }

    @Test func `a card number is sixteen decimal digits: issuer, then number`() throws {
        let card = try card()
        #expect(card.bcd == 0x6368_1212_2188_2974)
        #expect(card.digits == "6368121221882974")
        #expect(card.bytes == [0x63, 0x68, 0x12, 0x12, 0x21, 0x88, 0x29, 0x74])
        #expect(card.issuer.digits == "636812")
        #expect(CardIdentifier(issuer: card.issuer, number: 1_221_882_974) == card)
        #expect(CardIdentifier(bcd: card.bcd) == card)
        #expect(CardIdentifier(bcd: 0x6368_1212_2188_297A) == nil)
    }

    @Test(arguments: [
        "", "636812122188297", "63681212218829740", "6368 1212 2188 29", "x368121221882974",
    ])
    func `other text is no card number`(text: String) {
        #expect(CardIdentifier(text) == nil)
    }

    @Test func `an issuer is six decimal digits`() {
        #expect(IssuerIdentifier("097596")?.bcd == 0x09_7596)
        #expect(IssuerIdentifier(bcd: 0x09_7596)?.digits == "097596")
        #expect(IssuerIdentifier(bcd: 0x0A_0000) == nil)
        #expect(IssuerIdentifier(bcd: 0x0100_0000) == nil)
        #expect(IssuerIdentifier("12345") == nil)
    }

    @Test func `a number of more than ten digits is a fault of the program`() async {
        await #expect(processExitsWith: .failure) {
            guard let issuer = IssuerIdentifier("636812") else { return }
            _ = CardIdentifier(issuer: issuer, number: CardIdentifier.numberMax + 1)
        }
    }

    /// Whatever way a value is printed, at most the last four digits are seen.
    @Test func `a card number is never printed, neither alone nor inside another value`() throws {
        let identifier = try card()
        #expect(identifier.masked == "•••• •••• •••• 2974")
        let purse = Purse(currency: .euro, exponent: .cents, balance: 1, balanceMax: 2)
        let whole = Card(
            identifier: identifier,
            expiry: try #require(CardDate(bcd: 0x29_0228)),
            purchaseKeyVersion: 1,
            loadKeyVersion: 1,
            purses: [purse]
        )
        let secrets = [
            identifier.digits, "1221882974", "63681212", String(identifier.bcd),
            String(identifier.bcd, radix: 16),
        ]
        for value in [identifier, [identifier], Optional(identifier) as Any, whole] as [Any] {
            var dumped = ""
            dump(value, to: &dumped)
            let texts = [
                String(describing: value), String(reflecting: value), "\(value)", dumped,
                Mirror(reflecting: value).children.map { "\($0)" }.joined(),
            ]
            for text in texts {
                for secret in secrets { #expect(!text.contains(secret)) }
            }
        }
        #expect(String(describing: identifier) == identifier.masked)
        #expect(String(reflecting: identifier) == identifier.masked)
        #expect(Mirror(reflecting: identifier).children.isEmpty)
    }
}

@Suite struct PartyIdentifierTests {
    @Test func `a merchant is 1 to 15 visible characters and is padded with spaces`() throws {
        let merchant = try #require(MerchantIdentifier("AIRLINE-9"))
        #expect(merchant.bytes == Array("AIRLINE-9      ".utf8))
        #expect(MerchantIdentifier("AIRLINE-9      ") == merchant)
        #expect(MerchantIdentifier("BOOKSHOP0000001")?.bytes.count == MerchantIdentifier.length)
    }

    @Test(arguments: [
        "", "   ", " SHOP", "TWO WORDS", "BOOKSHOP00000012", "CAF\u{C9}", "A\u{0}", "A\u{7F}",
    ])
    func `other text is no merchant`(text: String) {
        #expect(MerchantIdentifier(text) == nil)
    }

    @Test func `a security card is an acquirer and a serial number`() {
        let card = SecurityCardIdentifier(bits: 0x1609_0D0C_A8B5_54D0)
        #expect(card.acquirer == 0x1609_0D0C)
        #expect(card.serial == 0xA8B5_54D0)
        #expect(card.text == "16090d0ca8b554d0")
        #expect(SecurityCardIdentifier(acquirer: card.acquirer, serial: card.serial) == card)
        #expect(card.bits == 0x1609_0D0C_A8B5_54D0)
    }

    @Test func `signatures are equal where all 64 bits are`() {
        let signature = Signature(bits: 0xFD31_12E3_2F1A_5764)
        #expect(signature == Signature(bits: 0xFD31_12E3_2F1A_5764))
        for bit in 0..<64 {
            #expect(signature != Signature(bits: signature.bits ^ 1 << UInt64(bit)))
        }
    }
}

@Suite struct TransactionIdentifierTests {
    @Test func `a transaction identifier is a UUID of version 7`() {
        var random = Seeded(7)
        for _ in 0..<500 {
            let identifier = TransactionIdentifier(
                at: Instant(milliseconds: 1_795_000_000_123),
                random: (random.next(), random.next())
            )
            let text = Array(identifier.text)
            #expect(text.count == 36)
            #expect(text[14] == "7")
            #expect("89ab".contains(text[19]))
            #expect(identifier.high >> 16 == 1_795_000_000_123)
        }
    }

    @Test func `identifiers of a later millisecond come later`() {
        var random = Seeded(8)
        var before: [UInt8] = []
        for step in 0..<2_000 {
            let identifier = TransactionIdentifier(
                at: Instant(milliseconds: 1_795_000_000_000 + Int64(step)),
                random: (random.next(), random.next())
            )
            #expect(before.lexicographicallyPrecedes(identifier.bytes))
            before = identifier.bytes
        }
    }

    @Test func `all the randomness that a UUID holds is used`() {
        let instant = Instant(milliseconds: 0)
        let all = TransactionIdentifier(at: instant, random: (.max, .max))
        #expect(all.high == 0x7FFF)
        #expect(all.low == 0xBFFF_FFFF_FFFF_FFFF)
        let none = TransactionIdentifier(at: instant, random: (0, 0))
        #expect(none.high == 0x7000)
        #expect(none.low == 0x8000_0000_0000_0000)
    }

    @Test func `text and identifier give each other, with dashes and without`() throws {
        var random = Seeded(9)
        for _ in 0..<500 {
            let identifier = TransactionIdentifier(high: random.next(), low: random.next())
            #expect(TransactionIdentifier(identifier.text) == identifier)
            #expect(TransactionIdentifier(identifier.text.uppercased()) == identifier)
            #expect(TransactionIdentifier(Hex.text(identifier.bytes)) == identifier)
            #expect(identifier.bytes.count == 16)
            #expect(String(describing: identifier) == identifier.text)
        }
    }

    @Test(arguments: [
        "", "bf272fdd-073d-5561-594c-2ae0759cc18", "bf272fdd-073d-5561-594c-2ae0759cc18cc",
        "bf272fdd073d-5561-594c-2ae0759cc18c-", "bf272fdd-073d-5561-594c2-ae0759cc18c",
        "bf272fdd073d5561594c2ae0759cc18", "gf272fdd073d5561594c2ae0759cc18c",
    ])
    func `other text is no transaction identifier`(text: String) {
        #expect(TransactionIdentifier(text) == nil)
    }

    @Test func `hexadecimal text is read in either case and never by halves`() {
        #expect(Hex.bytes("00fFa5") == [0x00, 0xFF, 0xA5])
        #expect(Hex.bytes("") == [])
        #expect(Hex.bytes("0") == nil)
        #expect(Hex.bytes("0g") == nil)
        #expect(Hex.text([0x00, 0xFF, 0xA5]) == "00ffa5")
        for byte in UInt8.min...UInt8.max {
            let isDigit = "0123456789abcdefABCDEF".utf8.contains(byte)
            #expect((Hex.digit(byte) != nil) == isDigit)
        }
    }

    @Test func `sixteen random bytes become two integers in their order`() {
        struct Counting: RandomSource {
            func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0) } }
        }
        let (first, second) = Counting().pair()
        #expect(first == 0x0001_0203_0405_0607)
        #expect(second == 0x0809_0A0B_0C0D_0E0F)
    }
}
