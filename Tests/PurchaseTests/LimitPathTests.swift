// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import ClientCode
import Kernel
import Merchant
import OPALServer
import PaymentServer
import Simulation
import Testing
import Wire

/// Limits by another path than the card site's, and limits that change while the card pays.
@Suite struct LimitPathTests {
    private static let policies = ComparisonPolicy.allCases
    private static let price: UInt64 = 150

    private func world(_ policy: ComparisonPolicy) async throws -> World {
        var plan = WorldPlan()
        plan.policies = [policy]
        return try await World(plan)
    }

    @Test(arguments: LimitTests.kinds, policies.filter(\.suitsCardInReader))
    func `a card in a reader is refused by each kind of limit`(
        kind: LimitTests.Kind,
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        let terminal = await ReaderTerminal(world)
        let (_, page) = try await world.offer()
        try await world.limit { try kind.set(&$0, world) }
        #expect(await terminal.pay(page) == .notTaken(.refused(.refusedByLimit)))
        #expect(terminal.memory.open.isEmpty)
        #expect(try await world.balance() == 10_000)

        // Without it, the same terminal pays.
        _ = try await world.desk.setLimits(nil, of: world.cards[0], by: "guardian").get()
        guard case .paid = await terminal.pay(try await world.offer().page) else {
            Issue.record("not paid")
            return
        }
        await world.payments.countSales()
        #expect(try await world.balance() == 10_000 - Self.price)
        #expect(try await world.cardAuditor.run {}.findings == [])
        #expect(try await world.saleAudit.run {}.findings == [])
    }

    @Test(arguments: policies.filter(\.suitsCardInReader))
    func `a card in a reader uses a limit to its last cent`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        try await world.limit {
            $0.purchaseMax = Self.price
            $0.day.minorUnitsMax = Self.price
        }
        let terminal = await ReaderTerminal(world)
        guard case .paid = await terminal.pay(try await world.offer().page) else {
            Issue.record("not paid")
            return
        }
        let next = try await world.offer()
        #expect(await terminal.pay(next.page) == .notTaken(.refused(.refusedByLimit)))
        #expect(try await world.balance() == 10_000 - Self.price)
    }

    /// What became of a purchase while a limit was set that refuses it.
    private enum Order: Hashable { case paidFirst, limitedFirst }

    /// Who sets the limit begins later with each seed.
    private func race(_ policy: ComparisonPolicy, seed: UInt64) async throws -> Order {
        let world = try await world(policy)
        let (_, page) = try await world.offer()
        let (outcome, isLimited) = await withTaskExecutorPreference(SeededExecutor(seed: seed)) {
            async let paying = world.pay(page)
            for _ in 0..<10 * seed { await Task.yield() }
            let limited: Void? = try? await world.limit { $0.purchaseMax = Self.price - 1 }
            return (await paying, limited != nil)
        }
        #expect(isLimited, "a guardian is not kept waiting by a purchase")
        let rows = try await world.desk.history(world.cards[0], after: 0, limit: 9)
        var order: [String] = []
        for row in rows {
            switch row.entry.event {
            case .debit: order.append("debit")
            case .setting: order.append("limits")
            default: break
            }
        }
        if outcome.isPaid {
            #expect(order == ["debit", "limits"])
        } else {
            #expect(order == ["limits"])
            switch outcome {
            case .refusedByLimit(.purchase(most: Self.price - 1)), .refused(.cardChanged): break
            default: Issue.record("\(outcome)")
            }
        }
        let (_, next) = try await world.offer()
        #expect(await world.pay(next) == .refusedByLimit(.purchase(most: Self.price - 1)))
        try await world.expectSound(
            balance: outcome.isPaid ? 10_000 - Self.price : 10_000,
            sold: outcome.isPaid ? 1 : 0
        )
        #expect(try await world.cardAuditor.run {}.findings == [])
        return outcome.isPaid ? .paidFirst : .limitedFirst
    }

    @Test(arguments: policies)
    func `limits that are set while the card pays come before the debit or behind it`(
        policy: ComparisonPolicy
    ) async throws {
        var seen: Set<Order> = []
        for seed in UInt64(1)...40 { seen.insert(try await race(policy, seed: seed)) }
        #expect(seen == [.paidFirst, .limitedFirst], "both orders were seen")
    }
}
