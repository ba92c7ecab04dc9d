// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer
import Simulation
import Testing
import Wire

/// A payment server that does not answer, and what becomes of the value.
@Suite struct SilenceTests {
    @Test func `a payment server that is silent before the draw takes nothing`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.stopPaymentServer()
        #expect(await world.pay(page) == .refused(.paymentServerSilent))
        #expect(try await world.balance() == 10_000)
        try await world.restartPaymentServer()
        #expect(await world.pay(page).isPaid)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a draw request whose response was lost is sent again with the same bytes`()
        async throws
    {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.link.plan.script(.dropResponse)
        #expect(await world.pay(page).isPaid)
        let exchanges = world.link.exchanges
        #expect(exchanges.count == 3 && exchanges[0].request == exchanges[1].request)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a payment server that is silent after the debit leaves it pending, then paid`()
        async throws
    {
        let world = try await World()
        let (ticket, page) = try await world.offer()
        world.link.plan.script(.refuse(.notSent), at: 2)
        let outcome = await world.pay(page)
        #expect(outcome.isPending)
        #expect(outcome.receipt?.balance == 9850)
        #expect(await world.purchases.settleOpenDraws(olderThan: .zero) == 1)
        let paid = await world.pay(page)
        #expect(paid.isPaid)
        let result = try #require(paid.receipt).resultForMerchant
        _ = try await world.fetch(result, ticket)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a debit response is sent again with the same bytes and answered alike`()
        async throws
    {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.link.plan.script(.dropResponse, at: 2)
        world.link.plan.script(.dropResponse, at: 3)
        #expect(await world.pay(page).isPending)
        #expect(await world.purchases.settleOpenDraws(olderThan: .zero) == 0)
        #expect(await world.purchases.settleOpenDraws(olderThan: .zero) == 1)
        let responses = world.link.exchanges.dropFirst()
        #expect(responses.count == 3)
        #expect(Set(responses.map(\.request)).count == 1)
        let last = try #require(responses.last)
        #expect(
            await world.payments.answer(last.request, from: "opal-server")
                == (try last.response.get())
        )
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a sale that was given up puts the value back exactly once`() async throws {
        let world = try await World()
        let (ticket, page) = try await world.offer()
        world.link.plan.script(.dropRequest, at: 2)
        #expect(await world.pay(page).isPending)
        #expect(try await world.balance() == 9850)
        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        #expect(await world.payments.giveUpLateSales() == 1)
        #expect(await world.purchases.settleOpenDraws(olderThan: .zero) == 1)
        #expect(try await world.balance() == 10_000)
        for _ in 0..<3 { await world.tidy() }
        #expect(await world.pay(page) == .refused(.orderGivenUp))
        let history = try await world.desk.history(world.cards[0], after: 0, limit: 10)
        #expect(history.count == 3, "load, debit, recovery")
        guard case .debit(let debit) = history[1].entry.event,
            case .recovery(_, _, let recovery, _) = history[2].entry.event
        else {
            Issue.record("The history shows debit and recovery.")
            return
        }
        #expect(debit.answer.number == recovery.number)
        #expect(history[2].entry.movement?.balance == 10_000)
        let view = try await world.merchant().ask(ticket.transaction, now: world.now)
        #expect(view.state == .unpaid)
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test func `value comes back to a card that was blocked in between`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.link.plan.script(.dropRequest, at: 2)
        #expect(await world.pay(page).isPending)
        _ = try await world.desk.setBlocked(true, world.cards[0])
        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test func `an answer that comes after the sale was given up is not counted`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.link.plan.script(.late, at: 2)
        #expect(await world.pay(page).isPending)
        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        await world.payments.giveUpLateSales()
        await world.link.deliverLate()
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test func `a sale that was counted is never given up`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.link.plan.script(.dropResponse, at: 2)
        #expect(await world.pay(page).isPending)
        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        #expect(await world.payments.giveUpLateSales() == 0)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a browser that was closed loses nothing, because the merchant asks`() async throws {
        let world = try await World()
        let (ticket, page) = try await world.offer()
        #expect(await world.pay(page).isPaid)
        #expect(
            try await world.merchant().ask(ticket.transaction, now: world.now).state == .paid
        )
        _ = try await world.deliver(ticket)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `the payment server says whether an order that it does not know may still come`()
        async throws
    {
        let world = try await World()
        let (ticket, page) = try await world.offer()
        func answer() async throws -> PartyMessage? {
            _ = try? await world.merchant().ask(ticket.transaction, now: world.now)
            return try world.shops[0].link.exchanges.last.map {
                try PartyMessage(try $0.response.get())
            }
        }
        world.clock.advance(by: PurchaseLimits.orderTime + .seconds(1))
        // Too old for a draw, but by another clock perhaps not.
        #expect(await world.pay(page) == .refused(.orderTooOld))
        #expect(try await answer() == .refusal(ticket.transaction, .orderUnknown))
        world.clock.advance(by: PurchaseLimits.clockSkew)
        #expect(try await answer() == .refusal(ticket.transaction, .orderTooOld))
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test(arguments: ComparisonPolicy.allCases)
    func `a payment that comes after the shop has given the order up is paid and delivered once`(
        policy: ComparisonPolicy
    ) async throws {
        var plan = WorldPlan()
        plan.policies = [policy]
        let world = try await World(plan)
        let (ticket, page) = try await world.offer()
        world.shops[0].link.plan.script(
            .alterResponse { _ in PartyMessage.refusal(ticket.transaction, .orderTooOld).bytes }
        )
        // Its clock is wrong, and so is what it is told.
        let given = try await world.merchant().ask(
            ticket.transaction,
            now: world.now.adding(.seconds(5 * 3600))
        )
        #expect(given.state == .unpaid)
        let receipt = try #require(await world.pay(page).receipt)
        let form = try #require(await world.form(receipt))
        #expect(try await world.fetch(form, ticket).isFirst)
        #expect(try await !world.fetch(form, ticket).isFirst)
        try await world.expectSound(balance: 9850, sold: 1)
    }
}
