// SPDX-License-Identifier: Apache-2.0

import Batches
import Kernel
import Keys
import PaymentServer
import Records
import SecurityModule
import Simulation
import Testing

/// The operator's order and the end of a day close what was counted before, and no more; the
/// operator sees how far each batch is.
@Suite struct BatchOrderTests {
    /// Neither count nor age closes anything.
    private let never = BatchPolicy(count: 1000, age: .seconds(1_000_000))

    private func world() async throws -> World {
        var plan = WorldPlan()
        plan.terminals = 1
        return try await World(plan)
    }

    private func buy(_ world: World, _ article: Int = 1) async throws {
        _ = await world.pay(try await world.page(try await world.order(article)))
    }

    private func book(_ world: World) -> BatchBook {
        BatchBook(store: world.paymentStore, seals: world.paymentSeals)
    }

    private func order(_ world: World, at cutOff: Instant? = nil) async throws {
        let isGiven = try await BatchOrder.give(
            cutOff ?? world.clock.now,
            in: world.paymentStore,
            sealedBy: world.paymentSeals
        )
        #expect(isGiven)
    }

    @Test func `an order closes what was sold before it, also after a restart`() async throws {
        let world = try await world()
        try await buy(world)
        #expect(await world.payments.closeBatches(never) == 0)
        try await order(world)
        try await world.restartPaymentServer()
        #expect(await world.payments.closeBatches(never) == 1)
        world.clock.advance(by: .seconds(5))
        try await buy(world)
        #expect(await world.payments.closeBatches(never) == 0)
        try await order(world)
        #expect(await world.payments.closeBatches(never) == 1)
        #expect(try await world.saleAudit.run {}.findings == [])
    }

    @Test func `an order by a clock that was ahead closes nothing until then`() async throws {
        let world = try await world()
        try await buy(world)
        try await order(world, at: world.clock.now.adding(.seconds(600)))
        #expect(await world.payments.closeBatches(never) == 0)
        world.clock.advance(by: .seconds(600))
        #expect(await world.payments.closeBatches(never) == 1)
    }

    @Test func `a batch that began before the day ended is closed, and none of the next day`()
        async throws
    {
        let world = try await world()
        try await buy(world)
        world.clock.advance(by: .seconds(60))
        let end = BatchPolicy(count: 1000, age: never.age, cutOff: world.clock.now)
        world.clock.advance(by: .seconds(60))
        #expect(await world.payments.closeBatches(end) == 1)
        try await buy(world)
        #expect(await world.payments.closeBatches(end) == 0)
    }

    @Test func `an order that somebody changed closes nothing, and the audit names it`()
        async throws
    {
        let world = try await world()
        try await buy(world)
        try await order(world)
        let key = RecordKey(BatchOrder.kind, [0])
        let record = try #require(try await world.paymentStore.read(key))
        var body = record.body
        body[body.count - 1] ^= 1
        let write = RecordWrite.put(key, expectedRevision: record.revision, body: body)
        #expect(try await world.paymentStore.commit(Transition(writes: [write])) == .committed)
        #expect(await world.payments.closeBatches(never) == 0)
        let findings = try await world.saleAudit.run {}.findings
        #expect(
            findings.map(\.description) == ["payment server, batch_order 00: does not open"]
        )
        await #expect(throws: StoreFailure.damaged("batch_order does not open")) {
            try await BatchOrder.read(in: world.paymentStore, sealedBy: world.paymentSeals)
        }
    }

    @Test func `the operator sees what is counted into, and what was closed`() async throws {
        let world = try await world()
        #expect(try await book(world).open() == [])
        let began = world.clock.now
        try await buy(world, 0)
        world.clock.advance(by: .seconds(5))
        try await buy(world, 1)
        let open = try #require(try await book(world).open().first)
        #expect(open.name.number == 1)
        #expect(open.count == 2)
        // The time of a sale has whole seconds.
        #expect(open.since <= began && began < open.since.adding(.seconds(5)))
        let totals = try await book(world).totals(of: open.name)
        #expect(totals.list.map(\.count) == [2])
        #expect(await world.payments.closeBatches(.byOrder) == 1)
        #expect(try await book(world).open() == [])
        var closed: [BatchRecord] = []
        try await book(world).forEachClosed { closed.append($0) }
        #expect(closed.map(\.name) == [open.name])
        #expect(closed.allSatisfy { totals.areThose(of: $0.header) && $0.state == .waiting })
        try await buy(world)
        #expect(try await book(world).open().map(\.name.number) == [2])
    }

    @Test func `a security card that forgets that it has closed a batch is found`() async throws {
        let world = try await world()
        try await buy(world)
        let card = SecurityCardIdentifier(acquirer: acquirer, serial: 1)
        let key = RecordKey(Terminal.memoryKind, card.bytes)
        let store = world.paymentStore
        let before = try #require(try await store.read(key))
        #expect(await world.payments.closeBatches(.byOrder) == 1)
        let now = try #require(try await store.read(key))
        var writes = [RecordWrite.delete(key, expectedRevision: now.revision)]
        for revision in 1...before.revision {
            #expect(try await store.commit(Transition(writes: writes)) == .committed)
            writes = [.put(key, expectedRevision: revision - 1, body: before.body)]
        }
        #expect(try await store.commit(Transition(writes: writes)) == .committed)
        #expect(
            try await world.saleAudit.run {}.findings.map(\.problem)
                == ["its memory is older than its batches"]
        )
    }

    @Test func `a header that no security card has signed is found where KB is at hand`()
        async throws
    {
        let world = try await world()
        try await buy(world)
        #expect(await world.payments.closeBatches(.byOrder) == 1)
        let record = try #require(
            try await world.paymentStore.listOpen(BatchRecord.kind, after: nil, limit: 1).first
        )
        let stored = try await BatchRecord.open(record, sealedBy: world.paymentSeals)
        var signature = stored.batch.header.signature
        signature[0] ^= 1
        let forged = BatchRecord(stored.batch.header.with(signature: signature), .waiting)
        let write = try await forged.write(over: record.revision, sealedBy: world.paymentSeals)
        #expect(try await world.paymentStore.commit(Transition(writes: [write])) == .committed)
        #expect(
            try await world.saleAudit.run {}.findings.map(\.problem)
                == ["is not signed by its security card"]
        )
    }
}
