// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer
import Records
import SecurityModule
import Simulation
import Testing
import Wire

/// Each party is started again between any two steps.
@Suite struct RestartTests {
    /// Between which steps of a purchase.
    enum Moment: CaseIterable, CustomTestStringConvertible {
        case beforeDraw, afterDraw, beforeResponse, afterResponse

        var testDescription: String { "\(self)" }

        /// Has something happen at this moment.
        func script(_ world: World, _ happen: @escaping @Sendable () async -> Void) {
            let change: FaultyLink.Alteration = { bytes in
                await happen()
                return bytes
            }
            switch self {
            case .beforeDraw: world.link.plan.script(.alterRequest(change), at: 1)
            case .afterDraw: world.link.plan.script(.alterResponse(change), at: 1)
            case .beforeResponse: world.link.plan.script(.alterRequest(change), at: 2)
            case .afterResponse: world.link.plan.script(.alterResponse(change), at: 2)
            }
        }
    }

    @Test(arguments: Moment.allCases)
    func `a payment server that is started again in a purchase goes on with it`(
        _ moment: Moment
    ) async throws {
        let world = try await World()
        let (ticket, page) = try await world.offer()
        moment.script(world) { try? await world.restartPaymentServer() }
        let outcome = await world.pay(page)
        #expect(outcome.isPaid)
        _ = try await world.fetch(try #require(outcome.receipt).resultForMerchant, ticket)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test(arguments: Moment.allCases)
    func `an OPAL server that stops in a purchase and is started again loses nothing`(
        _ moment: Moment
    ) async throws {
        let world = try await World()
        let (ticket, page) = try await world.offer()
        // A stopped server neither sends nor hears anything more.
        switch moment {
        case .beforeDraw: world.link.plan.script(.dropRequest, forNext: 2)
        case .afterDraw: world.link.plan.script(.dropResponse, forNext: 2)
        case .beforeResponse: world.link.plan.script(.dropRequest, at: 2)
        case .afterResponse: world.link.plan.script(.dropResponse, at: 2)
        }
        let wasDebited = moment == .beforeResponse || moment == .afterResponse
        let outcome = await world.pay(page)
        #expect(outcome == .refused(.paymentServerSilent) || (wasDebited && outcome.isPending))
        world.restartOPALServer()
        await world.purchases.settleOpenDraws(olderThan: .zero)
        let view = try await world.merchant().ask(ticket.transaction, now: world.now)
        #expect(view.state == (wasDebited ? .paid : .open))
        try await world.expectSound(balance: wasDebited ? 9850 : 10_000, sold: wasDebited ? 1 : 0)
    }

    @Test(arguments: Moment.allCases)
    func `a merchant that is started again in a purchase delivers it`(
        _ moment: Moment
    ) async throws {
        let world = try await World()
        let (ticket, page) = try await world.offer()
        moment.script(world) { world.restartMerchant() }
        let result = try #require(await world.pay(page).receipt).resultForMerchant
        world.restartMerchant()
        _ = try await world.merchant().receive(result, of: ticket.transaction, now: world.now)
        world.restartMerchant()
        #expect(try await world.deliver(ticket).isFirst)
        world.restartMerchant()
        #expect(try await !world.deliver(ticket).isFirst)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `all parties are started again after each step`() async throws {
        let world = try await World()
        func restart() async throws {
            try await world.restartPaymentServer()
            world.restartOPALServer()
            world.restartMerchant()
        }
        let ticket = try await world.order()
        try await restart()
        let page = try await world.page(ticket)
        try await restart()
        world.link.plan.script(.dropResponse, at: 2)
        #expect(await world.pay(page).isPending)
        try await restart()
        let outcome = await world.outcome(of: page)
        try await restart()
        let result = try #require(outcome.receipt).resultForMerchant
        _ = try await world.merchant().receive(result, of: ticket.transaction, now: world.now)
        try await restart()
        _ = try await world.deliver(ticket)
        try await restart()
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `the number of a security card is never used again after a restart`() async throws {
        var plan = WorldPlan()
        plan.terminals = 1
        let world = try await World(plan)
        for index in 0..<12 {
            let (_, page) = try await world.offer(1)
            switch index % 4 {
            case 0: break
            // The draw is durable, and nobody hears of it.
            case 1: world.link.plan.script(.dropResponse, forNext: 2)
            case 2: world.paymentStore.commits.script(.loseAnswer)
            default: world.paymentStore.commits.script(.refuse(.diskFull))
            }
            _ = await world.pay(page)
            try await world.restartPaymentServer()
        }
        try await world.expectSound()
        let ledger = await Ledger(world)
        let numbers = ledger.sales.values.map(\.command.securityCardNumber).sorted()
        #expect(numbers == Array(1...UInt32(numbers.count)))
        #expect(ledger.securityCards[0].lastNumber == UInt32(numbers.count))
    }

    @Test func `two payment servers on one database count nothing twice`() async throws {
        let world = try await World()
        let old = world.payments
        let (_, page) = try await world.offer()
        world.link.plan.script(.dropRequest, at: 2)
        #expect(await world.pay(page).isPending)
        try await world.restartPaymentServer()
        #expect(await world.outcome(of: page).isPaid)
        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        // The old one still holds the sale.
        #expect(await old.giveUpLateSales() == 0)
        for exchange in world.link.exchanges {
            _ = await old.answer(exchange.request, from: "opal-server")
        }
        try await world.expectSound(balance: 9850, sold: 1)
    }
}
