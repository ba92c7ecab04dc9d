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

/// What comes a second time changes nothing and is answered alike.
@Suite struct ReplayTests {
    @Test func `a page that was paid is paid again with the same receipt and takes nothing`()
        async throws
    {
        let world = try await World()
        let (_, page) = try await world.offer()
        let first = await world.pay(page)
        #expect(first.isPaid)
        #expect(await world.pay(page) == first)
        #expect(try await world.balance() == 9850)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a paid page is still paid when too little value is left on the card`() async throws
    {
        var plan = WorldPlan()
        plan.cardValues = [200]
        let world = try await World(plan)
        let (_, page) = try await world.offer()
        let first = await world.pay(page)
        #expect(first.isPaid)
        #expect(await world.pay(page) == first)
        try await world.expectSound(balance: 50, sold: 1)
    }

    @Test func `a paid page is still paid when the order is too old or the card is blocked`()
        async throws
    {
        let world = try await World()
        let (_, page) = try await world.offer()
        let first = await world.pay(page)
        world.clock.advance(by: .seconds(3600))
        #expect(await world.pay(page) == first)
        _ = try await world.desk.setBlocked(true, world.cards[0])
        #expect(await world.pay(page) == first)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a page that was paid with one card is refused for another`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        #expect(await world.pay(page, with: 0).isPaid)
        #expect(await world.pay(page, with: 1) == .refused(.orderAlreadyPaid))
        #expect(try await world.balance(1) == 10_000)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a replayed draw request gets the same bytes while the sale is drawn`() async throws
    {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.link.plan.script(.dropRequest, at: 2)
        #expect(await world.pay(page).isPending)
        let exchange = world.link.exchanges[0]
        let again = await world.payments.answer(exchange.request, from: "opal-server")
        #expect(again == (try exchange.response.get()))
        #expect(await world.outcome(of: page).isPaid)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a replayed draw request of a paid order is refused`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        #expect(await world.pay(page).isPaid)
        let request = world.link.exchanges[0].request
        let answer = await world.payments.answer(request, from: "opal-server")
        #expect(
            try PartyMessage(answer) == .refusal(page.terms.transaction, .orderAlreadyPaid)
        )
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test(arguments: UInt64(1)...20)
    func `a draw request and a debit response that come twice at once are sold once`(
        seed: UInt64
    ) async throws {
        try await withTaskExecutorPreference(SeededExecutor(seed: seed)) {
            let world = try await World()
            let (_, page) = try await world.offer()
            world.link.plan.script(.duplicate, forNext: 2)
            _ = await world.pay(page)
            #expect(await world.outcome(of: page).isPaid)
            try await world.expectSound(balance: 9850, sold: 1)
        }
    }

    @Test func `a replayed debit command is not done by the card`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        #expect(await world.pay(page).isPaid)
        let ledger = await Ledger(world)
        let draw = try #require(ledger.draws[page.terms.transaction])
        let emulator = Emulator(
            module: world.cardModule,
            store: world.opalStore,
            random: world.random
        )
        let clock = world.clock
        let reader = PseudoReader(world.cards[0], emulator: emulator, now: { clock.now })
        let debit = PurseCommand.debit(draw.command).apdu.bytes
        // Without an Initialize, and then with a new one: S2 is for another R.
        #expect(
            try ResponseAPDU(try await reader.transmit(debit)).status == .conditionsNotSatisfied
        )
        _ = try await ClientCode(reader).draw(.purchase, page.terms, at: world.now)
        #expect(try ResponseAPDU(try await reader.transmit(debit)).status == .signatureWrong)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a replayed debit response gets the same result and is counted once`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        #expect(await world.pay(page).isPaid)
        let exchange = world.link.exchanges[1]
        for _ in 0..<3 {
            let again = await world.payments.answer(exchange.request, from: "opal-server")
            #expect(again == (try exchange.response.get()))
        }
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a replayed result is answered alike and delivers once`() async throws {
        let world = try await World()
        let (ticket, page) = try await world.offer()
        let result = try #require(await world.pay(page).receipt).resultForMerchant
        let first = try await world.fetch(result, ticket)
        let second = try await world.fetch(result, ticket)
        #expect(first.isFirst && !second.isFirst)
        try await world.expectSound(balance: 9850, sold: 1)
    }
}
