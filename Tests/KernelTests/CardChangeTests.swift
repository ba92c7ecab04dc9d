// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

@Suite struct CardChangeTests {
    private let noon = Instant(milliseconds: 1_795_000_000_000)
    private let bank = BankIdentifier(bits: 3)

    private func euros(_ amount: UInt64) -> Money {
        Money(minorUnits: amount, currency: .euro, exponent: .cents)
    }

    @Test func `a debit takes the amount, consumes a number and forgives wrong signatures`() throws
    {
        var card = try Cards.card()
        card.countWrongSignature()
        card.debit(euros(40))
        #expect(card.balance(.euro, .cents) == 60)
        #expect(card.lastNumber == 8)
        #expect(card.nextNumber == 9)
        #expect(card.wrongSignatures == 0)
    }

    @Test func `a load puts the amount in and consumes a number`() throws {
        var card = try Cards.card()
        card.credit(euros(900), from: bank)
        #expect(card.balance(.euro, .cents) == 1_000)
        #expect(card.lastNumber == 8)
    }

    @Test func `a recovery consumes no number and may exceed the maximum`() throws {
        var card = try Cards.card()
        card.debit(euros(100))
        card.credit(euros(1_000), from: bank)
        card.recover(euros(100), [], at: noon)
        #expect(card.balance(.euro, .cents) == 1_100)
        #expect(card.lastNumber == 9)
    }

    @Test func `a proof without purse changes only the number`() throws {
        var card = try Cards.card()
        card.debit(Money(minorUnits: 0, currency: .nothing, exponent: .units))
        #expect(card.balance(.euro, .cents) == 100)
        #expect(card.balance(.nothing, .units) == 0)
        #expect(card.lastNumber == 8)
    }

    @Test func `a purse is found by currency and exponent`() throws {
        let points = Purse(
            currency: try #require(Currency(bcd: 0x9001)),
            exponent: .units,
            balance: 5,
            balanceMax: 10
        )
        let micros = Purse(currency: .euro, exponent: .micros, balance: 6, balanceMax: 10)
        var card = try Cards.card(purses: [Cards.euros, points, micros])
        #expect(card.purseIndex(.euro, .cents) == 0)
        #expect(card.purseIndex(points.currency, .units) == 1)
        #expect(card.purseIndex(.euro, .micros) == 2)
        #expect(card.purseIndex(.euro, .units) == nil)
        card.debit(Money(minorUnits: 2, currency: .euro, exponent: .micros))
        #expect(card.purses.map(\.balance) == [100, 5, 4])
    }

    @Test func `the fifth wrong signature in a row blocks the card, and no more are counted`()
        throws
    {
        var card = try Cards.card()
        for count in UInt8(1)...4 {
            card.countWrongSignature()
            #expect(card.wrongSignatures == count)
            #expect(!card.isBlocked)
        }
        card.countWrongSignature()
        #expect(card.isBlocked)
        card.countWrongSignature()
        #expect(card.wrongSignatures == Card.wrongSignaturesMax)
        card.unblock()
        #expect(!card.isBlocked)
        #expect(card.wrongSignatures == 0)
    }

    @Test func `an operator blocks and unblocks`() throws {
        var card = try Cards.card()
        card.block()
        #expect(card.isBlocked)
        card.unblock()
        #expect(card == (try Cards.card()))
    }

    @Test func `each row of the history is counted and bound`() throws {
        var card = try Cards.card()
        #expect(card.historyHash == Array(repeating: 0, count: 32))
        card.append(historyHash: Array(repeating: 5, count: 32))
        #expect(card.historyCount == 1)
        #expect(card.historyHash == Array(repeating: 5, count: 32))
    }

    @Test func `the last number is used, and then there is none`() throws {
        var card = try Cards.card(lastNumber: .max - 1)
        #expect(card.nextNumber == .max)
        card.debit(euros(1))
        #expect(card.nextNumber == nil)
        #expect(card.refusal(toBegin: .purchase, euros(1), at: CardTime(noon)) == .numbersUsedUp)
    }

    /// Seeded walks: whatever is asked, the sum of what happened is the balance.
    @Test(arguments: 0..<20) func `loads and recoveries less debits are the balance`(seed: UInt64)
        throws
    {
        var random = Seeded(seed)
        var card = try Cards.card()
        let time = try #require(CardTime(bcd: 0x2026_1122_1015_30))
        var expected: UInt64 = 100
        var taken: [UInt64] = []
        for _ in 0..<500 {
            let amount = UInt64.random(in: 0...600, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0 where card.completion(ofDebit: euros(amount), at: time) == .done:
                card.debit(euros(amount))
                expected -= amount
                taken.append(amount)
            case 1 where card.completion(ofLoad: euros(amount), at: time) == .done:
                card.credit(euros(amount), from: bank)
                expected += amount
            case 2:
                guard let back = taken.popLast() else { continue }
                card.recover(euros(back), [], at: noon)
                expected += back
            default: break
            }
            #expect(card.balance(.euro, .cents) == expected)
        }
    }
}

/// What the callers have to ask before: a breach stops the process instead of making value.
@Suite struct CardInvariantTests {
    @Test func `a purse is never overdrawn`() async {
        await #expect(processExitsWith: .failure) {
            var purse = Purse(currency: .euro, exponent: .cents, balance: 1, balanceMax: 2)
            purse.take(2)
        }
    }

    @Test func `a debit above the balance stops the process`() async {
        await #expect(processExitsWith: .failure) {
            guard var card = try? Cards.card() else { return }
            card.debit(Money(minorUnits: 101, currency: .euro, exponent: .cents))
        }
    }

    @Test func `a load stays within the maximum`() async {
        await #expect(processExitsWith: .failure) {
            var purse = Purse(currency: .euro, exponent: .cents, balance: 1, balanceMax: 2)
            purse.put(2)
        }
        await #expect(processExitsWith: .failure) {
            var purse = Purse(currency: .euro, exponent: .cents, balance: 1, balanceMax: .max)
            purse.put(.max)
        }
    }

    @Test func `what comes back was taken before`() async {
        await #expect(processExitsWith: .failure) {
            var purse = Purse(currency: .euro, exponent: .cents, balance: 1, balanceMax: 2)
            purse.restore(.max, [], at: Instant(milliseconds: 0))
        }
    }

    @Test func `no transaction goes beyond the last number`() async {
        await #expect(processExitsWith: .failure) {
            guard var card = try? Cards.card(lastNumber: .max) else { return }
            card.debit(Money(minorUnits: 1, currency: .euro, exponent: .cents))
        }
    }

    @Test func `a card has one to eight purses and a hash of 32 bytes`() async {
        await #expect(processExitsWith: .failure) { _ = try? Cards.card(purses: []) }
        await #expect(processExitsWith: .failure) {
            _ = try? Cards.card(purses: Array(repeating: Cards.euros, count: 9))
        }
        await #expect(processExitsWith: .failure) {
            guard var card = try? Cards.card() else { return }
            card.append(historyHash: [1])
        }
    }
}
