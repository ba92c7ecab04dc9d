// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

/// Which limit refuses, at its boundary, and which one first.
@Suite struct SpendingLimitsTests {
    private func noon() throws -> Instant { try Limits.moment("2026-11-25 12:00") }

    // MARK: In the order of precedence

    /// Each limit refuses; from the first on they are lifted one by one.
    @Test func `limits are asked in the order in which they are declared`() throws {
        let noon = try noon()
        let dear = try Limits.request(100)
        let dollars = SpendingRequest(
            amount: Money(minorUnits: 100, currency: .dollar, exponent: .cents),
            merchant: dear.merchant
        )
        let limits = try Limits.limits {
            $0.purchaseMax = 1
            for period in SpendingPeriod.allCases {
                $0[period] = SpendingLimits.Period(minorUnitsMax: 2, purchasesMax: 0)
            }
            $0.merchants = SpendingRule(.only, []) ?? .all
            $0.categories = SpendingRule(.only, []) ?? .all
            $0.hours = .never
        }
        var policy = SpendingPolicy(limits: limits, isFrozen: true)
        func refusal(_ request: SpendingRequest = dear) -> SpendingRefusal? {
            guard case .refused(let refusal) = policy.verdict(on: request, nil, at: noon) else {
                return nil
            }
            return refusal
        }
        func lift(_ change: (inout SpendingLimits) -> Void) {
            guard var limits = policy.limits else { return }
            change(&limits)
            policy.set(limits)
        }
        #expect(refusal(dollars) == .frozen)
        policy.isFrozen = false
        #expect(refusal(dollars) == .otherCurrency)
        #expect(refusal() == .merchant(dear.merchant))
        lift { $0.merchants = .all }
        #expect(refusal() == .category(dear.category))
        lift { $0.categories = .all }
        #expect(refusal() == .hour(opens: nil))
        lift { $0.hours = .always }
        #expect(refusal() == .purchase(most: 1))
        lift { $0.purchaseMax = nil }
        let ends = try [
            (SpendingPeriod.day, "2026-11-26"), (.week, "2026-11-30"), (.month, "2026-12-01"),
        ].map { ($0, try Limits.moment($1)) }
        for (period, end) in ends {
            #expect(refusal() == .count(period, most: 0, renews: end))
            lift { $0[period].purchasesMax = nil }
        }
        for (period, end) in ends {
            #expect(refusal() == .amount(period, most: 2, left: 2, renews: end))
            lift { $0[period].minorUnitsMax = nil }
        }
        #expect(refusal() == nil)
    }

    // MARK: At the boundary

    @Test func `one purchase costs at most what it may`() throws {
        let spending = try Limits.spending(at: try noon()) { $0.purchaseMax = 500 }
        for (amount, refused) in [(UInt64(499), false), (500, false), (501, true), (.max, true)] {
            let refusal = spending.refusal(of: try Limits.request(amount), at: try noon())
            #expect(refusal == (refused ? .purchase(most: 500) : nil), "\(amount)")
        }
    }

    @Test(arguments: SpendingPeriod.allCases) func `a period's amount is spent to the last cent`(
        period: SpendingPeriod
    ) throws {
        let noon = try noon()
        var spending = try Limits.spending(at: noon) { $0[period].minorUnitsMax = 1_000 }
        spending.pay(700, transaction: 1, at: noon)
        let renews = period.end(of: period.number(at: noon, .utc), .utc)
        for (amount, refused) in [(UInt64(299), false), (300, false), (301, true), (.max, true)] {
            let expected = SpendingRefusal.amount(period, most: 1_000, left: 300, renews: renews)
            let refusal = spending.refusal(of: try Limits.request(amount), at: noon)
            #expect(refusal == (refused ? expected : nil), "\(amount)")
        }
        spending.pay(300, transaction: 2, at: noon)
        #expect(
            spending.refusal(of: try Limits.request(1), at: noon)
                == .amount(period, most: 1_000, left: 0, renews: renews)
        )
        #expect(spending.refusal(of: try Limits.request(0), at: noon) == nil)
        let last = Instant(milliseconds: renews.milliseconds - 1)
        #expect(spending.refusal(of: try Limits.request(1), at: last) != nil)
        #expect(spending.refusal(of: try Limits.request(1_000), at: renews) == nil)
        #expect(spending.refusal(of: try Limits.request(1_001), at: renews) != nil)
    }

    @Test(arguments: SpendingPeriod.allCases) func `a period has as many purchases as it may`(
        period: SpendingPeriod
    ) throws {
        let noon = try noon()
        var spending = try Limits.spending(at: noon) { $0[period].purchasesMax = 2 }
        let renews = period.end(of: period.number(at: noon, .utc), .utc)
        for number in UInt32(1)...2 {
            #expect(spending.refusal(of: try Limits.request(), at: noon) == nil, "\(number)")
            spending.pay(100, transaction: number, at: noon)
        }
        let expected = SpendingRefusal.count(period, most: 2, renews: renews)
        #expect(spending.refusal(of: try Limits.request(), at: noon) == expected)
        let last = Instant(milliseconds: renews.milliseconds - 1)
        #expect(spending.refusal(of: try Limits.request(), at: last) == expected)
        #expect(spending.refusal(of: try Limits.request(), at: renews) == nil)
    }

    @Test func `a limit that was lowered below what was spent leaves nothing`() throws {
        let noon = try noon()
        var spending = try Limits.spending(at: noon) { $0.day.minorUnitsMax = 1_000 }
        spending.pay(900, transaction: 1, at: noon)
        let lower = try Limits.limits { $0.day.minorUnitsMax = 500 }
        let after = try #require(
            CardSpending.setting(
                SpendingPolicy(limits: lower),
                after: spending,
                at: noon,
                nextTransaction: 2
            )
        )
        let tomorrow = try Limits.moment("2026-11-26")
        #expect(
            after.refusal(of: try Limits.request(1), at: noon)
                == .amount(.day, most: 500, left: 0, renews: tomorrow)
        )
    }

    @Test func `merchants are allowed by a list, or all but those on it`() throws {
        let (shop, other) = (try #require(Limits.shop), try #require(Limits.other))
        let noon = try noon()
        let only = try Limits.spending(at: noon) {
            $0.merchants = try #require(SpendingRule(.only, [shop]))
        }
        #expect(only.refusal(of: try Limits.request(at: shop), at: noon) == nil)
        #expect(only.refusal(of: try Limits.request(at: other), at: noon) == .merchant(other))
        let except = try Limits.spending(at: noon) {
            $0.merchants = try #require(SpendingRule(.except, [shop]))
        }
        #expect(except.refusal(of: try Limits.request(at: shop), at: noon) == .merchant(shop))
        #expect(except.refusal(of: try Limits.request(at: other), at: noon) == nil)
    }

    @Test func `categories are allowed by a list, or all but those on it`() throws {
        let noon = try noon()
        let (food, games) = (
            try #require(MerchantCategory("5812")), try #require(MerchantCategory("7995"))
        )
        let only = try Limits.spending(at: noon) {
            $0.categories = try #require(SpendingRule(.only, [food]))
        }
        let except = try Limits.spending(at: noon) {
            $0.categories = try #require(SpendingRule(.except, [games]))
        }
        for spending in [only, except] {
            #expect(spending.asksCategory)
            #expect(spending.refusal(of: try Limits.request(category: "5812"), at: noon) == nil)
            #expect(
                spending.refusal(of: try Limits.request(category: "7995"), at: noon)
                    == .category(games)
            )
        }
        #expect(try !Limits.spending(at: noon) { $0.purchaseMax = 1 }.asksCategory)
    }

    @Test func `where categories are asked for, a merchant without one is refused`() throws {
        let noon = try noon()
        let games = try #require(MerchantCategory("7995"))
        for kind in [SpendingRule<MerchantCategory>.Kind.only, .except] {
            let spending = try Limits.spending(at: noon) {
                $0.categories = try #require(SpendingRule(kind, [games]))
            }
            let refusal = spending.refusal(of: try Limits.request(category: nil), at: noon)
            #expect(refusal == .category(nil))
        }
        let open = try Limits.spending(at: noon) { $0.purchaseMax = 100 }
        #expect(open.refusal(of: try Limits.request(category: nil), at: noon) == nil)
    }

    @Test func `a list has at most 64 entries, and stands behind no word that needs none`() throws {
        let merchants = (0...SpendingLimits.listedMax).compactMap { MerchantIdentifier("M\($0)") }
        #expect(SpendingRule(.only, Set(merchants)) == nil)
        #expect(SpendingRule(.only, Set(merchants.dropLast())) != nil)
        #expect(SpendingRule(.all, Set(merchants.prefix(1))) == nil)
        #expect(SpendingRule<MerchantIdentifier>(.all, []) == .all)
    }

    @Test func `outside of its hours a card is told when the next one begins`() throws {
        let spending = try Limits.spending(offset: 60, at: try noon()) {
            $0.hours = .never
            $0.hours.insert(.wednesday, hours: 8..<13)
        }
        for (text, opens) in [
            ("2026-11-25 06:59:59.999", "2026-11-25 07:00"), ("2026-11-25 07:00", nil),
            ("2026-11-25 11:59:59.999", nil), ("2026-11-25 12:00", "2026-12-02 07:00"),
        ] {
            let refusal = spending.refusal(of: try Limits.request(), at: try Limits.moment(text))
            let expected = try opens.map { SpendingRefusal.hour(opens: try Limits.moment($0)) }
            #expect(refusal == expected, "\(text)")
        }
    }

    @Test func `points are not limited, and a frozen card pays none either`() throws {
        let points = SpendingRequest(
            amount: Money(
                minorUnits: 1_000,
                currency: try #require(Currency(bcd: 0x9001)),
                exponent: .units
            ),
            merchant: try #require(Limits.shop)
        )
        let limited = SpendingPolicy(limits: try Limits.limits { $0.purchaseMax = 0 })
        #expect(limited.verdict(on: points, nil, at: try noon()) == .allowed(exception: nil))
        let frozen = SpendingPolicy(isFrozen: true)
        #expect(frozen.verdict(on: points, nil, at: try noon()) == .refused(.frozen))
    }
}
