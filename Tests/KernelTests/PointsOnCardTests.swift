// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

/// Points in a purse of the card: what a debit takes, what comes back, what is not taken in.
@Suite struct PointsOnCardTests {
    private let noon = Instant(milliseconds: 1_795_000_000_000)
    private var now: CardTime { CardTime(noon) }

    private func programme(_ bcd: UInt16 = 0x9001) throws -> Currency {
        try #require(Currency(bcd: bcd))
    }

    private func points(_ amount: UInt64) throws -> Money {
        Money(minorUnits: amount, currency: try programme(), exponent: .units)
    }

    private func day(_ bcd: UInt32) throws -> CardDate { try #require(CardDate(bcd: bcd)) }

    private func bank(_ bcd: UInt32) throws -> BankIdentifier {
        .points(of: try programme(), until: try day(bcd))
    }

    /// 30 points until the end of 2026, 50 until the end of June 2027.
    private func card(balanceMax: UInt64 = 1_000, more: [Purse] = []) throws -> Card {
        var purse = Purse(
            currency: try programme(),
            exponent: .units,
            points: PointsTranches(),
            balanceMax: balanceMax
        )
        purse.put(50, until: try day(0x27_0630))
        purse.put(30, until: try day(0x26_1231))
        return try Cards.card(purses: [Cards.euros, purse] + more)
    }

    @Test func `a debit takes what expires first, and says what it took`() throws {
        var card = try card()
        let taken = card.debit(try points(40))
        #expect(
            taken == [
                PointsTranche(expiry: try day(0x26_1231), minorUnits: 30),
                PointsTranche(expiry: try day(0x27_0630), minorUnits: 10),
            ]
        )
        #expect(card.purses[1].balance == 40)
        #expect(card.purses[1].points.all.map(\.minorUnits) == [40])
        #expect(card.debit(Money(minorUnits: 1, currency: .euro, exponent: .cents)) == [])
    }

    @Test func `what comes back lasts as long as what was taken`() throws {
        var card = try card()
        let before = card.purses
        let taken = card.debit(try points(40))
        card.recover(try points(40), taken, at: noon)
        #expect(card.purses == before)
    }

    @Test func `what has expired meanwhile comes back with days of grace`() throws {
        var card = try card()
        let taken = card.debit(try points(30))
        let later = noon.adding(.seconds(60 * 86_400))
        card.recover(try points(30), taken, at: later)
        #expect(card.purses[1].points.total == 80)
        #expect(!card.purses[1].isDue(at: CardTime(later)))
        #expect(
            card.purses[1].isDue(at: CardTime(later.adding(.seconds(31 * 86_400))))
        )
    }

    @Test func `points that have expired keep the purse from paying until they are taken out`()
        throws
    {
        var card = try card()
        let later = CardTime(noon.adding(.seconds(60 * 86_400)))
        #expect(card.refusal(toBegin: .purchase, try points(40), at: now) == nil)
        #expect(card.refusal(toBegin: .purchase, try points(40), at: later) == .pointsExpired)
        // Money, and a proof, ask nothing of points.
        #expect(
            card.refusal(
                toBegin: .purchase,
                Money(minorUnits: 1, currency: .euro, exponent: .cents),
                at: later
            ) == nil
        )
        #expect(card.refusal(toBegin: .authentication, try points(0), at: later) == nil)
        #expect(card.expirePoints(at: now) == nil)
        #expect(card.expirePoints(at: later) == (try points(30)))
        #expect(card.expirePoints(at: later) == nil)
        #expect(card.lastNumber == 7)
        #expect(card.refusal(toBegin: .purchase, try points(40), at: later) == nil)
        #expect(card.refusal(toBegin: .purchase, try points(51), at: later) == .amountAboveBalance)
    }

    @Test func `a load of points is put under the day that its bank names`() throws {
        var card = try card()
        card.credit(try points(5), from: try bank(0x26_1231))
        card.credit(try points(7), from: try bank(0x28_0101))
        // An independent load server knows no days.
        card.credit(try points(9), from: BankIdentifier(bits: 3))
        #expect(card.purses[1].points.all.map(\.minorUnits) == [35, 50, 7, 9])
        #expect(card.purses[1].points.all.last?.expiry == PointsTranche.never)
    }

    @Test func `a load of points ends as its bank, its day and its place say, in this order`()
        throws
    {
        let full = try card()
        let other = BankIdentifier.points(of: try programme(0x9002), until: try day(0x27_0630))
        func end(_ card: Card, _ amount: UInt64, _ bank: BankIdentifier) throws -> CompletionCode {
            card.completion(ofLoad: try points(amount), from: bank, at: now, now: now)
        }
        #expect(try end(card(balanceMax: 100), 21, bank(0x27_0630)) == .maximumBalanceExceeded)
        #expect(try end(full, 1, other) == .refusedByLimit)
        #expect(try end(full, 1, BankIdentifier(bits: 0x5054_9001_2702_3000)) == .refusedByLimit)
        // The day before noon, and noon's own.
        #expect(try end(full, 1, bank(0x26_1117)) == .refusedByLimit)
        #expect(try end(full, 1, bank(0x26_1118)) == .done)
        #expect(try end(full, 1, bank(0x27_0630)) == .done)
        #expect(try end(full, 1, BankIdentifier(bits: 3)) == .done)
        // Nothing needs no place, and proves the counter.
        #expect(try end(full, 0, other) == .done)
    }

    @Test func `a load for a further day is declined where all days are taken`() throws {
        var tranches = PointsTranches()
        let first = CivilDate(day: noon.day)
        for offset in 0..<Int64(PointsTranches.tranchesMax) {
            tranches.put(1, until: CardDate(CivilDate(day: first.day + offset)))
        }
        let purse = Purse(
            currency: try programme(),
            exponent: .units,
            points: tranches,
            balanceMax: 1_000
        )
        let card = try Cards.card(purses: [Cards.euros, purse])
        func end(_ offset: Int64) throws -> CompletionCode {
            let day = CardDate(CivilDate(day: first.day + offset))
            let bank = BankIdentifier.points(of: try programme(), until: day)
            return card.completion(ofLoad: try points(1), from: bank, at: now, now: now)
        }
        #expect(try end(63) == .done)
        #expect(try end(64) == .maximumBalanceExceeded)
    }

    @Test func `money is loaded by any bank`() throws {
        let card = try card()
        let amount = Money(minorUnits: 5, currency: .euro, exponent: .cents)
        #expect(
            card.completion(ofLoad: amount, from: try bank(0x20_0101), at: now, now: now) == .done
        )
    }

    // MARK: Memberships

    private func member(_ bcd: UInt16, _ number: String) throws -> Membership {
        Membership(
            programme: try programme(bcd),
            number: try #require(MemberNumber(number))
        )
    }

    @Test func `a number is entered once a programme, with a purse where there is a maximum`()
        throws
    {
        var card = try Cards.card()
        let first = try member(0x9001, "A-1")
        #expect(card.refusal(ofEntering: first, .units, opensPurse: true) == nil)
        card.enter(first, .units, balanceMax: 500)
        #expect(card.purses.count == 2 && card.purses[1].balanceMax == 500)
        #expect(card.refusal(ofEntering: first, .units, opensPurse: true) == nil)
        card.enter(first, .units, balanceMax: 500)
        #expect(card.purses.count == 2 && card.memberships == [first])
        card.enter(try member(0x9002, "B"), .units, balanceMax: nil)
        #expect(card.purses.count == 2 && card.memberships.count == 2)
    }

    @Test func `a number is not entered in the order of the reasons`() throws {
        var card = try Cards.card()
        card.enter(try member(0x9001, "A-1"), .units, balanceMax: 500)
        let other = try member(0x9001, "A-2")
        #expect(card.refusal(ofEntering: other, .cents, opensPurse: true) == .otherCurrency)
        #expect(card.refusal(ofEntering: other, .units, opensPurse: true) == .alreadyEnrolled)
        for bcd in UInt16(0x9002)...0x9007 {
            card.enter(try member(bcd, "B"), .units, balanceMax: 1)
        }
        #expect(card.purses.count == Card.pursesMax)
        let last = try member(0x9008, "C")
        #expect(card.refusal(ofEntering: last, .units, opensPurse: true) == .cardFull)
        #expect(card.refusal(ofEntering: last, .units, opensPurse: false) == nil)
        card.enter(last, .units, balanceMax: nil)
        #expect(
            card.refusal(ofEntering: try member(0x9009, "D"), .units, opensPurse: false)
                == .cardFull
        )
    }

    // MARK: Always

    /// Seeded walks: whatever happens, the days add up to the balance, and nothing is lost or made.
    @Test(arguments: 0..<20)
    func `tranches are the balance, whatever happens`(seed: UInt64) throws {
        var random = Seeded(seed)
        var (card, moment) = (try card(), noon)
        var (loaded, gone): (UInt64, UInt64) = (80, 0)
        var open: [(UInt64, [PointsTranche])] = []
        for _ in 0..<400 {
            let amount = UInt64.random(in: 0...60, using: &random)
            let time = CardTime(moment)
            switch Int.random(in: 0..<5, using: &random) {
            case 0:
                let day = CivilDate(day: moment.day + .random(in: -3...90, using: &random))
                let bank = BankIdentifier.points(of: try programme(), until: CardDate(day))
                let load = try points(amount)
                guard card.completion(ofLoad: load, from: bank, at: now, now: time) == .done else {
                    continue
                }
                card.credit(load, from: bank)
                loaded += amount
            case 1 where card.refusal(toBegin: .purchase, try points(amount), at: time) == nil:
                open.append((amount, card.debit(try points(amount))))
                gone += amount
            case 2:
                guard let (amount, taken) = open.popLast() else { continue }
                card.recover(try points(amount), taken, at: moment)
                gone -= amount
            case 3: gone += card.expirePoints(at: time)?.minorUnits ?? 0
            default: moment = moment.adding(.seconds(86_400))
            }
            let purse = card.purses[1]
            #expect(purse.balance == purse.points.total && purse.balance == loaded - gone)
            #expect(PointsTranches(purse.points.all) == purse.points)
        }
    }
}
