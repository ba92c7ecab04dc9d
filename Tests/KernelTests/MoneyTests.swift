// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

@Suite struct MoneyTests {
    @Test func `amounts are comparable only in the same currency at the same exponent`() {
        let price = Money(minorUnits: 150, currency: .euro, exponent: .cents)
        let cheap = Money(minorUnits: 1, currency: .euro, exponent: .cents)
        #expect(price.isComparable(to: cheap))
        #expect(
            !price.isComparable(to: Money(minorUnits: 150, currency: .dollar, exponent: .cents))
        )
        #expect(!price.isComparable(to: Money(minorUnits: 150, currency: .euro, exponent: .micros)))
    }

    @Test func `a currency is four decimal digits`() throws {
        #expect(Currency(bcd: 0x0978) == .euro)
        #expect(Currency(bcd: 0x097A) == nil)
        #expect(Currency(bcd: 0xF000) == nil)
        #expect(Currency.euro.digits == "0978")
        #expect(Currency.nothing.digits == "0999")
        let known: [(Currency, String)] = [
            (.dollar, "0840"), (.pound, "0826"), (.franc, "0756"), (.yen, "0392"),
        ]
        for (currency, digits) in known { #expect(currency.digits == digits) }
    }

    @Test(arguments: [(UInt16(0x9001), true), (0x9999, true), (0x9000, false), (0x0978, false)])
    func `a loyalty programme has a number from 9001 to 9999`(bcd: UInt16, isProgramme: Bool) throws
    {
        #expect(try #require(Currency(bcd: bcd)).isProgramme == isProgramme)
    }

    @Test func `an exponent is at most six`() {
        for decimals in UInt8.min...UInt8.max {
            #expect(Exponent(decimals)?.decimals == (decimals <= 6 ? decimals : nil))
        }
        #expect(Exponent(0) == .units)
        #expect(Exponent(2) == .cents)
        #expect(Exponent(6) == .micros)
    }
}

@Suite struct BCDTests {
    @Test func `packing, value and digits agree with decimal text`() throws {
        var random = Seeded(1)
        for _ in 0..<5_000 {
            let count = Int.random(in: 1...16, using: &random)
            let limit = (0..<count).reduce(UInt64(1)) { power, _ in power * 10 }
            let value = UInt64.random(in: 0..<limit, using: &random)
            let packed = BCD.pack(value)
            let plain = String(value)
            let padded = String(repeating: "0", count: count - plain.count) + plain
            #expect(BCD.isDecimal(packed))
            #expect(BCD.value(packed) == value)
            #expect(BCD.digits(packed, count: count) == padded)
            #expect(BCD.parse(padded, count: count) == packed)
            #expect(UInt64(plain, radix: 16) == packed)
        }
    }

    @Test func `a group of four bits above nine is no digit, wherever it stands`() {
        for position in 0..<16 {
            for digit in UInt64(0)...15 {
                #expect(BCD.isDecimal(digit << UInt64(position * 4)) == (digit <= 9))
            }
        }
    }

    @Test(arguments: [
        "", "12345", "1234567", "12345a", " 12345", "+12345", "12345\u{0661}", "１23456",
    ])
    func `text of another length or with another character is refused`(text: String) {
        #expect(BCD.parse(text, count: 6) == nil)
    }

    @Test func `more than sixteen digits do not fit`() async {
        #expect(BCD.parse("12345678901234567", count: 17) == nil)
        #expect(BCD.pack(9_999_999_999_999_999) == 0x9999_9999_9999_9999)
        await #expect(processExitsWith: .failure) { _ = BCD.pack(10_000_000_000_000_000) }
    }
}
