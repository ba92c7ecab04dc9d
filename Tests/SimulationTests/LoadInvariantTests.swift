// SPDX-License-Identifier: Apache-2.0

import Bank
import Kernel
import LoadServer
import OPALServer
import Records
import Simulation
import Testing
import Wire

/// The invariants of loads are only worth something if they can fail: each test changes a database
/// by hand.
@Suite struct LoadInvariantTests {
    /// A world in which one card was loaded and the bank has paid.
    private func loadedWorld() async throws -> (World, TransactionIdentifier) {
        var plan = WorldPlan()
        plan.accountValues = [20_000]
        plan.hasCardholders = true
        let world = try await World(plan)
        let inquiry = try #require(await world.inquire())
        let page = try await world.beginLoad(2_500, inquiry)
        guard case .loaded(let receipt) = await world.load(page) else {
            throw LoadRefusal.malformed
        }
        let hold = try await world.bringLoad(receipt.forBank, page.terms.transaction)
        #expect(hold.state == .loaded)
        return (world, page.terms.transaction)
    }

    private func delete(_ key: RecordKey, in store: any RecordStore) async throws {
        let present = try #require(try await store.read(key))
        let delete = RecordWrite.delete(key, expectedRevision: present.revision)
        #expect(try await store.commit(Transition(writes: [delete])) == .committed)
    }

    @Test func `a world in which a card was loaded has no violations`() async throws {
        let (world, _) = try await loadedWorld()
        #expect(await Invariants.check(world, isSettled: true).isEmpty)
        #expect(try await world.balance() == 12_500)
    }

    @Test func `a load that the OPAL server has lost is found`() async throws {
        let (world, transaction) = try await loadedWorld()
        try await delete(LoadRecord.key(transaction), in: world.opalStore.inner)
        let found = await Invariants.check(world)
        #expect(found.contains(.creditWithoutLoad(transaction)))
        #expect(found.contains { if case .receipts = $0 { true } else { false } })
    }

    @Test func `a load that the load server has lost is found`() async throws {
        let (world, transaction) = try await loadedWorld()
        let store = try #require(world.loadServer).store.inner
        try await delete(AuthorizationRecord.key(transaction), in: store)
        let found = await Invariants.check(world)
        #expect(found.contains(.creditWithoutLoad(transaction)))
        #expect(found.contains(.loadAgainstAuthorization(transaction, .loaded, nil)))
        #expect(found.contains(.holdAgainstAuthorization(transaction, .loaded, nil)))
    }

    @Test func `a hold that the bank has lost is found`() async throws {
        let (world, transaction) = try await loadedWorld()
        let bank = try #require(world.bank)
        try await delete(RecordKey(BankRecords.hold, transaction.bytes), in: bank.store.inner)
        let found = await Invariants.check(world)
        #expect(found.contains(.creditWithoutLoad(transaction)))
        #expect(found.contains(.account(bank.accounts[0].text)))
    }

    @Test func `an account that the bank has lost is found`() async throws {
        let (world, _) = try await loadedWorld()
        let bank = try #require(world.bank)
        let key = RecordKey(BankRecords.account, bank.accounts[0].bytes)
        try await delete(key, in: bank.store.inner)
        let found = await Invariants.check(world)
        #expect(found.contains(.funds(credited: 20_000, found: 2_500)))
    }

    @Test func `a load that is open after everything was settled is found`() async throws {
        let (world, _) = try await loadedWorld()
        let inquiry = try #require(await world.inquire())
        let page = try await world.beginLoad(500, inquiry)
        #expect(await Invariants.check(world).isEmpty)
        let found = await Invariants.check(world, isSettled: true)
        #expect(found == [.stillOpen("load \(page.terms.transaction) at the bank")])
    }
}
