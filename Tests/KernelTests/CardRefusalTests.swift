// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

/// Why a card does not do what it is asked, in the order of precedence.
@Suite struct CardRefusalTests {
    private static let noon = Instant(milliseconds: 1_795_000_000_000)

    /// One card that is asked something, and what it answers. Each row has all reasons of the rows
    /// below it, too, so that the table shows which comes first.
    struct Row: Sendable, CustomTestStringConvertible {
        let says: String
        var isBlocked = false
        var lastNumber: UInt32 = 7
        var type = TransactionType.purchase
        var currency = Currency.euro
        var exponent = Exponent.cents
        var amount: UInt64 = 100
        var time: UInt64 = 0x2027_1231_2359_59
        let refusal: InitializeRefusal?

        var testDescription: String { says }
    }

    /// Of a programme, with a point that expired yesterday.
    private static let programme = Currency(bcd: 0x9001) ?? .nothing
    private static var points: Purse {
        var points = PointsTranches()
        points.put(1, until: CardDate(CivilDate(day: noon.day - 1)))
        return Purse(currency: programme, exponent: .units, points: points, balanceMax: 10)
    }

    static let initializeTable: [Row] = [
        Row(
            says: "blocked, before all else",
            isBlocked: true,
            lastNumber: .max,
            type: .authentication,
            currency: .dollar,
            refusal: .blocked
        ),
        Row(
            says: "no purse in that currency",
            lastNumber: .max,
            type: .authentication,
            currency: .dollar,
            refusal: .noSuchPurse
        ),
        Row(
            says: "no purse at that exponent",
            lastNumber: .max,
            exponent: .micros,
            refusal: .noSuchPurse
        ),
        Row(
            says: "a purchase without currency",
            lastNumber: .max,
            currency: .nothing,
            refusal: .noSuchPurse
        ),
        Row(
            says: "a proof with an amount",
            lastNumber: .max,
            type: .authentication,
            amount: 101,
            refusal: .proofWithAmount
        ),
        Row(
            says: "a proof without purse, with an amount",
            lastNumber: .max,
            type: .authentication,
            currency: .nothing,
            amount: 1,
            refusal: .proofWithAmount
        ),
        Row(says: "numbers used up", lastNumber: .max, amount: 101, refusal: .numbersUsedUp),
        Row(
            says: "points that have expired",
            currency: programme,
            exponent: .units,
            amount: 101,
            refusal: .pointsExpired
        ),
        Row(says: "one above the balance", amount: 101, refusal: .amountAboveBalance),
        Row(says: "the largest amount", amount: .max, refusal: .amountAboveBalance),
        Row(says: "exactly the balance", amount: 100, refusal: nil),
        Row(says: "nothing", amount: 0, refusal: nil),
        Row(says: "the last number", lastNumber: .max - 1, refusal: nil),
        Row(says: "a proof in a purse", type: .authentication, amount: 0, refusal: nil),
        Row(
            says: "a proof without purse",
            type: .authentication,
            currency: .nothing,
            amount: 0,
            refusal: nil
        ),
    ]

    @Test(arguments: initializeTable)
    func `initialize refuses in the order of the table`(row: Row) throws {
        let card = try Cards.card(
            lastNumber: row.lastNumber,
            isBlocked: row.isBlocked,
            purses: [Cards.euros, Self.points]
        )
        let amount = Money(minorUnits: row.amount, currency: row.currency, exponent: row.exponent)
        #expect(card.refusal(toBegin: row.type, amount, at: CardTime(Self.noon)) == row.refusal)
    }

    @Test func `the table visits every reason, in the order in which they are declared`() {
        var seen: [InitializeRefusal] = []
        for reason in Self.initializeTable.compactMap(\.refusal) where !seen.contains(reason) {
            seen.append(reason)
        }
        #expect(seen == InitializeRefusal.allCases)
    }

    struct Ending: Sendable, CustomTestStringConvertible {
        let says: String
        var isBlocked = false
        var currency = Currency.euro
        let amount: UInt64
        var time: UInt64 = 0x2027_1231_2359_59
        let code: CompletionCode

        var testDescription: String { says }
    }

    private static let afterExpiry: UInt64 = 0x2028_0101_0000_00

    static let debitTable: [Ending] = [
        Ending(
            says: "blocked, before all else",
            isBlocked: true,
            amount: 101,
            time: afterExpiry,
            code: .cardBlocked
        ),
        Ending(says: "expired", amount: 101, time: afterExpiry, code: .cardExpired),
        Ending(says: "one above the balance", amount: 101, code: .insufficientValue),
        Ending(says: "no such purse", currency: .dollar, amount: 1, code: .insufficientValue),
        Ending(says: "exactly the balance on the last day", amount: 100, code: .done),
        Ending(says: "a proof without purse", currency: .nothing, amount: 0, code: .done),
    ]

    static let loadTable: [Ending] = [
        Ending(
            says: "blocked, before all else",
            isBlocked: true,
            amount: 901,
            time: afterExpiry,
            code: .cardBlocked
        ),
        Ending(says: "expired", amount: 901, time: afterExpiry, code: .cardExpired),
        Ending(says: "one above the maximum", amount: 901, code: .maximumBalanceExceeded),
        Ending(says: "beyond 64 bits", amount: .max, code: .maximumBalanceExceeded),
        Ending(says: "no such purse", currency: .dollar, amount: 0, code: .maximumBalanceExceeded),
        Ending(says: "exactly to the maximum", amount: 900, code: .done),
        Ending(says: "nothing", amount: 0, code: .done),
    ]

    @Test(arguments: debitTable) func `a debit ends as in the table`(row: Ending) throws {
        let card = try Cards.card(isBlocked: row.isBlocked)
        let amount = Money(minorUnits: row.amount, currency: row.currency, exponent: .cents)
        let time = try #require(CardTime(bcd: row.time))
        #expect(card.completion(ofDebit: amount, at: time) == row.code)
    }

    @Test(arguments: loadTable) func `a load ends as in the table`(row: Ending) throws {
        let card = try Cards.card(isBlocked: row.isBlocked)
        let amount = Money(minorUnits: row.amount, currency: row.currency, exponent: .cents)
        let time = try #require(CardTime(bcd: row.time))
        #expect(card.completion(ofLoad: amount, at: time) == row.code)
    }

    /// 0004 is what the limits of a card say: see ``SpendingPolicyTests``.
    @Test func `the tables visit every completion code that the kernel can give`() {
        let seen = Set((Self.debitTable + Self.loadTable).map(\.code))
        #expect(seen == Set(CompletionCode.allCases).subtracting([.refusedByLimit]))
    }

    @Test func `completion codes have the numbers of the profile`() {
        #expect(CompletionCode.allCases.map(\.rawValue) == [0, 1, 2, 3, 4, 5])
    }
}

enum Cards {
    static let euros = Purse(currency: .euro, exponent: .cents, balance: 100, balanceMax: 1_000)

    static func card(
        lastNumber: UInt32 = 7,
        isBlocked: Bool = false,
        purses: [Purse] = [euros]
    ) throws -> Card {
        Card(
            identifier: try #require(CardIdentifier("6368121221882974")),
            expiry: try #require(CardDate(bcd: 0x27_1231)),
            purchaseKeyVersion: 1,
            loadKeyVersion: 1,
            lastNumber: lastNumber,
            isBlocked: isBlocked,
            purses: purses
        )
    }
}
