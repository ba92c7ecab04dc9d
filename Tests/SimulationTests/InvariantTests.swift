// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import ClientCode
import Kernel
import Merchant
import OPALServer
import PaymentServer
import Records
import SecurityModule
import Simulation
import Synchronization
import Testing
import Wire

/// The invariants are only worth something if they can fail: each test changes a database by hand.
@Suite struct InvariantTests {
    /// A world in which one order was paid and delivered.
    private func soldWorld() async throws -> (World, TransactionIdentifier) {
        let world = try await World()
        return (world, try await buy(in: world))
    }

    private func buy(in world: World) async throws -> TransactionIdentifier {
        let ticket = try await world.order()
        guard case .paid(let receipt) = await world.pay(try await world.page(ticket)) else {
            throw Refusal.malformed
        }
        _ = try await world.fetch(receipt.resultForMerchant, ticket)
        return ticket.transaction
    }

    /// Puts a record back to what it was at its first revision.
    private func rollBack(_ record: Record, in store: any RecordStore) async throws {
        let present = try #require(try await store.read(record.key))
        let delete = RecordWrite.delete(record.key, expectedRevision: present.revision)
        _ = try await store.commit(Transition(writes: [delete]))
        let put = RecordWrite.put(
            record.key,
            expectedRevision: 0,
            body: record.body,
            reply: record.reply,
            isOpen: record.isOpen
        )
        _ = try await store.commit(Transition(writes: [put]))
    }

    private func delete(_ key: RecordKey, in store: any RecordStore) async throws {
        let present = try #require(try await store.read(key))
        let delete = RecordWrite.delete(key, expectedRevision: present.revision)
        #expect(try await store.commit(Transition(writes: [delete])) == .committed)
    }

    @Test func `a world in which all is well has no violations`() async throws {
        let (world, _) = try await soldWorld()
        #expect(await Invariants.check(world, isSettled: true).isEmpty)
        #expect(try await world.balance() == 9850)
    }

    @Test func `a card whose record is rolled back is found`() async throws {
        let world = try await World()
        let store = world.opalStore.inner
        let before = try #require(try await store.read(Emulator.key(world.cards[0])))
        _ = try await buy(in: world)
        try await rollBack(before, in: store)
        let found = await Invariants.check(world)
        #expect(found.contains(.card(0, .recordDisagrees)))
        #expect(found.contains(.balance(card: 0)))
        #expect(found.contains(.conservation(loaded: 20_000, found: 20_150)))
    }

    @Test func `a card whose record is changed is found`() async throws {
        let (world, _) = try await soldWorld()
        let store = world.opalStore.inner
        let record = try #require(try await store.read(Emulator.key(world.cards[0])))
        var body = record.body
        body[40] ^= 1
        _ = try await store.commit(
            Transition(writes: [
                .put(record.key, expectedRevision: record.revision, body: body)
            ])
        )
        #expect(await Invariants.check(world).contains(.card(0, .recordDoesNotOpen)))
    }

    @Test func `a sale that is deleted is found`() async throws {
        let (world, transaction) = try await soldWorld()
        try await delete(SaleRecord.key(transaction), in: world.paymentStore.inner)
        let found = await Invariants.check(world)
        #expect(found.contains(.drawAgainstSale(transaction, .sold, nil)))
        #expect(found.contains(.orderWithoutSale(transaction)))
        #expect(found.contains { if case .totals = $0 { true } else { false } })
        #expect(found.contains(.conservation(loaded: 20_000, found: 19_850)))
    }

    @Test func `a draw that is deleted is found`() async throws {
        let (world, transaction) = try await soldWorld()
        try await delete(DrawRecord.key(transaction), in: world.opalStore.inner)
        #expect(await Invariants.check(world).contains(.debitWithoutDraw(transaction)))
    }

    @Test func `a mail that tells what is not so is found`() async throws {
        var plan = WorldPlan()
        plan.hasCardholders = true
        let world = try await World(plan)
        let page = try await world.page(try await world.order())
        world.link.plan.script(.dropRequest, at: 2)
        _ = await world.pay(page)
        #expect(await world.settleAll())
        #expect(await Invariants.check(world, isSettled: true).isEmpty)
        let transaction = page.terms.transaction
        try await delete(DrawRecord.key(transaction), in: world.opalStore.inner)
        #expect(await Invariants.check(world).contains(.mailUntrue(transaction)))
    }

    @Test func `a debit of a card in a reader without its note is found`() async throws {
        var plan = WorldPlan()
        plan.readerCardValue = 1000
        let world = try await World(plan)
        let terminal = try #require(world.clientTerminal)
        let page = try await world.page(try await world.order())
        guard case .paid = await terminal.pay(page) else { throw Refusal.malformed }
        #expect(await Invariants.check(world).isEmpty)
        let transaction = page.terms.transaction
        try await delete(ReaderDebit.key(transaction), in: world.opalStore.inner)
        #expect(await Invariants.check(world).contains(.debitWithoutDraw(transaction)))
    }

    @Test func `a security card whose memory is rolled back is found`() async throws {
        let world = try await World()
        let store = world.paymentStore.inner
        let memories = try await store.list(
            Terminal.memoryKind,
            after: nil,
            limit: 10,
            order: .ascending
        )
        _ = try await buy(in: world)
        for memory in memories { try await rollBack(memory, in: store) }
        let found = await Invariants.check(world)
        #expect(found.contains { if case .totals = $0 { true } else { false } })
        #expect(found.contains { if case .numberReused = $0 { true } else { false } })
    }

    @Test func `what is still open after everything was settled is found`() async throws {
        let world = try await World()
        let ticket = try await world.order()
        #expect(await Invariants.check(world).isEmpty)
        let found = await Invariants.check(world, isSettled: true)
        #expect(found == [.stillOpen("order \(ticket.transaction)")])
    }

    /// Twenty thousand runs must fit into one process.
    @Test func `a run that is over holds nothing`() async throws {
        let seen = Mutex(Weakly())
        _ = try await Run(seed: 24).report { world in
            seen.withLock { $0 = Weakly(world: world) }
            #expect(world.clientTerminal != nil && world.concentrator != nil)
        }
        // Messages that nobody waits for are on their way a little longer.
        for _ in 0..<100 where seen.withLock({ $0.world != nil }) {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(seen.withLock { $0.world == nil })
    }

    private struct Weakly {
        weak var world: World?
    }

    @Test func `the same seed tells the same story`() async throws {
        let run = Run(seed: 7)
        let (first, second) = (try await run.report(), try await run.report())
        #expect(first.story == second.story)
        #expect(first.story != (try await Run(seed: 8).report()).story)
    }
}
