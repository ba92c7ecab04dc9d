// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
import Records
import SecurityModule
import Testing
import Wire

/// What an expired card gives to its successor.
@Suite struct MoveTests {
    /// The cards of these tests end with 2027.
    private static let later = Instant(milliseconds: 1_830_297_600_000)
    private static let transaction = TransactionIdentifier(high: 8, low: 9)

    @Test func `an expired card gives its value once, with a row of its history`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        try await world.pay(300, in: world.reader())
        try await commit(try await change(of: 700, world), world)
        #expect(try await world.balance() == 0)
        #expect(try await world.describe().lastNumber == 1)
        let entry = try CardHistoryEntry(try #require(try await world.rows().last).body)
        guard case .moved(let move) = entry.event else {
            Issue.record("The row is a move.")
            return
        }
        #expect(move.amount == CardWorld.amount(700) && move.balance == 0)
        #expect(move.successor == (try successor()) && move.transaction == Self.transaction)
        guard case .refused(.amountAboveBalance) = try await step(1, world) else {
            Issue.record("There is nothing left.")
            return
        }
    }

    @Test func `the audit adds a move up, and finds one that was changed`() async throws {
        let world = try await CardWorld(CardWorld.euros(0))
        _ = try await world.load(1_000, in: world.reader())
        try await commit(try await change(of: 400, world), world)
        let rows = try await world.rows()
        let check = await world.module.audit(rows, of: world.card, CardAudit())
        let end = await world.module.conclude(check, on: try await world.sealed())
        #expect(end.findings.isEmpty)
        #expect(end.movedTotal == 400 && end.loadedTotal == 1_000)
        var changed = rows
        var body = rows[1].body
        // The lowest byte of the amount: kind 1, moment 8, CURR 2, CEXP 1, M 8.
        body[19] ^= 1
        changed[1] = ChainedRow(number: rows[1].number, hash: rows[1].hash, body: body)
        let found = await world.module.audit(changed, of: world.card, CardAudit())
        #expect(found.findings.contains(.chainBroken(number: 2)))
        #expect(found.findings.contains(.balanceWrong(number: 2)))
    }

    @Test func `what was debited before the move can still be put back`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let (initialized, command, _) = try await world.pay(300, in: reader)
        try await commit(try await change(of: 700, world), world)
        let fresh = world.reader()
        let recovery = world.recovery(initialized, command)
        #expect(try await fresh.send(.recover(recovery)).status == .done)
        #expect(try await world.balance() == 300)
    }

    @Test func `a card that has not expired keeps its value, and so does a blocked one`()
        async throws
    {
        let valid = try await CardWorld(CardWorld.euros())
        guard case .refused(.notExpired) = try await step(1_000, valid, at: CardWorld.noon) else {
            Issue.record("It has not expired.")
            return
        }
        let blocked = try await CardWorld(CardWorld.euros(isBlocked: true))
        guard case .refused(.blocked) = try await step(1_000, blocked) else {
            Issue.record("It is blocked.")
            return
        }
    }

    @Test func `a record of another card does not open`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let sealed = try await world.sealed()
        let other = SealedCard(
            card: try successor(),
            revision: sealed.revision,
            body: sealed.body
        )
        await #expect(throws: ModuleFailure.sealBroken) {
            try await world.module.moveOut(
                CardWorld.amount(1),
                of: other,
                to: world.card,
                transaction: Self.transaction,
                context: CardContext(random: 1, now: Self.later, note: "")
            )
        }
    }

    // MARK: Helpers

    private func successor() throws -> CardIdentifier {
        try #require(CardIdentifier("6368120000000001"))
    }

    private func step(
        _ amount: UInt64,
        _ world: CardWorld,
        at now: Instant = MoveTests.later
    ) async throws -> CardMoveStep {
        try await world.module.moveOut(
            CardWorld.amount(amount),
            of: try await world.sealed(),
            to: try successor(),
            transaction: Self.transaction,
            context: CardContext(random: 1, now: now, note: "moved")
        )
    }

    private func change(of amount: UInt64, _ world: CardWorld) async throws -> CardChange {
        guard case .moved(let change) = try await step(amount, world) else {
            throw ModuleFailure.unavailable("refused")
        }
        return change
    }

    private func commit(_ change: CardChange, _ world: CardWorld) async throws {
        let row = try #require(change.row)
        let transition = Transition(
            writes: [
                .put(
                    Emulator.key(world.card),
                    expectedRevision: change.card.revision - 1,
                    body: change.card.body
                )
            ],
            history: [
                HistoryRow(
                    stream: world.card.bytes,
                    number: row.number,
                    hash: row.hash,
                    body: row.body
                )
            ]
        )
        #expect(try await world.store.commit(transition) == .committed)
    }
}
