// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Foundation
import Kernel
import OPALServer
import PaymentServer
import Records
import RecordsSQLite
import Simulation
import Testing
import Wire

/// Full disks, locked and damaged databases.
@Suite struct StoreTests {
    /// Runs `body` with an SQLite store in a folder of its own, which is removed afterwards.
    private func withStore(
        _ schema: RecordSchema,
        _ body: (SQLiteStore) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/opal-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = try SQLiteStore(path: folder + "/records.db", schema: schema)
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(store))
        } catch {
            result = .failure(error)
        }
        await store.close()
        try result.get()
    }

    /// Buys until something is not paid.
    ///
    /// - Returns: that outcome, and how many were paid before.
    private func buyUntilRefused(in world: World) async throws -> (PurchaseOutcome, Int) {
        for count in 0..<400 {
            let (_, page) = try await world.offer(1)
            let outcome = await world.pay(page)
            if !outcome.isPaid { return (outcome, count) }
        }
        throw Refusal.malformed
    }

    @Test func `a full disk at the OPAL server takes nothing that is not durable`() async throws {
        try await withStore(OPALServerRecords.schema) { store in
            var plan = WorldPlan()
            plan.opalStore = store
            let world = try await World(plan)
            try store.boundFile(toPages: 1)
            let (outcome, paid) = try await buyUntilRefused(in: world)
            #expect(outcome == .refused(.notDebited) || outcome.isPending)
            try store.boundFile(toPages: nil)
            let (_, page) = try await world.offer(1)
            #expect(await world.pay(page).isPaid, "the next try works")
            let pending = outcome.isPending ? 1 : 0
            try await world.expectSound(sold: paid + 1 + pending)
        }
    }

    @Test func `a full disk at the payment server takes nothing that is not counted`()
        async throws
    {
        try await withStore(PaymentModule.schema) { store in
            var plan = WorldPlan()
            plan.paymentStore = store
            let world = try await World(plan)
            try store.boundFile(toPages: 1)
            let (outcome, paid) = try await buyUntilRefused(in: world)
            #expect(outcome == .refused(.storeUnavailable) || outcome.isPending)
            try store.boundFile(toPages: nil)
            let (_, page) = try await world.offer(1)
            #expect(await world.pay(page).isPaid, "the next try works")
            let pending = outcome.isPending ? 1 : 0
            try await world.expectSound(sold: paid + 1 + pending)
        }
    }

    @Test(arguments: [StoreFailure.diskFull, .locked, .damaged("a page")])
    func `a card side that cannot store the debit takes nothing`(
        _ failure: StoreFailure
    ) async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.opalStore.commits.script(.refuse(failure))
        #expect(await world.pay(page) == .refused(.notDebited))
        #expect(try await world.balance() == 10_000)
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test(arguments: [StoreFailure.diskFull, .locked, .damaged("a page"), .unavailable("x")])
    func `a payment server that cannot store the draw takes nothing, and the next try works`(
        _ failure: StoreFailure
    ) async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.paymentStore.commits.script(.refuse(failure))
        #expect(await world.pay(page) == .refused(.storeUnavailable))
        #expect(try await world.balance() == 10_000)
        #expect(await world.pay(page).isPaid)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test(arguments: [StoreFailure.diskFull, .locked, .damaged("a page"), .unavailable("x")])
    func `a payment server that cannot store the count leaves it pending, then paid`(
        _ failure: StoreFailure
    ) async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.paymentStore.commits.script(.refuse(failure), at: 2)
        #expect(await world.pay(page).isPending)
        #expect(await world.outcome(of: page).isPaid)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a card record that was changed stops that card and no other`() async throws {
        let world = try await World()
        let store = world.opalStore.inner
        let record = try #require(try await store.read(Emulator.key(world.cards[0])))
        var body = record.body
        body[20] ^= 1
        _ = try await store.commit(
            Transition(writes: [
                .put(record.key, expectedRevision: record.revision, body: body)
            ])
        )
        let (_, page) = try await world.offer()
        #expect(await world.pay(page, with: 0) == .refused(.cardDamaged))
        #expect(await world.pay(page, with: 1).isPaid)
        #expect(try await world.balance(1) == 9850)
    }

    @Test func `a card record that was copied from another card stops that card`() async throws {
        let world = try await World()
        let store = world.opalStore.inner
        let rich = try #require(try await store.read(Emulator.key(world.cards[1])))
        let poor = try #require(try await store.read(Emulator.key(world.cards[0])))
        _ = try await store.commit(
            Transition(writes: [
                .put(poor.key, expectedRevision: poor.revision, body: rich.body)
            ])
        )
        let (_, page) = try await world.offer()
        #expect(await world.pay(page, with: 0) == .refused(.cardDamaged))
        #expect(await world.pay(page, with: 1).isPaid)
    }

    @Test func `a draw that was changed stays open and alarms nobody else`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.link.plan.script(.dropRequest, at: 2)
        #expect(await world.pay(page).isPending)
        let store = world.opalStore.inner
        let record = try #require(
            try await store.read(DrawRecord.key(page.terms.transaction))
        )
        var body = record.body
        body[20] ^= 1
        _ = try await store.commit(
            Transition(writes: [
                .put(
                    record.key,
                    expectedRevision: record.revision,
                    body: body,
                    reply: record.reply,
                    isOpen: true
                )
            ])
        )
        #expect(await world.purchases.settleOpenDraws(olderThan: .zero) == 0)
        let (_, next) = try await world.offer()
        #expect(await world.pay(next, with: 1).isPaid)
        #expect(
            await Invariants.check(world).contains { violation in
                if case .damaged = violation { true } else { false }
            }
        )
    }

    @Test func `a sale that was changed is not counted twice and stops no other`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        #expect(await world.pay(page).isPaid)
        let store = world.paymentStore.inner
        let record = try #require(
            try await store.read(SaleRecord.key(page.terms.transaction))
        )
        var body = record.body
        body[20] ^= 1
        _ = try await store.commit(
            Transition(writes: [
                .put(record.key, expectedRevision: record.revision, body: body)
            ])
        )
        for exchange in world.link.exchanges {
            let answer = await world.payments.answer(exchange.request, from: "opal-server")
            #expect(
                try PartyMessage(answer)
                    == .refusal(page.terms.transaction, .storeUnavailable)
            )
        }
        let (_, next) = try await world.offer()
        #expect(await world.pay(next).isPaid)
    }
}
