// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Records
import Testing
import Wire

/// Fees change from a day on, and a sale pays the fee of its day.
@Suite struct FeeDayTests {
    /// 2026-11-29 12:00.
    private let nextNoon = ClearingWorld.noon.adding(.seconds(22 * 3600))

    private func rule(_ percent: UInt32, perBatch: Int64 = 0) throws -> FeeRule {
        let rate = percent * 10_000
        return try #require(FeeRule(rate: rate, minimum: .zero, perBatch: .cents(perBatch)))
    }

    /// All pay ten per cent, and from the 29th on a fifth.
    private func risingWorld() async throws -> ClearingWorld {
        let world = try await ClearingWorld(fee: try rule(10))
        try await world.change(.begin(try rule(20)), of: .all, from: "20261129")
        return world
    }

    // MARK: The day of a sale

    @Test func `a sale of yesterday pays yesterday's fee though it is cleared today`()
        async throws
    {
        let world = try await risingWorld()
        let times: [UInt64] = [0x2026_1128_235959, 0x2026_1129_000000]
        let batch = try PlayedBatch(count: 2, closedAt: nextNoon) { sale in
            sale.time = times[Int(sale.transaction) - 1]
        }
        try await world.clear(batch)
        #expect(try await world.merchantBalance() == .cents(135 + 120))
        #expect(try await world.balance(.acquirer(acquirer)) == .cents(15 + 30))
        try await world.expectSound()
    }

    @Test func `the day of a sale is that of the scheme's clock`() async throws {
        let world = try await risingWorld()
        var terms = try await world.house.terms()
        // An hour ahead: the 29th begins at 23:00 UTC.
        terms.clock = try #require(LocalOffset(minutes: 60))
        try await world.house.set(terms)
        let times: [UInt64] = [0x2026_1128_225959, 0x2026_1128_230000]
        let batch = try PlayedBatch(count: 2, closedAt: nextNoon) { sale in
            sale.time = times[Int(sale.transaction) - 1]
        }
        try await world.clear(batch)
        #expect(try await world.merchantBalance() == .cents(135 + 120))
    }

    @Test func `a sale that is released from suspense pays the fee of its own day`()
        async throws
    {
        let world = try await risingWorld()
        let batch = try PlayedBatch(count: 1) { $0.merchant = "NEW" }
        try await world.clear(batch)
        try await world.house.set(world.merchant("NEW"))
        try await world.house.release(BatchPlace(batch.name, 1), by: "Ann", now: nextNoon)
        #expect(try await world.merchantBalance("NEW") == .cents(135))
        try await world.expectSound()
    }

    @Test func `a batch pays for itself by the day on which it was closed`() async throws {
        let world = try await ClearingWorld(fee: try rule(0, perBatch: 7))
        try await world.change(.begin(try rule(0, perBatch: 11)), of: .all, from: "20261129")
        // Sales of the 28th, in more than one part.
        try await world.clear(try PlayedBatch(1, count: 600))
        #expect(try await world.balance(.acquirer(acquirer)) == .cents(7))
        try await world.clear(try PlayedBatch(2, count: 600, from: 1_000, closedAt: nextNoon))
        #expect(try await world.balance(.acquirer(acquirer)) == .cents(7 + 11))
        try await world.expectSound()
    }

    @Test func `an own fee goes before the category's, and that before the one of all`()
        async throws
    {
        let world = try await ClearingWorld(fee: try rule(10))
        let papers = try #require(MerchantCategory("5994"))
        var shop = try world.merchant("SHOP")
        shop.category = papers
        try await world.house.set(shop)
        let own = FeePayer.merchant(shop.identifier)
        try await world.change(.begin(try rule(20)), of: .category(papers), from: "20261129")
        try await world.change(.begin(try rule(30)), of: own, from: "20261130")
        try await world.change(.end, of: own, from: "20261201")
        try await world.change(.end, of: .category(papers), from: "20261202")
        let days: [UInt64] = [0x2026_1128, 0x2026_1129, 0x2026_1130, 0x2026_1201, 0x2026_1202]
        let batch = try PlayedBatch(
            count: days.count,
            closedAt: nextNoon.adding(.seconds(3 * 24 * 3600))
        ) { sale in
            sale.time = days[Int(sale.transaction) - 1] << 24 | 0x120000
            sale.units = 100
        }
        try await world.clear(batch)
        let fees: Int64 = 10 + 20 + 30 + 20 + 10
        #expect(try await world.balance(.acquirer(acquirer)) == .cents(fees))
        try await world.expectSound()
    }

    @Test func `no other currency pays it`() async throws {
        let world = try await ClearingWorld(fee: try rule(10))
        try await world.change(.begin(try rule(20)), of: .all, in: .yen, from: "20261129")
        let batch = try PlayedBatch(count: 1, closedAt: nextNoon) {
            $0.time = 0x2026_1129_110000
        }
        try await world.clear(batch)
        #expect(try await world.merchantBalance() == .cents(135))
    }

    // MARK: What cannot change

    @Test func `a fee cannot begin today, end today or be taken back when it has begun`()
        async throws
    {
        let world = try await risingWorld()
        let before = try await world.house.terms()
        let tomorrow = try #require(BusinessDay(digits: "20261129"))
        for change in [FeeChange.begin(try rule(5)), .end, .withdraw] {
            for day in ["20261128", "20261127", "19700101"] {
                await #expect(throws: ClearingFailure.feeTooEarly(tomorrow)) {
                    try await world.change(change, of: .all, from: day)
                }
            }
        }
        let next = try #require(BusinessDay(digits: "20261130"))
        await #expect(throws: ClearingFailure.feeTooEarly(next)) {
            try await world.change(.withdraw, of: .all, from: "20261129", now: nextNoon)
        }
        #expect(try await world.house.terms() == before)
    }

    @Test func `who is asked for a fee of nobody says which`() async throws {
        let world = try await ClearingWorld()
        try await world.house.set(world.merchant("YEN", currencies: [.yen]))
        let (shop, yen) = (try world.identifier("SHOP"), try world.identifier("YEN"))
        let refusals: [(FeeChange, FeePayer, Currency, ClearingFailure)] = [
            (.begin(.none), .all, .dollar, .unknownCurrency(.dollar)),
            (.begin(.none), .merchant(try world.identifier("NEW")), .euro, .unknownMerchant),
            (.begin(.none), .merchant(yen), .euro, .notPaidIn(.euro)),
            (.end, .merchant(shop), .euro, .noFee),
            (.withdraw, .merchant(shop), .euro, .noFee),
        ]
        for (change, payer, currency, failure) in refusals {
            await #expect(throws: failure) {
                try await world.change(change, of: payer, in: currency, from: "20261215")
            }
        }
    }

    @Test func `what is to come is taken back, and the fee before it goes on`() async throws {
        let world = try await ClearingWorld(fee: try rule(10))
        let before = try await world.house.terms()
        try await world.change(.begin(try rule(20)), of: .all, from: "20261129")
        try await world.change(.withdraw, of: .all, from: "20261129")
        #expect(try await world.house.terms() == before)
        let papers = try #require(MerchantCategory("5994"))
        try await world.change(.begin(try rule(20)), of: .category(papers), from: "20261129")
        try await world.change(.withdraw, of: .category(papers), from: "20261129")
        #expect(try await world.house.terms() == before)
    }

    @Test func `of two changes at once the later one is told, and changes nothing`()
        async throws
    {
        let world = try await ClearingWorld(fee: try rule(10))
        let payers: [FeePayer] = [.all, .merchant(try world.identifier("SHOP"))]
        for payer in payers {
            let first = try await world.prepare(.begin(try rule(20)), of: payer, from: "20261129")
            let second = try await world.prepare(.begin(try rule(5)), of: payer, from: "20261130")
            try await world.house.make(first)
            await #expect(throws: ClearingFailure.changedMeanwhile) {
                try await world.house.make(second)
            }
        }
        let schedule = try await world.house.terms().ownSchedule(of: nil, in: .euro)
        #expect(schedule.entries.map(\.rule) == [try rule(10), try rule(20)])
        let shop = try #require(try await world.house.merchant(world.identifier("SHOP")))
        #expect(shop.account(in: .euro)?.fees.entries.map(\.rule) == [try rule(20)])
    }

    @Test func `who sets a merchant leaves the fee of an account that is on file`() async throws {
        let world = try await ClearingWorld()
        let shop = try world.identifier("SHOP")
        try await world.change(.begin(try rule(20)), of: .merchant(shop), from: "20261129")
        let before = try await world.house.merchant(shop)?.account(in: .euro)?.fees
        var changed = try world.merchant("SHOP", fees: FeeSchedule(try rule(5)))
        changed.isCleared = false
        try await world.house.set(changed)
        let after = try #require(try await world.house.merchant(shop))
        #expect(after.account(in: .euro)?.fees == before && before != nil && !after.isCleared)
        // A new one has what it is given.
        try await world.house.set(world.merchant("NEW", fees: FeeSchedule(try rule(5))))
        let new = try await world.house.merchant(world.identifier("NEW"))
        #expect(new?.account(in: .euro)?.fees.rule(on: 0) == (try rule(5)))
    }

    @Test func `there is an end to the rules of a scheme, and nothing changes then`()
        async throws
    {
        let world = try await ClearingWorld(fee: try rule(10))
        var terms = try await world.house.terms()
        for bcd in UInt16(0)...0x0999 {
            guard let category = MerchantCategory(bcd: bcd) else { continue }
            guard terms.put(.init(.euro, category, try rule(1))) else {
                #expect(terms.fees.count == ClearingLimits.feesMax)
                break
            }
        }
        try await world.house.set(terms)
        await #expect(throws: ClearingFailure.tooManyFees) {
            try await world.change(.begin(try rule(20)), of: .all, from: "20261129")
        }
        #expect(try await world.house.terms() == terms)
    }
}

extension ClearingWorld {
    func prepare(
        _ change: FeeChange,
        of payer: FeePayer,
        in currency: Currency = .euro,
        from digits: String,
        now: Instant = noon
    ) async throws -> PreparedChange {
        let day = try #require(BusinessDay(digits: digits))
        return try await house.prepare(
            change,
            of: payer,
            in: currency,
            from: Int64(day.number),
            now: now
        )
    }

    func change(
        _ change: FeeChange,
        of payer: FeePayer,
        in currency: Currency = .euro,
        from digits: String,
        now: Instant = noon
    ) async throws {
        try await house.make(
            prepare(change, of: payer, in: currency, from: digits, now: now)
        )
    }
}
