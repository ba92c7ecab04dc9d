// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Records
import Testing
import Wire

/// Bank statements: what was paid, what came back, and what issuers paid in.
@Suite struct StatementTests {
    private let night = Instant(milliseconds: 1_795_912_200_000)

    private func paidWorld() async throws -> (ClearingWorld, Payout) {
        let world = try await ClearingWorld()
        try await world.clear(try PlayedBatch(1, count: 2))
        let run = try #require(try await world.house.settle(night))
        let payout = try await world.house.payouts(of: run.day, limit: 10).first
        return (world, try #require(payout))
    }

    private func line(
        _ reference: String?,
        _ units: UInt64,
        isCredit: Bool = false,
        bank: String? = nil
    ) -> BankStatementLine {
        BankStatementLine(
            reference: reference,
            bankReference: bank,
            amount: Money(minorUnits: units, currency: .euro, exponent: .cents),
            isCredit: isCredit
        )
    }

    @discardableResult
    private func apply(
        _ lines: [BankStatementLine],
        to world: ClearingWorld,
        digest: UInt8 = 1
    ) async throws -> BankStatementRecord {
        let name = [UInt8](repeating: digest, count: 32)
        _ = try await world.house.begin(statement(lines.count, digest))
        return try await world.house.apply(lines, of: name, from: 0, now: night)
    }

    private func statement(_ lines: Int, _ digest: UInt8 = 1) -> BankStatementRecord {
        BankStatementRecord(
            digest: [UInt8](repeating: digest, count: 32),
            name: "2026/1",
            currency: .euro,
            opening: .zero,
            closing: .zero,
            lines: UInt32(lines),
            begunAt: night
        )
    }

    private func reasons(_ world: ClearingWorld) async throws -> [UnmatchedLine.Reason] {
        try await world.house.unmatched(limit: 100).map(\.reason)
    }

    @Test func `a payout on the statement has been paid`() async throws {
        let (world, payout) = try await paidWorld()
        let statement = try await apply([line(payout.name.reference, 300)], to: world)
        #expect(statement.isDone && statement.matched == 1)
        #expect(try await world.house.payout(payout.name)?.state == .paid)
        #expect(try await world.balance(.inTransit) == .zero)
        #expect(try await world.balance(.bank) == .cents(300))
        try await world.expectSound()
    }

    @Test func `the same statement twice changes nothing, nor does the same line on another one`()
        async throws
    {
        let (world, payout) = try await paidWorld()
        let lines = [
            line(payout.name.reference, 300),
            line(world.bin.payInReference, 1_000, isCredit: true, bank: "B1"),
        ]
        for _ in 0..<2 { try await apply(lines, to: world) }
        #expect(try await world.balance(.pool(world.bin)) == .cents(700))
        try await apply(lines, to: world, digest: 2)
        #expect(try await reasons(world) == [.notExpected, .knownBankReference])
        #expect(try await world.balance(.pool(world.bin)) == .cents(700))
        try await world.expectSound()
    }

    @Test func `a payout that comes back is owed again, and paid with the next run`() async throws {
        let (world, payout) = try await paidWorld()
        let reference = payout.name.reference
        try await apply([line(reference, 300), line(reference, 300, isCredit: true)], to: world)
        #expect(try await world.house.payout(payout.name)?.state == .returned)
        #expect(try await world.merchantBalance() == .cents(300))
        let next = try await world.house.settle(night.adding(.seconds(24 * 3600)))
        #expect(next?.totals.map(\.sum) == [300])
        try await world.expectSound()
    }

    @Test func `what does not fit waits for somebody, with a reason`() async throws {
        let (world, payout) = try await paidWorld()
        let lines = [
            line(nil, 5), line("rent", 7), line(payout.name.reference, 299),
            line("OPAL-20261128-00000099", 1), line(payout.name.reference, 300, isCredit: true),
            line(world.bin.payInReference, 10, isCredit: true),
            line("POOL-123456", 10, isCredit: true, bank: "B2"),
        ]
        let statement = try await apply(lines, to: world)
        #expect(statement.isDone && statement.matched == 0)
        #expect(
            try await reasons(world) == [
                .unknownReference, .unknownReference, .amountDiffers, .unknownReference,
                .notExpected, .noBankReference, .noPool,
            ]
        )
        try await world.expectSound()
    }

    @Test func `an operator puts a payment into a pool, or leaves a line out, once`() async throws {
        let (world, _) = try await paidWorld()
        try await apply([line("thanks", 500, isCredit: true), line("rent", 9)], to: world)
        let waiting = try await world.house.unmatched(limit: 10)
        try await world.house.decide(waiting[0].name, pool: world.bin, by: "Ann", now: night)
        #expect(try await world.balance(.pool(world.bin)) == .cents(200))
        await #expect(throws: ClearingFailure.unknownIssuer) {
            try await world.house.decide(waiting[1].name, pool: world.bin, by: "Ann", now: night)
        }
        try await world.house.decide(waiting[1].name, pool: nil, by: "Ann", now: night)
        await #expect(throws: ClearingFailure.lineEnded) {
            try await world.house.decide(waiting[0].name, pool: world.bin, by: "Ann", now: night)
        }
        #expect(try await reasons(world).isEmpty)
        try await world.expectSound()
    }

    @Test func `what an operator has put into a pool does not come in again by itself`()
        async throws
    {
        let world = try await ClearingWorld()
        var city = try #require(try await world.house.issuer(world.bin))
        city.pools = []
        try await world.house.set(city)
        let payIn = line(world.bin.payInReference, 500, isCredit: true, bank: "B1")
        try await apply([payIn], to: world)
        city.pools = [.euro]
        try await world.house.set(city)
        let waiting = try #require(try await world.house.unmatched(limit: 1).first)
        try await world.house.decide(waiting.name, pool: world.bin, by: "Ann", now: night)
        try await apply([payIn], to: world, digest: 2)
        #expect(try await reasons(world) == [.knownBankReference])
        let again = try #require(try await world.house.unmatched(limit: 1).first)
        await #expect(throws: ClearingFailure.paidInBefore) {
            try await world.house.decide(again.name, pool: world.bin, by: "Ann", now: night)
        }
        #expect(try await world.balance(.pool(world.bin)) == .cents(500))
        try await world.expectSound()
    }

    @Test func `a statement goes on where it was cut, and its lines come in order`() async throws {
        let (world, _) = try await paidWorld()
        let lines = (0..<450).map {
            line(world.bin.payInReference, 1, isCredit: true, bank: "B\($0)")
        }
        let name = [UInt8](repeating: 1, count: 32)
        await #expect(throws: ClearingFailure.unknownStatement) {
            try await world.house.apply(lines, of: name, from: 0, now: night)
        }
        _ = try await world.house.begin(statement(450))
        await #expect(throws: ClearingFailure.positionDiffers(0)) {
            try await world.house.apply(Array(lines[10...]), of: name, from: 10, now: night)
        }
        _ = try await world.house.apply(Array(lines[..<250]), of: name, from: 0, now: night)
        let end = try await world.house.apply(lines, of: name, from: 0, now: night)
        #expect(end.isDone && end.matched == 450)
        await #expect(throws: ClearingFailure.tooManyLines) {
            try await world.house.apply(lines, of: name, from: 1, now: night)
        }
        await #expect(throws: ClearingFailure.statementDiffers) {
            try await world.house.begin(statement(449))
        }
        #expect(try await world.balance(.pool(world.bin)) == .cents(150))
        try await world.expectSound()
    }
}
