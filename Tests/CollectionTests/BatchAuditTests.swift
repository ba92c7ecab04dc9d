// SPDX-License-Identifier: Apache-2.0

import Batches
import Kernel
import PaymentServer
import Records
import Simulation
import Testing
import Wire

/// The audit of a payment server finds what does not go with the batches of its security cards.
@Suite struct BatchAuditTests {
    private let card = SecurityCardIdentifier(acquirer: acquirer, serial: 1)

    /// Two closed batches of three sales, and an open one.
    private func world() async throws -> World {
        var plan = WorldPlan()
        plan.terminals = 1
        let world = try await World(plan)
        for _ in 0..<2 {
            for _ in 0..<3 { try await buy(world) }
            #expect(await world.payments.closeBatches(.byOrder) == 1)
        }
        for _ in 0..<2 { try await buy(world) }
        #expect(try await findings(world) == [])
        return world
    }

    private func buy(_ world: World) async throws {
        _ = await world.pay(try await world.page(try await world.order(1)))
    }

    private func findings(_ world: World) async throws -> [String] {
        try await world.saleAudit.run {}.findings.map(\.problem)
    }

    private func row(_ batch: UInt32, _ index: UInt32) -> RecordKey {
        CollectedRecord.key(BatchPlace(BatchName(card, batch), index))
    }

    private func remove(_ key: RecordKey, in world: World) async throws {
        let store = world.paymentStore.inner
        let record = try #require(try await store.read(key))
        let write = RecordWrite.delete(key, expectedRevision: record.revision)
        #expect(try await store.commit(Transition(writes: [write])) == .committed)
    }

    @Test func `a sale that is not there any more is found, wherever it stood`() async throws {
        for (batch, index, problem) in [
            (1, 1, "its sale 1 is not on record"), (1, 2, "its sale 2 is not on record"),
            (1, 3, "its sales are not those that its security card has signed"),
            (3, 1, "its sale 1 is not on record"), (3, 2, "has 2 sales, but 1 are on record"),
        ] {
            let world = try await world()
            try await remove(row(UInt32(batch), UInt32(index)), in: world)
            #expect(try await findings(world) == [problem], "batch \(batch), sale \(index)")
        }
    }

    @Test func `a header or all sales of a batch that are not there any more are found`()
        async throws
    {
        let world = try await world()
        try await remove(BatchRecord.key(BatchName(card, 1)), in: world)
        #expect(try await findings(world) == ["its header is not on record"])
        let other = try await self.world()
        for index in 1...3 { try await remove(row(2, UInt32(index)), in: other) }
        #expect(try await findings(other) == ["has no sales on record"])
    }

    @Test func `rows that somebody put in the place of others do not open`() async throws {
        let world = try await world()
        let store = world.paymentStore.inner
        let other = try #require(try await store.read(row(1, 2)))
        let write = RecordWrite.put(row(1, 1), expectedRevision: 1, body: other.body)
        #expect(try await store.commit(Transition(writes: [write])) == .committed)
        let found = try await findings(world)
        #expect(found.contains("does not open"))
        #expect(found.contains("its sale 1 is not on record"))
    }

    @Test func `a sale whose place is taken ends all the same`() async throws {
        let world = try await world()
        let store = world.paymentStore.inner
        let key = RecordKey(Terminal.memoryKind, card.bytes)
        let before = try #require(try await store.read(key))
        try await buy(world)
        // The security card forgets the last sale, and gives its place again.
        let now = try #require(try await store.read(key))
        _ = try await store.commit(
            Transition(writes: [.delete(key, expectedRevision: now.revision)])
        )
        for revision in 1...before.revision {
            _ = try await store.commit(
                Transition(writes: [
                    .put(key, expectedRevision: revision - 1, body: before.body)
                ])
            )
        }
        try await world.restartPaymentServer()
        let page = try await world.page(try await world.order(1))
        _ = await world.pay(page)
        _ = await world.pay(page)
        let sale = try #require(await Ledger(world).sales[page.terms.transaction])
        #expect(sale.state == .sold)
        #expect(try await findings(world).contains("its memory is older than its sales"))
    }
}
