// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Simulation
import Testing
import Wire

@testable import ClearingHouse

/// Payouts that the bank refuses without booking them.
@Suite struct RefusedPayoutTests {
    private let night = Instant(milliseconds: 1_795_912_200_000)

    private func instructedWorld(
        _ store: any RecordStore = MemoryStore()
    ) async throws -> (ClearingWorld, Payout) {
        let world = try await ClearingWorld(store: store)
        try await world.clear(try PlayedBatch(1, count: 2))
        let run = try #require(try await world.house.settle(night))
        let payout = try await world.house.payouts(of: run.day, limit: 10).first
        return (world, try #require(payout))
    }

    private func book(
        _ lines: [(reference: String, isCredit: Bool)],
        in world: ClearingWorld,
        digest: UInt8 = 1
    ) async throws {
        let name = [UInt8](repeating: digest, count: 32)
        _ = try await world.house.begin(
            BankStatementRecord(
                digest: name,
                name: "2026/1",
                currency: .euro,
                opening: .zero,
                closing: .zero,
                lines: UInt32(lines.count),
                begunAt: night
            )
        )
        let booked = lines.map { line in
            BankStatementLine(
                reference: line.reference,
                bankReference: nil,
                amount: Money(minorUnits: 300, currency: .euro, exponent: .cents),
                isCredit: line.isCredit
            )
        }
        _ = try await world.house.apply(booked, of: name, from: 0, now: night)
    }

    @Test func `a payout that the bank refuses is on its account again, once, and paid again`()
        async throws
    {
        let (world, payout) = try await instructedWorld()
        for reason in ["account closed", "something else"] {
            let back = try await world.house.giveBack(
                payout.name,
                because: reason,
                by: "Ann",
                now: night
            )
            let refusal = try #require(back.refusal)
            #expect(refusal.at == night && refusal.by == "Ann")
            #expect(refusal.reason == "account closed")
        }
        #expect(try await world.merchantBalance() == .cents(300))
        #expect(try await world.balance(.inTransit) == .zero)
        try await world.expectSound()
        let next = try await world.house.settle(night.adding(.seconds(24 * 3600)))
        #expect(next?.totals.map(\.sum) == [300])
        try await world.expectSound()
    }

    @Test func `what a statement shows is not given back, nor is what never went out`()
        async throws
    {
        let (world, payout) = try await instructedWorld()
        let reference = payout.name.reference
        try await book([(reference, false)], in: world)
        await #expect(throws: ClearingFailure.payoutPaid) {
            try await world.house.giveBack(payout.name, because: "x", by: "Ann", now: night)
        }
        try await book([(reference, true)], in: world, digest: 2)
        await #expect(throws: ClearingFailure.payoutPaid) {
            try await world.house.giveBack(payout.name, because: "x", by: "Ann", now: night)
        }
        await #expect(throws: ClearingFailure.unknownPayout) {
            let unknown = Payout.Name(payout.name.day, 99)
            try await world.house.giveBack(unknown, because: "x", by: "Ann", now: night)
        }
        #expect(try await world.merchantBalance() == .cents(300))
        try await world.expectSound()
    }

    @Test func `a payout that the bank books after all waits, and comes off its account once more`()
        async throws
    {
        let (world, payout) = try await instructedWorld()
        try await world.house.giveBack(payout.name, because: "closed", by: "Ann", now: night)
        let next = try #require(
            try await world.house.settle(night.adding(.seconds(24 * 3600)))
        )
        let again = try #require(try await world.house.payouts(of: next.day, limit: 1).first)
        try await book(
            [(payout.name.reference, false), (again.name.reference, false)],
            in: world
        )
        let waiting = try await world.house.unmatched(limit: 10)
        #expect(waiting.map(\.reason) == [.refusedBefore])
        // Nothing was paid twice by itself.
        #expect(try await world.merchantBalance() == .zero)
        #expect(try await world.house.payout(payout.name)?.state == .refused)
        try await world.house.decidePaid(waiting[0].name, by: "Ann", now: night)
        #expect(try await world.merchantBalance() == .cents(-300))
        #expect(try await world.balance(.bank) == .cents(600))
        #expect(try await world.house.payout(payout.name)?.state == .paid)
        await #expect(throws: ClearingFailure.lineEnded) {
            try await world.house.decidePaid(waiting[0].name, by: "Ann", now: night)
        }
        try await world.expectSound()
    }

    /// Booking and return in the order of a file, and its other way round.
    private static let orders = [[false, true], [true, false]]

    @Test(arguments: orders, [1, 2])
    func `a payout that was given back, and that the bank books and returns, costs nobody anything`(
        _ order: [Bool],
        statements: Int
    ) async throws {
        let (world, payout) = try await instructedWorld()
        try await world.house.giveBack(payout.name, because: "closed", by: "Ann", now: night)
        // It is paid with the next payout.
        _ = try await world.house.settle(night.adding(.seconds(24 * 3600)))
        let lines = order.map { (payout.name.reference, isCredit: $0) }
        if statements == 1 {
            try await book(lines, in: world)
        } else {
            for (index, line) in lines.enumerated() {
                try await book([line], in: world, digest: UInt8(index + 1))
            }
        }
        #expect(try await world.house.unmatched(limit: 10).isEmpty)
        #expect(try await world.merchantBalance() == .zero)
        #expect(try await world.balance(.inTransit) == .cents(300))
        #expect(try await world.balance(.bank) == .zero)
        #expect(try await world.house.payout(payout.name)?.state == .returned)
        try await world.expectSound()
    }

    @Test(arguments: orders, [false, true])
    func `of a booking and its return on two statements, one decides both`(
        _ order: [Bool],
        isPaid: Bool
    ) async throws {
        let (world, payout) = try await instructedWorld()
        try await world.house.giveBack(payout.name, because: "closed", by: "Ann", now: night)
        try await book([(payout.name.reference, order[0])], in: world)
        let waiting = try #require(try await world.house.unmatched(limit: 10).first)
        #expect(waiting.reason == .refusedBefore)
        if isPaid, !order[0] {
            try await world.house.decidePaid(waiting.name, by: "Ann", now: night)
            #expect(try await world.merchantBalance() == .zero)
        } else {
            try await world.house.decide(waiting.name, pool: nil, by: "Ann", now: night)
        }
        try await book([(payout.name.reference, order[1])], in: world, digest: 2)
        #expect(try await world.house.unmatched(limit: 10).isEmpty)
        #expect(try await world.merchantBalance() == .cents(300))
        #expect(try await world.balance(.bank) == .zero)
        try await world.expectSound()
    }

    @Test func `a booking waits for somebody where its return went into a pool`() async throws {
        let (world, payout) = try await instructedWorld()
        try await world.house.giveBack(payout.name, because: "closed", by: "Ann", now: night)
        try await book([(payout.name.reference, true)], in: world)
        let back = try #require(try await world.house.unmatched(limit: 10).first)
        try await world.house.decide(back.name, pool: world.bin, by: "Ann", now: night)
        try await book([(payout.name.reference, false)], in: world, digest: 2)
        let waiting = try await world.house.unmatched(limit: 10)
        #expect(waiting.map(\.reason) == [.refusedBefore])
        try await world.expectSound()
    }

    /// As those of a statement that was applied before lines knew of each other.
    @Test func `a booking and its return that both wait are decided one after the other`()
        async throws
    {
        let (world, payout) = try await instructedWorld()
        try await world.house.giveBack(payout.name, because: "closed", by: "Ann", now: night)
        try await book([(payout.name.reference, false)], in: world)
        let stored = ClearingBook(store: world.store, sealing: world.sealing)
        var entry = try #require(try await stored.find(Payout.self, payout.key))
        entry.value.line = nil
        var transition = Transition(writes: [])
        try await stored.put(entry.value, over: entry.revision, to: &transition)
        #expect(try await stored.commit(transition))
        try await book([(payout.name.reference, true)], in: world, digest: 2)
        let waiting = try await world.house.unmatched(limit: 10)
        #expect(waiting.map(\.line.isCredit) == [false, true])
        await #expect(throws: ClearingFailure.payoutNotGivenBack) {
            try await world.house.decidePaid(waiting[1].name, by: "Ann", now: night)
        }
        for (line, balance) in zip(waiting, [0, 300] as [Int64]) {
            try await world.house.decidePaid(line.name, by: "Ann", now: night)
            #expect(try await world.merchantBalance() == .cents(balance))
        }
        #expect(try await world.balance(.bank) == .zero)
        try await world.expectSound()
    }

    @Test func `a return that stands before its payout in a statement is booked with it`()
        async throws
    {
        let (world, payout) = try await instructedWorld()
        let reference = payout.name.reference
        try await book([(reference, true), (reference, false)], in: world)
        #expect(try await world.house.unmatched(limit: 10).isEmpty)
        #expect(try await world.house.payout(payout.name)?.state == .returned)
        #expect(try await world.merchantBalance() == .cents(300))
        #expect(try await world.balance(.bank) == .zero)
        try await world.expectSound()
    }

    @Test func `a line of anything else is not paid as a payout that was given back`()
        async throws
    {
        let (world, payout) = try await instructedWorld()
        try await book([("rent", false), (payout.name.reference, true)], in: world)
        for line in try await world.house.unmatched(limit: 10) {
            await #expect(throws: ClearingFailure.payoutNotGivenBack) {
                try await world.house.decidePaid(line.name, by: "Ann", now: night)
            }
        }
        try await world.expectSound()
    }

    @Test func `where the step fails, the payout is at the bank or on its account`() async throws {
        for failure in [FaultyStore.Fault.refuse(.diskFull), .loseAnswer] {
            let store = FaultyStore(MemoryStore())
            let (world, payout) = try await instructedWorld(store)
            store.commits.script(failure, at: 1)
            _ = try? await world.house.giveBack(payout.name, because: "x", by: "Ann", now: night)
            store.clear()
            try await world.expectSound()
            try await world.house.giveBack(payout.name, because: "x", by: "Ann", now: night)
            #expect(try await world.merchantBalance() == .cents(300))
            try await world.expectSound()
        }
    }
}
