// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer
import Simulation
import Testing
import Wire

/// Two tabs, and results at the wrong address.
@Suite struct TabTests {
    private func payTwice(
        _ seed: UInt64,
        cards: [Int]
    ) async throws -> (World, OrderPage, [PurchaseOutcome]) {
        let world = try await World()
        let (_, page) = try await world.offer()
        let outcomes = await withTaskExecutorPreference(SeededExecutor(seed: seed)) {
            await withTaskGroup(of: PurchaseOutcome.self) { group in
                for card in cards { group.addTask { await world.pay(page, with: card) } }
                return await group.reduce(into: [PurchaseOutcome]()) { $0.append($1) }
            }
        }
        return (world, page, outcomes)
    }

    @Test(arguments: UInt64(1)...30)
    func `two tabs that pay one order at the same time with one card pay it once`(
        seed: UInt64
    ) async throws {
        let (world, page, outcomes) = try await payTwice(seed, cards: [0, 0])
        for outcome in outcomes {
            switch outcome {
            case .paid, .pending, .refused(.orderInProgress): break
            case .refused(let refusal): Issue.record("told \(refusal)")
            case .refusedByLimit(let refusal): Issue.record("told \(refusal)")
            }
        }
        #expect(await world.outcome(of: page).isPaid)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test(arguments: UInt64(1)...30)
    func `two tabs that pay one order at the same time with two cards pay it once`(
        seed: UInt64
    ) async throws {
        let (world, _, outcomes) = try await payTwice(seed, cards: [0, 1])
        #expect(outcomes.count(where: \.isPaid) == 1)
        for outcome in outcomes where !outcome.isPaid {
            #expect(
                outcome == .refused(.orderInProgress) || outcome == .refused(.orderAlreadyPaid)
            )
        }
        let sum = try await world.balance(0) + world.balance(1)
        #expect(sum == 19_850)
        try await world.expectSound(sold: 1)
    }

    @Test(arguments: UInt64(1)...20)
    func `two orders paid at the same time with one card cannot overdraw it`(
        seed: UInt64
    ) async throws {
        var plan = WorldPlan()
        plan.cardValues = [200]
        let world = try await World(plan)
        let pages = [try await world.offer().page, try await world.offer().page]
        let outcomes = await withTaskExecutorPreference(SeededExecutor(seed: seed)) {
            await withTaskGroup(of: PurchaseOutcome.self) { group in
                for page in pages { group.addTask { await world.pay(page) } }
                return await group.reduce(into: [PurchaseOutcome]()) { $0.append($1) }
            }
        }
        #expect(outcomes.count(where: \.isPaid) == 1)
        try await world.expectSound(balance: 50, sold: 1)
    }

    @Test func `a forged result at the status URL delivers nothing`() async throws {
        let world = try await World()
        let (ticket, page) = try await world.offer()
        let result = try #require(await world.pay(page).receipt).resultForMerchant
        for position in stride(from: 0, to: result.count, by: 7) {
            var forged = result
            forged[position] ^= 1
            await #expect(throws: OrderFailure.self) { try await world.fetch(forged, ticket) }
        }
        for forged in [[], Array(result.dropLast()), result + result, Array("e30.e30".utf8)] {
            await #expect(throws: OrderFailure.resultForged) {
                try await world.fetch(forged, ticket)
            }
        }
        await #expect(throws: OrderFailure.notPaid(.open)) { try await world.deliver(ticket) }
        _ = try await world.fetch(result, ticket)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `the result of another order, or of another merchant, delivers nothing`()
        async throws
    {
        var plan = WorldPlan()
        plan.merchants = 2
        let world = try await World(plan)
        let (paidTicket, page) = try await world.offer()
        let result = try #require(await world.pay(page).receipt).resultForMerchant
        let (ticket, _) = try await world.offer()
        await #expect(throws: OrderFailure.resultForged) { try await world.fetch(result, ticket) }
        let (foreign, _) = try await world.offer(at: 1)
        await #expect(throws: OrderFailure.resultForged) {
            try await world.fetch(result, foreign, at: 1)
        }
        await #expect(throws: OrderFailure.unknownOrder) {
            try await world.fetch(result, paidTicket, at: 1)
        }
        _ = try await world.fetch(result, paidTicket)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a result C in the place of a result M delivers nothing`() async throws {
        let world = try await World()
        let (ticket, page) = try await world.offer()
        #expect(await world.pay(page).isPaid)
        let response = try world.link.exchanges[1].response.get()
        guard case .debitResult(_, let forCard, _) = try PartyMessage(response) else {
            Issue.record("The payment server answered no result.")
            return
        }
        await #expect(throws: OrderFailure.resultForged) { try await world.fetch(forCard, ticket) }
        try await world.expectSound(balance: 9850, sold: 1)
    }
}
