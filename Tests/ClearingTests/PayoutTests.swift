// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Records
import Simulation
import Testing
import Wire

/// Merchants and acquirers are paid: exactly, once, and to be traced to each sale.
@Suite struct PayoutTests {
    /// 2026-11-29 00:30, behind the cut-off of the 28th.
    private let night = Instant(milliseconds: 1_795_912_200_000)
    private static let day = Duration.seconds(24 * 3600)

    @Test func `a payout leads to its sales, and each sale to the row that credited it`()
        async throws
    {
        let world = try await ClearingWorld(fee: try rule(rate: 10_000, perBatch: 7))
        try await world.clear(
            try PlayedBatch(1, count: 700) { sale in
                if sale.transaction % 3 == 0 { sale.merchant = "CAFE" }
            }
        )
        let run = try #require(try await world.house.settle(night))
        #expect(run.day.digits == "20261128" && run.payouts == 3)
        let shop = LedgerAccount(.merchant(try world.identifier("SHOP")), .euro)
        let payout = try #require(try await world.house.payouts(of: shop, limit: 10).first)
        #expect(payout.content.count == 467)
        #expect(payout.content.gross == .cents(467 * 150))
        var (sum, count) = (ExactAmount.zero, UInt64(0))
        let rows = try await world.house.rows(of: shop, after: payout.content.after, limit: 100)
        for case (let number, let entry) in rows where number <= payout.content.upTo {
            guard case .sales(let sales) = entry.cause else { continue }
            var index = sales.first
            while index <= sales.last {
                let page = try await world.house.sales(of: sales.batch, from: index, limit: 100)
                for view in page where view.place.index <= sales.last && view.outcome == .cleared {
                    guard view.sale.merchant.text == "SHOP" else { continue }
                    sum = try #require(sum.adding(ExactAmount(view.sale.amount)))
                    count += 1
                    let sale = try #require(try await world.house.sale(view.sale.transaction))
                    #expect(sale.cleared.row == number)
                }
                index += UInt32(page.count)
            }
        }
        #expect(count == 467 && sum == payout.content.gross)
        try await world.expectSound()
    }

    @Test func `a payout gives its sales page by page, and no others`() async throws {
        let world = try await ClearingWorld()
        world.issuer.say(.forged, of: 4)
        try await world.clear(
            try PlayedBatch(1, count: 9) { sale in
                if sale.transaction == 2 { sale.merchant = "NEW" }
                if sale.transaction == 6 { sale.merchant = "CAFE" }
            }
        )
        try await world.house.set(world.merchant("NEW"))
        let card = SecurityCardIdentifier(acquirer: acquirer, serial: 1)
        let place = BatchPlace(BatchName(card, 1), 2)
        try await world.house.release(place, by: "Ann", now: ClearingWorld.noon)
        _ = try await world.house.settle(night)
        try await world.clear(try PlayedBatch(2, count: 3, from: 20))
        _ = try await world.house.settle(night.adding(Self.day))
        let first: [UInt64] = [1, 3, 5, 7, 8, 9]
        for limit in 1...7 {
            #expect(try await sales(of: "SHOP", in: world, limit: limit) == [[20, 21, 22], first])
            #expect(try await sales(of: "NEW", in: world, limit: limit) == [[2]])
        }
    }

    /// The transactions of all payouts of a merchant, newest payout first.
    private func sales(
        of merchant: String,
        in world: ClearingWorld,
        limit: Int
    ) async throws -> [[UInt64]] {
        let account = LedgerAccount(.merchant(try world.identifier(merchant)), .euro)
        var all: [[UInt64]] = []
        for payout in try await world.house.payouts(of: account, limit: 10) {
            var (found, cursor): ([UInt64], PayoutSalesCursor?) = ([], nil)
            repeat {
                let page = try await world.house.sales(of: payout, from: cursor, limit: limit)
                #expect(page.sales.count <= limit)
                found += page.sales.map(\.sale.transaction.low)
                cursor = page.next
            } while cursor != nil
            all.append(found)
        }
        return all
    }

    @Test func `a page that begins outside of a payout is its first one`() async throws {
        let world = try await ClearingWorld()
        try await world.clear(try PlayedBatch(1, count: 2))
        _ = try await world.house.settle(night)
        try await world.clear(try PlayedBatch(2, count: 2, from: 10))
        _ = try await world.house.settle(night.adding(Self.day))
        let shop = LedgerAccount(.merchant(try world.identifier("SHOP")), .euro)
        let payout = try #require(try await world.house.payouts(of: shop, limit: 1).first)
        for row in [0, 1, payout.content.after, payout.content.upTo + 1, .max] {
            let cursor = PayoutSalesCursor(row: row, index: .max)
            let page = try await world.house.sales(of: payout, from: cursor, limit: 9)
            #expect(page.sales.map(\.sale.transaction.low) == [10, 11])
        }
    }

    @Test func `parts of a cent stay on the account until they make one`() async throws {
        let world = try await ClearingWorld()
        // A millionth of a euro each.
        let batch = try PlayedBatch(1, count: 1_000) { ($0.units, $0.exponent) = (15, .micros) }
        try await world.clear(batch)
        let run = try #require(try await world.house.settle(night))
        // 1.5 cents.
        #expect(run.totals.map(\.sum) == [1])
        #expect(try await world.merchantBalance() == ExactAmount(trillionths: 5_000_000_000))
        try await world.clear(
            try PlayedBatch(2, count: 1_000, from: 5_000) {
                ($0.units, $0.exponent) = (15, .micros)
            }
        )
        let next = try #require(try await world.house.settle(night.adding(Self.day)))
        #expect(next.totals.map(\.sum) == [2])
        #expect(try await world.merchantBalance() == .zero)
        try await world.expectSound()
    }

    @Test func `a day is settled once, whoever asks how often`() async throws {
        let world = try await ClearingWorld()
        try await world.clear(try PlayedBatch(1, count: 2))
        #expect(try await world.house.settle(night)?.payouts == 1)
        try await world.clear(try PlayedBatch(2, count: 2, from: 10))
        #expect(try await world.house.settle(night) == nil)
        #expect(try await world.house.settle(night.subtracting(Self.day)) == nil)
        #expect(try await world.merchantBalance() == .cents(300))
        #expect(try await world.house.settle(night.adding(Self.day))?.payouts == 1)
        try await world.expectSound()
    }

    @Test func `a day that is closed early is paid, and its later sales go with the next one`()
        async throws
    {
        let world = try await ClearingWorld()
        try await world.clear(try PlayedBatch(1, count: 2))
        let run = try #require(try await world.house.settle(ClearingWorld.noon, isEarly: true))
        #expect(run.day.digits == "20261128" && run.payouts == 1)
        #expect(run.cutOff == ClearingWorld.noon)
        try await world.clear(try PlayedBatch(2, count: 1, from: 10))
        #expect(try await world.house.settle(ClearingWorld.noon, isEarly: true) == nil)
        #expect(try await world.house.settle(night) == nil)
        #expect(try await world.house.settle(night.adding(Self.day))?.totals.map(\.sum) == [150])
        try await world.expectSound()
    }

    @Test func `a run that is broken off is ended by the next one, and pays nobody twice`()
        async throws
    {
        for failing in 0..<4 {
            let store = FaultyStore(MemoryStore())
            let world = try await ClearingWorld(store: store)
            for index in 0..<450 {
                try await world.house.set(world.merchant("M\(index)"))
            }
            let batch = try PlayedBatch(1, count: 450) {
                $0.merchant = "M\($0.transaction - 1)"
            }
            try await world.clear(batch)
            store.commits.script(
                failing.isMultiple(of: 2) ? .refuse(.diskFull) : .loseAnswer,
                at: failing / 2 + 1
            )
            _ = try? await world.house.settle(night)
            store.clear()
            _ = try await world.house.settle(night)
            let run = try #require(try await world.house.runs(before: nil, limit: 1).first)
            #expect(run.payouts == 450 && run.totals.map(\.sum) == [450 * 150])
            #expect(try await world.balance(.inTransit) == .cents(450 * 150))
            try await world.expectSound()
        }
    }

    @Test func `a clock that was far ahead pays nobody until somebody looks`() async throws {
        let world = try await ClearingWorld()
        let later = try #require(try await world.house.settle(night.adding(Self.day * 400)))
        await #expect(throws: ClearingFailure.settledAhead(later.day)) {
            try await world.house.settle(night)
        }
    }

    @Test func `a run that was broken off is given back before the next day is settled`()
        async throws
    {
        let store = FaultyStore(MemoryStore())
        let world = try await ClearingWorld(store: store)
        for index in 0..<250 { try await world.house.set(world.merchant("M\(index)")) }
        let batch = try PlayedBatch(1, count: 250) { $0.merchant = "M\($0.transaction - 1)" }
        try await world.clear(batch)
        store.commits.script(.refuse(.diskFull), at: 2)
        await #expect(throws: ClearingFailure.store(.diskFull)) {
            try await world.house.settle(night)
        }
        let tomorrow = night.adding(Self.day)
        #expect(try await world.house.settle(tomorrow)?.day.digits == "20261128")
        #expect(try await world.house.settle(tomorrow)?.day.digits == "20261129")
        #expect(try await world.house.settle(tomorrow) == nil)
        try await world.expectSound()
    }

    @Test func `a sale that its fee takes whole is named by a row, and by the payout's content`()
        async throws
    {
        let world = try await ClearingWorld(fee: try rule(rate: 1_000_000))
        try await world.clear(try PlayedBatch(1, count: 2))
        let sale = try #require(
            try await world.house.sale(TransactionIdentifier(high: 1, low: 1))
        )
        #expect(sale.cleared.row == 1)
        #expect(try await world.merchantBalance() == .zero)
        try await world.expectSound()
    }

    @Test func `less than the least payout waits`() async throws {
        let world = try await ClearingWorld(payoutMinimum: 500)
        try await world.clear(try PlayedBatch(1, count: 3))
        #expect(try await world.house.settle(night)?.payouts == 0)
        try await world.clear(try PlayedBatch(2, count: 1, from: 10))
        #expect(try await world.house.settle(night.adding(Self.day))?.totals.map(\.sum) == [600])
        try await world.expectSound()
    }

    @Test func `an account below zero is not paid`() async throws {
        let world = try await ClearingWorld(fee: try rule(rate: 0, perBatch: 500))
        try await world.clear(try PlayedBatch(1, count: 1))
        #expect(try await world.merchantBalance() == .cents(-350))
        let run = try #require(try await world.house.settle(night))
        // The acquirer has its fee.
        #expect(run.payouts == 1 && run.totals.map(\.sum) == [500])
        try await world.expectSound()
    }

    @Test func `an institution that is issuer and acquirer has both in one figure`() async throws {
        let world = try await ClearingWorld(fee: try rule(rate: 100_000))
        var own = try #require(try await world.house.acquirer(acquirer))
        own.payee = try world.payee("City")
        try await world.house.set(own)
        try await world.clear(try PlayedBatch(1, count: 10))
        let run = try #require(try await world.house.settle(night))
        #expect(run.payouts == 1)
        #expect(run.positions.map(\.amount) == [.cents(-1_350)])
        #expect(try await world.balance(.acquirer(acquirer)) == .zero)
        try await world.expectSound()
    }

    @Test func `each currency is paid in its own minor unit`() async throws {
        let world = try await ClearingWorld()
        let batch = try PlayedBatch(1, count: 1) {
            ($0.currency, $0.units, $0.exponent) = (.yen, 12_345, .cents)
        }
        try await world.clear(batch)
        let run = try #require(try await world.house.settle(night))
        #expect(run.totals.map(\.sum) == [123])
        try await world.expectSound()
    }

    @Test func `the day ends at the cut-off of its clock, and money arrives on a workday`() throws {
        let clock = try #require(LocalOffset(minutes: 60))
        let terms = try #require(ClearingTerms(units: [], cutOff: 22 * 60, clock: clock))
        let friday = try #require(BusinessDay(digits: "20261127"))
        // 28th, 22:00 by a clock one hour ahead: the day of the 27th ends.
        let end = Instant(milliseconds: 1_795_899_600_000)
        #expect(terms.cutOff(of: friday) == end)
        #expect(terms.businessDay(closedBefore: end) == friday)
        let before = end.subtracting(.milliseconds(1))
        #expect(terms.businessDay(closedBefore: before)?.digits == "20261126")
        #expect(friday.valueDate(after: 1) == CivilDate(year: 2026, month: 11, dayOfMonth: 30))
        #expect(friday.valueDate(after: 0) == friday.date)
    }

    private func rule(rate: UInt32, perBatch: Int64 = 0) throws -> FeeRule {
        try #require(FeeRule(rate: rate, minimum: .zero, perBatch: .cents(perBatch)))
    }
}
