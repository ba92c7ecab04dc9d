// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Kernel
import OPALServer
import Records
import SecurityModule
import Simulation
import Testing
import Wire

/// What is set on a card at the issuer's desk, in whose name, and what is told where it cannot be.
@Suite struct SettingTests {
    private func events(_ world: World) async throws -> [CardHistoryEntry.Event] {
        try await world.desk.history(world.cards[0], after: 1, limit: 100).map(\.entry.event)
    }

    @Test func `each setting is a row of the card's history, in the name of who made it`()
        async throws
    {
        let world = try await World()
        let card = world.cards[0]
        let shop = world.shops[0].merchant
        var expected: [SpendingPolicy] = []
        try await world.limit { $0.purchaseMax = 100 }
        expected.append(try #require(try await world.desk.policy(of: card).get()?.policy))
        expected.append(try await world.desk.freeze(true, card, by: "guardian").get())
        expected.append(
            try await world.desk.allowOnce(
                shop,
                minorUnitsMax: 500,
                until: world.tomorrow,
                with: card,
                by: "guardian"
            ).get()
        )
        let number = try #require(expected.last?.exceptions.first).number
        expected.append(
            try await world.desk.withdraw(exception: number, of: card, by: "guardian").get()
        )
        expected.append(try await world.desk.freeze(false, card, by: "guardian").get())
        #expect(
            try await events(world) == expected.map { .setting(.policy($0), by: "guardian") }
        )
        #expect(expected.map(\.isFrozen) == [false, true, true, true, false])
        #expect(expected.map(\.exceptions.count) == [0, 0, 1, 0, 0])
        #expect(expected.allSatisfy { $0.limits?.purchaseMax == 100 })
        _ = try await world.desk.setLimits(nil, of: card, by: "guardian").get()
        #expect(try await world.desk.policy(of: card).get() == nil)
        #expect(try await world.cardAuditor.run {}.findings == [])
    }

    @Test func `what is so already is not set again`() async throws {
        let world = try await World()
        let card = world.cards[0]
        #expect(try await world.desk.setBlocked(false, card))
        _ = try await world.desk.freeze(false, card, by: "guardian").get()
        _ = try await world.desk.setLimits(nil, of: card, by: "guardian").get()
        for _ in 0..<2 {
            #expect(try await world.desk.setBlocked(true, card))
            _ = try await world.desk.freeze(true, card, by: "guardian").get()
        }
        #expect(try await events(world).count == 2)
    }

    @Test func `what cannot be set is told, in the order of the reasons`() async throws {
        let world = try await World()
        let (desk, card) = (world.desk, world.cards[0])
        let shop = world.shops[0].merchant
        let nobody = CardIdentifier(issuer: world.issuer.identifier, number: 1)
        let dollars = SpendingLimits(currency: .dollar, exponent: .cents)
        func allow(until end: Instant) async throws -> SettingRefusal? {
            let outcome = try await desk.allowOnce(
                shop,
                minorUnitsMax: 1,
                until: end,
                with: card,
                by: "guardian"
            )
            guard case .failure(let refusal) = outcome else { return nil }
            return refusal
        }
        #expect(
            try await desk.setLimits(dollars, of: nobody, by: "guardian")
                == .failure(.unknownCard)
        )
        #expect(try await desk.policy(of: nobody) == .failure(.unknownCard))
        #expect(try await !desk.setBlocked(true, nobody))
        #expect(
            try await desk.setLimits(dollars, of: card, by: "guardian")
                == .failure(.otherCurrency)
        )
        #expect(try await allow(until: world.tomorrow) == .noLimits)
        try await world.limit { $0.purchaseMax = 0 }
        #expect(try await allow(until: world.now) == .alreadyOver)
        for _ in 0..<SpendingPolicy.exceptionsMax {
            #expect(try await allow(until: world.tomorrow) == nil)
        }
        #expect(try await allow(until: world.tomorrow) == .exceptionsFull)
        #expect(
            try await desk.withdraw(exception: 99, of: card, by: "guardian")
                == .failure(.unknownException)
        )
        #expect(try await events(world).count == 9)
    }

    @Test(arguments: UInt64(1)...20)
    func `settings that are made at the same moment are all made`(seed: UInt64) async throws {
        let world = try await World()
        let (desk, card) = (world.desk, world.cards[0])
        let shop = world.shops[0].merchant
        try await world.limit { $0.day.purchasesMax = 9 }
        let page = try await world.offer().page
        let tomorrow = world.tomorrow
        await withTaskExecutorPreference(SeededExecutor(seed: seed)) {
            await withTaskGroup(of: Void.self) { group in
                for amount in UInt64(1)...3 {
                    group.addTask {
                        _ = try? await desk.allowOnce(
                            shop,
                            minorUnitsMax: amount,
                            until: tomorrow,
                            with: card,
                            by: "guardian"
                        )
                    }
                }
                group.addTask { _ = try? await desk.freeze(true, card, by: "guardian") }
                group.addTask { _ = try? await desk.setBlocked(true, card) }
                group.addTask { _ = await world.pay(page) }
            }
        }
        let description = try #require(try await desk.describe(card))
        let policy = try #require(description.spending?.policy)
        #expect(Set(policy.exceptions.map(\.minorUnitsMax)) == [1, 2, 3])
        #expect(policy.isFrozen && description.isBlocked)
        #expect(try await world.cardAuditor.run {}.findings == [])
    }

    @Test func `a setting that cannot be stored is not made`() async throws {
        let world = try await World()
        world.opalStore.commits.script(.refuse(.diskFull))
        await #expect(throws: EmulatorFailure.store(.diskFull)) {
            try await world.desk.freeze(true, world.cards[0], by: "guardian")
        }
        #expect(try await world.desk.policy(of: world.cards[0]).get() == nil)
        world.opalStore.commits.script(.conflict)
        _ = try await world.desk.freeze(true, world.cards[0], by: "guardian").get()
    }

    // MARK: What merchants sell

    private func onlyFood(_ limits: inout SpendingLimits) throws {
        let food = try #require(MerchantCategory("5812"))
        limits.categories = try #require(SpendingRule(.only, [food]))
    }

    private func set(_ digits: String?, _ world: World) async throws {
        try await world.desk.merchants.set(
            digits.flatMap { MerchantCategory($0) },
            of: world.shops[0].merchant,
            by: "operator",
            now: world.now
        )
    }

    private func entry(_ world: World) async throws -> Record {
        let records = try await world.opalStore.inner.list(
            MerchantDirectory.kind,
            after: nil,
            limit: 2,
            order: .ascending
        )
        #expect(records.count == 1)
        return try #require(records.first)
    }

    @Test(arguments: ComparisonPolicy.allCases)
    func `a merchant is paid in a category that is allowed, and in no other`(
        policy: ComparisonPolicy
    ) async throws {
        var plan = WorldPlan()
        plan.policies = [policy]
        let world = try await World(plan)
        try await world.limit(0, onlyFood)
        #expect(await world.pay(try await world.offer().page) == .refusedByLimit(.category(nil)))
        try await set("5812", world)
        #expect(await world.pay(try await world.offer().page).isPaid)
        try await set("7995", world)
        let games = MerchantCategory("7995")
        #expect(
            await world.pay(try await world.offer().page) == .refusedByLimit(.category(games))
        )
        try await set(nil, world)
        #expect(await world.pay(try await world.offer().page) == .refusedByLimit(.category(nil)))
        #expect(try await world.desk.merchants.merchants().map(\.category) == [nil])
        try await world.expectSound(balance: 9850, sold: 1)
        #expect(try await world.cardAuditor.run {}.findings == [])
    }

    @Test func `who edits the database moves no merchant into another category`() async throws {
        let world = try await World()
        let store = world.opalStore.inner
        try await world.limit(0, onlyFood)
        try await set("5812", world)
        let food = try await entry(world)
        try await set("7995", world)
        let games = try await entry(world)
        func attack(_ body: [UInt8]?, revision: UInt64, _ finding: String?) async throws {
            let present = try await store.read(games.key)?.revision ?? 0
            if present > 0 {
                let delete = RecordWrite.delete(games.key, expectedRevision: present)
                #expect(try await store.commit(Transition(writes: [delete])) == .committed)
            }
            if let body {
                for expected in 0..<revision {
                    let put = RecordWrite.put(games.key, expectedRevision: expected, body: body)
                    #expect(try await store.commit(Transition(writes: [put])) == .committed)
                }
            }
            guard case .refusedByLimit = await world.pay(try await world.offer().page) else {
                Issue.record("paid")
                return
            }
            let found = try await world.cardAuditor.run {}.findings.map(\.problem)
            #expect(found == [finding].compactMap { $0 })
        }
        var changed = games.body
        changed[20] ^= 1
        try await attack(changed, revision: 2, "does not open")
        try await attack(food.body, revision: 2, "does not open")
        // The older entry as it was: its history has one row more.
        try await attack(food.body, revision: 1, "is behind the last one of its record")
        // Without an entry it has no category, and a list of either kind refuses it. The audit of
        // all databases names the history that is left.
        try await attack(nil, revision: 0, nil)
        let list = try #require(MerchantCategory("7995"))
        try await world.limit {
            $0.categories = try #require(SpendingRule(.except, [list]))
        }
        #expect(await world.pay(try await world.offer().page) == .refusedByLimit(.category(nil)))
        try await attack(games.body, revision: 2, nil)
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test func `an entry that was put back is not changed any further`() async throws {
        let world = try await World()
        let store = world.opalStore.inner
        try await set("5812", world)
        let food = try await entry(world)
        try await set("7995", world)
        let delete = RecordWrite.delete(food.key, expectedRevision: 2)
        let put = RecordWrite.put(food.key, expectedRevision: 0, body: food.body)
        #expect(try await store.commit(Transition(writes: [delete])) == .committed)
        #expect(try await store.commit(Transition(writes: [put])) == .committed)
        await #expect(throws: EmulatorFailure.setBack) { try await set("5411", world) }
    }
}
