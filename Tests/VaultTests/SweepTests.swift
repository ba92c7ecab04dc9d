// SPDX-License-Identifier: Apache-2.0

import HSM
import Kernel
import SecurityModule
import Testing
import Wire

/// Value that leaves a card because nobody uses it.
@Suite struct SweepTests {
    /// The cards of these tests end with 2027.
    private static let later = Instant(milliseconds: 1_830_297_600_000)
    private static let transaction = TransactionIdentifier(high: 8, low: 9)

    private func step(
        _ amount: Money,
        _ reason: SweepReason,
        _ world: CardWorld,
        at now: Instant = SweepTests.later
    ) async throws -> CardMoveStep {
        try await world.module.sweep(
            CardSweep(amount, reason, number: 7, Self.transaction),
            of: try await world.sealed(),
            context: CardContext(random: 0, now: now, note: "not used")
        )
    }

    private func change(
        _ amount: UInt64,
        _ reason: SweepReason,
        _ world: CardWorld,
        at now: Instant = SweepTests.later
    ) async throws -> CardChange {
        let step = try await step(CardWorld.amount(amount), reason, world, at: now)
        guard case .moved(let change) = step else {
            throw ModuleFailure.unavailable("refused")
        }
        return change
    }

    @Test func `a sweep takes value with a row that says why, and consumes no number`()
        async throws
    {
        let world = try await CardWorld(CardWorld.euros())
        try await world.pay(300, in: world.reader())
        let change = try await change(700, .expired, world)
        #expect(try await world.module.describe(change.card).purses[0].balance.minorUnits == 0)
        #expect(try await world.module.describe(change.card).lastNumber == 1)
        let entry = try CardHistoryEntry(try #require(change.row).body)
        let swept = SweptValue(
            amount: CardWorld.amount(700),
            transaction: Self.transaction,
            reason: .expired,
            number: 7,
            lastNumber: 1,
            balance: 0
        )
        #expect(entry.event == .swept(swept) && !entry.isUse && entry.note == "not used")
    }

    @Test func `expired value leaves no card that is valid, and dormant value does`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let amount = CardWorld.amount(1_000)
        let early = try await step(amount, .expired, world, at: CardWorld.noon)
        guard case .refused(.notExpired) = early else {
            Issue.record("It has not expired.")
            return
        }
        let change = try await change(1_000, .dormant, world, at: CardWorld.noon)
        #expect(try await world.module.describe(change.card).purses[0].balance.minorUnits == 0)
    }

    @Test func `nothing leaves a blocked card, and no more than is there leaves another`()
        async throws
    {
        let blocked = try await CardWorld(CardWorld.euros(isBlocked: true))
        let one = CardWorld.amount(1)
        guard case .refused(.blocked) = try await step(one, .expired, blocked) else {
            Issue.record("It is blocked.")
            return
        }
        let world = try await CardWorld(CardWorld.euros())
        let more = CardWorld.amount(1_001)
        guard case .refused(.amountAboveBalance) = try await step(more, .expired, world) else {
            Issue.record("It has 1000.")
            return
        }
        let points = Money(
            minorUnits: 1,
            currency: try #require(Currency(bcd: 0x9012)),
            exponent: .units
        )
        guard case .refused(.noSuchPurse) = try await step(points, .expired, world) else {
            Issue.record("Points are not swept.")
            return
        }
    }

    @Test func `the audit adds a sweep up, and finds one that was changed`() async throws {
        let world = try await CardWorld(CardWorld.euros(0))
        _ = try await world.load(1_000, in: world.reader())
        let change = try await change(400, .dormant, world, at: CardWorld.noon)
        let row = try #require(change.row)
        let rows = try await world.rows() + [row]
        let check = await world.module.audit(rows, of: world.card, CardAudit())
        let end = await world.module.conclude(check, on: change.card)
        #expect(end.findings.isEmpty)
        #expect(end.sweptTotal == 400 && end.movedTotal == 0 && end.loadedTotal == 1_000)
        var body = row.body
        // The lowest byte of the amount: kind 1, moment 8, CURR 2, CEXP 1, M 8.
        body[19] ^= 1
        let changed = ChainedRow(number: row.number, hash: row.hash, body: body)
        let found = await world.module.audit(
            try await world.rows() + [changed],
            of: world.card,
            CardAudit()
        )
        #expect(found.findings.contains(.chainBroken(number: 2)))
        #expect(found.findings.contains(.balanceWrong(number: 2)))
    }
}
