// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Testing
import Wire

@testable import ClearingHouse

/// What holds for the scheme: how it is stored, and how an operator changes it.
@Suite struct TermsTests {
    private static let noon = ClearingWorld.noon
    private static let hour = Duration.seconds(3600)
    private let thousandth = ExactAmount(trillionths: 1_000_000_000)
    private let hundredth = ExactAmount(trillionths: 10_000_000_000)

    private func bytes(_ parts: [String]) throws -> [UInt8] {
        let digits = Array(parts.joined())
        return try stride(from: 0, to: digits.count, by: 2).map {
            try #require(UInt8(String(digits[$0..<$0 + 2]), radix: 16))
        }
    }

    // MARK: Formats

    @Test func `terms of format 1 are read as they were, and their rules are of all days`() throws {
        let body = try bytes([
            "01",
            // EUR with two decimals, "Clearing", "DE1", no BIC, least payout 2.00.
            "0001", "097802", "0008436c656172696e67", "0003444531", "0000", "00000000000000c8",
            // Two fees: of all 1.2 %, at least 0.001, 0.01 for each batch; of 5994 0.5 %.
            "0002",
            "0978", "00", "00002ee0", "0000000000000000000000003b9aca00",
            "000000000000000000000002540be400",
            "0978", "015994", "00001388", "00000000000000000000000000000000",
            "00000000000000000000000000000000",
            // 22:00 by a clock one hour ahead, two value days.
            "0528", "030c", "02",
        ])
        let all = FeeRule(rate: 12_000, minimum: thousandth, perBatch: hundredth)
        let papers = FeeRule(rate: 5_000, minimum: .zero, perBatch: .zero)
        let payee = try #require(Payee(name: "Clearing", account: "DE1"))
        let expected = ClearingTerms(
            units: [.init(.euro, .cents, account: payee, payoutMinimum: 200)],
            fees: [
                .init(.euro, nil, FeeSchedule(all)),
                .init(.euro, MerchantCategory("5994"), FeeSchedule(papers)),
            ],
            cutOff: 22 * 60,
            clock: try #require(LocalOffset(minutes: 60)),
            valueDays: 2
        )
        let terms = try ClearingTerms(body, key: ClearingTerms.key)
        #expect(terms == expected)
        #expect(terms.feeSchedule(of: nil, in: .euro).rule(on: 0) == all)
        #expect(terms.bytes.first == 2)
        #expect(try ClearingTerms(terms.bytes, key: ClearingTerms.key) == terms)
    }

    @Test func `a merchant of format 1 is read as it was, with and without a fee of its own`()
        throws
    {
        let body = try bytes([
            "01", "000453686f70", "00000007", "015994", "01",
            // EUR with 0.5 % of its own, JPY without one.
            "0002",
            "0978", "000453686f70", "0003444531", "000842414e4b44454646",
            "01", "00001388", "00000000000000000000000000000000",
            "00000000000000000000000000000000",
            "0392", "000453686f70", "0003444531", "0000", "00",
        ])
        let identifier = try #require(MerchantIdentifier("SHOP"))
        let own = FeeRule(rate: 5_000, minimum: .zero, perBatch: .zero)
        let accounts = [
            ClearedMerchant.Account(
                .euro,
                try #require(Payee(name: "Shop", account: "DE1", bic: "BANKDEFF")),
                fees: FeeSchedule(own)
            ),
            ClearedMerchant.Account(.yen, try #require(Payee(name: "Shop", account: "DE1"))),
        ]
        let expected = ClearedMerchant(
            identifier,
            name: "Shop",
            acquirer: 7,
            category: MerchantCategory("5994"),
            accounts: accounts
        )
        let merchant = try ClearedMerchant(body, key: identifier.bytes)
        #expect(merchant == expected)
        #expect(merchant.bytes.first == 2)
        #expect(try ClearedMerchant(merchant.bytes, key: identifier.bytes) == merchant)
    }

    @Test func `whatever the schedules are, they are read as they were written`() throws {
        let payee = try #require(Payee(name: "Shop", account: "DE1"))
        let identifier = try #require(MerchantIdentifier("SHOP"))
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<100 {
            let schedules = (0..<3).map { _ in Self.schedule(&generator) }
            let merchant = ClearedMerchant(
                identifier,
                name: "Shop",
                acquirer: 7,
                accounts: [
                    .init(.euro, payee, fees: schedules[0]), .init(.yen, payee, fees: schedules[1]),
                ]
            )
            #expect(try ClearedMerchant(merchant.bytes, key: identifier.bytes) == merchant)
            let terms = try #require(
                ClearingTerms(
                    units: [.init(.euro, .cents, account: payee)],
                    fees: schedules.enumerated().map { index, schedule in
                        .init(.euro, MerchantCategory(bcd: UInt16(index)), schedule)
                    }
                )
            )
            #expect(try ClearingTerms(terms.bytes, key: ClearingTerms.key) == terms)
            // Nothing that is cut off or too long is read.
            let bytes = terms.bytes
            for count in 0..<bytes.count {
                #expect(throws: WireFailure.self) {
                    try ClearingTerms(Array(bytes.prefix(count)), key: ClearingTerms.key)
                }
            }
        }
    }

    private static func schedule(_ generator: inout some RandomNumberGenerator) -> FeeSchedule {
        var schedule = FeeSchedule()
        for _ in 0..<Int.random(in: 0...5, using: &generator) {
            let rule = FeeRule(
                rate: UInt32.random(in: 0...FeeRule.rateMax, using: &generator),
                minimum: ExactAmount(trillionths: Int128.random(in: 0...9, using: &generator)),
                perBatch: ExactAmount(trillionths: Int128.random(in: 0...9, using: &generator))
            )
            let day = Int64.random(in: FeeSchedule.dayRange, using: &generator)
            _ = schedule.set(Bool.random(using: &generator) ? rule : nil, from: day)
        }
        return schedule
    }

    @Test func `days that do not ascend are no schedule`() throws {
        let rule = [String](repeating: "00", count: 36).joined()
        for days in [["00000002", "00000001"], ["00000002", "00000002"], ["002cc0a1"]] {
            let list = days.map { "\($0)01\(rule)" }.joined()
            let body = try bytes([
                "02", "0000", "0001", "0978", "00", "000\(days.count)", list, "0000", "02d0", "01",
            ])
            #expect(throws: WireFailure.self) { try ClearingTerms(body, key: ClearingTerms.key) }
        }
    }

    // MARK: Changes

    private func change(
        _ world: ClearingWorld,
        at now: Instant = noon,
        _ change: (inout ClearingTerms) -> Void
    ) async throws {
        let prepared = try await world.house.prepareTerms(now: now) {
            terms throws(ClearingFailure) in change(&terms)
        }
        try await world.house.make(prepared)
    }

    @Test func `value days and the least payout hold from the next settlement on`() async throws {
        let world = try await ClearingWorld()
        try await world.clear(try PlayedBatch(1, count: 1))
        try await change(world) { terms in
            terms.valueDays = 2
            let unit = terms.units[0]
            terms.units[0] = .init(.euro, .cents, account: unit.account, payoutMinimum: 200)
        }
        // A Sunday: the second workday behind it is a Tuesday.
        let night = Self.noon.adding(.seconds(11 * 3600))
        let run = try #require(try await world.house.settle(night))
        #expect(run.payouts == 0)
        #expect(run.valueDate == CivilDate(year: 2026, month: 12, dayOfMonth: 1))
    }

    /// Minutes of the day; now is 14:00, minute 840, by the clock of the scheme.
    private static let cutOffs: [(before: UInt16, after: UInt16, changes: Bool)] = [
        (0, 839, true), (0, 840, true), (0, 841, false), (0, 1_320, false),
        (1_320, 1_380, true), (1_320, 841, true), (1_320, 840, false), (1_320, 0, false),
    ]

    @Test(arguments: cutOffs)
    func `a cut-off changes while both have passed today, or neither has`(
        _ before: UInt16,
        _ after: UInt16,
        _ changes: Bool
    ) async throws {
        let world = try await ClearingWorld()
        var terms = try await world.house.terms()
        terms.cutOff = before
        try await world.house.set(terms)
        let run = try await world.house.settle(Self.noon)
        if changes {
            try await change(world) { $0.cutOff = after }
        } else {
            await #expect(throws: ClearingFailure.cutOffBetween) {
                try await change(world) { $0.cutOff = after }
            }
        }
        let changed = try await world.house.terms()
        #expect(changed.cutOff == (changes ? after : before))
        // The day that was settled is not settled again, and the one under way is settled once, at
        // the cut-off that holds now.
        #expect(try await world.house.settle(Self.noon) == nil)
        let settled = try #require(run).day
        let next = try #require(BusinessDay(settled.number + 1))
        let end = changed.cutOff(of: next)
        #expect(try await world.house.settle(end.subtracting(.milliseconds(1))) == nil)
        #expect(try await world.house.settle(end)?.day == next)
        #expect(try await world.house.settle(end) == nil)
        try await world.expectSound()
    }

    @Test func `a day that was closed early stays closed when the cut-off changes`()
        async throws
    {
        let world = try await ClearingWorld()
        let run = try #require(try await world.house.settle(Self.noon, isEarly: true))
        try await change(world) { $0.cutOff = 12 * 60 }
        #expect(try await world.house.settle(Self.noon) == nil)
        #expect(try await world.house.settle(Self.noon, isEarly: true) == nil)
        let next = try #require(try await world.house.settle(Self.noon.adding(Self.hour * 46)))
        #expect(next.day.number == run.day.number + 1)
    }

    @Test func `terms do not change while a settlement is under way, or to what they cannot be`()
        async throws
    {
        let world = try await ClearingWorld()
        await #expect(throws: ClearingFailure.termsOutOfRange) {
            try await change(world) { $0.cutOff = 24 * 60 }
        }
        await #expect(throws: ClearingFailure.termsOutOfRange) {
            try await change(world) { $0.valueDays = ClearingLimits.valueDaysMax + 1 }
        }
        let day = try #require(BusinessDay(digits: "20261127"))
        let run = SettlementRun(day, cutOff: Self.noon, valueDate: day.date)
        var transition = Transition(writes: [])
        try await world.house.book.put(run, over: 0, to: &transition)
        #expect(try await world.house.book.commit(transition))
        await #expect(throws: ClearingFailure.settlementRuns) {
            try await change(world) { $0.valueDays = 2 }
        }
        _ = try await world.house.settle(Self.noon)
        try await change(world) { $0.valueDays = 2 }
        #expect(try await world.house.terms().valueDays == 2)
    }
}
