// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import ClientCode
import Foundation
import Kernel
import OPALServer
import PaymentServer
import Records
import RecordsSQLite
import SecurityModule
import Simulation
import Testing
import Wire

/// A database administrator puts an old record of a card back, to have the value twice.
@Suite struct RestoredRecordTests {
    private static let policies = ComparisonPolicy.allCases

    /// Runs `body` with an SQLite store in a folder of its own, which is removed afterwards.
    private func withStore(_ body: (SQLiteStore) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/opal-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = try SQLiteStore(
            path: folder + "/records.db",
            schema: OPALServerRecords.schema
        )
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(store))
        } catch {
            result = .failure(error)
        }
        await store.close()
        try result.get()
    }

    private func record(_ world: World, _ card: Int = 0) async throws -> Record {
        try #require(try await world.opalStore.inner.read(Emulator.key(world.cards[card])))
    }

    /// Puts a record back with its old revision, as who writes to the file can.
    private func putBack(_ old: Record, in world: World) async throws {
        let store = world.opalStore.inner
        let present = try #require(try await store.read(old.key))
        var writes = [RecordWrite.delete(old.key, expectedRevision: present.revision)]
        for revision in 0..<old.revision {
            writes.append(
                .put(
                    old.key,
                    expectedRevision: revision,
                    body: old.body,
                    reply: old.reply,
                    isOpen: old.isOpen
                )
            )
        }
        for write in writes {
            let outcome = try await store.commit(Transition(writes: [write]))
            #expect(outcome == .committed)
        }
        #expect(try await store.read(old.key) == old)
    }

    /// The attack, and what becomes of it.
    private func attack(_ world: World) async throws {
        try await world.buyAnew()
        let old = try await record(world)
        try await world.buyAnew()
        let paid = try await record(world)
        try await putBack(old, in: world)
        #expect(try await world.balance() == World.value - World.price)

        let place = CardAuditor.cardPlace(world.cards[0].bytes)
        let finding = "\(place): history row 3 is behind the last one of its record"
        let found = try await world.cardAuditor.run {}.findings
        #expect(found.map(\.description) == [finding])

        let alarms = Seen<[CardIdentifier]>()
        var purchases = world.purchases
        purchases.emulator.alarm = { alarms.note((alarms.last ?? []) + [$0]) }
        let order = try await world.offer()
        #expect(await purchases.pay(order.page, with: world.cards[0]) == .refused(.cardDamaged))
        #expect(alarms.last == [world.cards[0]])
        let next = try await world.offer()
        #expect(await purchases.pay(next.page, with: world.cards[0]) == .refused(.cardBlocked))
        try await world.buyAnew(with: 1)
        #expect(try await world.balance(1) == World.value - World.price)

        // It cannot be unblocked without a look: its history takes no further row.
        await #expect(throws: EmulatorFailure.setBack) {
            try await world.desk.setBlocked(false, world.cards[0])
        }
        let third = try await world.offer()
        #expect(await world.pay(third.page) == .refused(.cardBlocked))

        // The operator puts the right record back: nothing was taken by what was tried.
        try await putBack(paid, in: world)
        try await world.buyAnew()
        try await world.expectSound(balance: World.value - 3 * World.price, sold: 4)
        #expect(try await world.cardAuditor.run {}.findings == [])
    }

    @Test(arguments: policies)
    func `a card whose old record is put back is named, and stopped at its next use`(
        policy: ComparisonPolicy
    ) async throws {
        try await attack(try await World.comparing(at: policy))
    }

    @Test(arguments: policies)
    func `a card whose old record is put back on SQLite is named, and stopped at its next use`(
        policy: ComparisonPolicy
    ) async throws {
        try await withStore { store in
            try await attack(try await World.comparing(at: policy, on: store))
        }
    }

    @Test func `a card that is used in two tabs is not taken for one that was set back`()
        async throws
    {
        let world = try await World.comparing(at: .paymentServer)
        let (first, second) = (try await world.offer(), try await world.offer())
        let other = world.link.watchRequest { _ in _ = await world.pay(second.page) }
        #expect(await world.pay(first.page) == .refused(.cardChanged))
        #expect(other.count == 1)
        #expect(await world.pay(second.page).isPaid)
        try await world.buyAnew()
        try await world.expectSound(balance: World.value - 2 * World.price, sold: 2)
    }

    @Test func `a card in a reader whose old record was put back is stopped, too`() async throws {
        let world = try await World.comparing(at: .securityCard)
        let old = try await record(world)
        try await world.buyAnew()
        try await putBack(old, in: world)
        let order = try await world.offer()
        let terminal = await CardTerminal(world)
        guard case .notTaken = await terminal.pay(order) else {
            Issue.record("perhaps debited")
            return
        }
        #expect(try await world.desk.describe(world.cards[0])?.isBlocked == true)
        try await world.expectSealed(except: 0)
    }

    @Test(arguments: policies)
    func `value is not put back on a card whose record is older than the debit`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let old = try await record(world)
        let order = try await world.offer()
        // Debited, and not yet told; then given up where that can be.
        world.link.plan.script(.dropRequest, at: 2)
        let outcome = await world.pay(order.page)
        #expect(policy.isOneTrip ? outcome.isPaid : outcome.isPending)
        let debited = try await record(world)
        try await putBack(old, in: world)
        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        await world.payments.giveUpLateSales()
        world.clearFaults()
        await world.tidy()
        #expect(try await world.balance() == World.value, "as it was put back, and no more")
        try await putBack(debited, in: world)
        try await world.expectSound(
            balance: policy.isOneTrip ? World.value - World.price : World.value,
            sold: policy.isOneTrip ? 1 : 0
        )
    }

    @Test(arguments: policies)
    func `a draw that is put back to debited is not recovered and not sold a second time`(
        policy: ComparisonPolicy
    ) async throws {
        for isSold in [true, false] where isSold || !policy.isOneTrip {
            let world = try await World.comparing(at: policy)
            let order = try await world.offer()
            world.link.plan.script(.dropRequest, at: 2)
            let outcome = await world.pay(order.page)
            #expect(policy.isOneTrip ? outcome.isPaid : outcome.isPending)
            let key = DrawRecord.key(order.transaction)
            let old = try #require(try await world.opalStore.inner.read(key))
            world.clearFaults()
            if !isSold {
                world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
                await world.payments.giveUpLateSales()
            }
            await world.tidy()
            let expected = isSold ? World.value - World.price : World.value
            #expect(try await world.balance() == expected)
            try await putBack(old, in: world)
            for _ in 0..<3 { await world.tidy() }
            #expect(try await world.balance() == expected)
            #expect(await Ledger(world).sales[order.transaction]?.state == (isSold ? .sold : .void))
            #expect(try await world.cardAuditor.run {}.findings == [])
        }
    }

    @Test(arguments: policies)
    func `an old record that is put back over a block is named, and stopped at its next use`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let old = try await record(world)
        #expect(try await world.desk.setBlocked(true, world.cards[0]))
        let blocked = try await record(world)
        try await putBack(old, in: world)
        let place = CardAuditor.cardPlace(world.cards[0].bytes)
        let finding = "\(place): history row 2 is behind the last one of its record"
        #expect(try await world.cardAuditor.run {}.findings.map(\.description) == [finding])
        let order = try await world.offer()
        #expect(await world.pay(order.page) == .refused(.cardDamaged))
        let next = try await world.offer()
        #expect(await world.pay(next.page) == .refused(.cardBlocked))
        try await putBack(blocked, in: world)
        #expect(try await world.desk.setBlocked(false, world.cards[0]))
        try await world.buyAnew()
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    @Test(arguments: policies)
    func `an old record that is put back over a lower limit is named, and stopped at its next use`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        var limits = SpendingLimits(currency: .euro, exponent: .cents)
        limits.day.purchasesMax = 9
        let card = world.cards[0]
        _ = try await world.desk.setLimits(limits, of: card, by: "guardian").get()
        let generous = try await record(world)
        limits.day.purchasesMax = 0
        _ = try await world.desk.setLimits(limits, of: card, by: "guardian").get()
        let strict = try await record(world)
        let order = try await world.offer()
        guard case .refusedByLimit(.count(.day, most: 0, _)) = await world.pay(order.page) else {
            Issue.record("not refused")
            return
        }
        try await putBack(generous, in: world)
        let place = CardAuditor.cardPlace(card.bytes)
        let finding = "\(place): history row 3 is behind the last one of its record"
        #expect(try await world.cardAuditor.run {}.findings.map(\.description) == [finding])
        #expect(await world.pay(order.page) == .refused(.cardDamaged))
        #expect(try await world.desk.describe(card)?.isBlocked == true)
        try await putBack(strict, in: world)
        #expect(try await world.cardAuditor.run {}.findings == [])
        try await world.expectSound(balance: World.value, sold: 0)
    }
}
