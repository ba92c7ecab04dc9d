// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer
import Merchant
import OPALServer
import PaymentServer
import Testing
import Wire

@testable import Simulation

/// Money and points for one article, where a terminal drops out at the wrong moment.
@Suite struct MixedPaymentTests {
    @Test func `a half that is left to its security card is not sold without the other`()
        async throws
    {
        let world = try await World.withMember(points: 20)
        let loyalty = try #require(world.loyalty)
        let ticket = try await world.order(loyalty.goods.mixed[0], at: LoyaltyHost.site)
        let page = try await world.page(ticket, at: LoyaltyHost.site)
        // Both halves are drawn and debited, and the payment server is not told.
        for number in 3...8 { world.link.plan.script(.dropRequest, at: number) }
        guard case .pending = await world.pay(page) else { throw OrderFailure.busy }
        world.clearFaults()
        // It is about to give one up, and the terminal does not hear of it.
        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        world.hosts[0].link.plan.script(.dropRequest)
        await world.payments.giveUpLateSales()
        #expect(world.areFaultsSpent)
        // Now the right answers come.
        await world.payments.refreshTerminals()
        await world.purchases.settleOpenDraws(olderThan: .zero)
        #expect(await Invariants.check(world) == [])
        #expect(await world.settleAll())
        #expect(await Invariants.check(world, isSettled: true) == [])
        #expect(try await world.balance() == 10_000)
    }
}

extension World {
    /// A world with a terminal on another host, and points on the first card.
    static func withMember(points: UInt64) async throws -> World {
        var plan = WorldPlan()
        (plan.terminals, plan.remoteTerminals) = (0, 1)
        plan.policies = [.paymentServer]
        plan.hasProgramme = true
        let world = try await World(plan)
        let loyalty = try #require(world.loyalty)
        let ticket = try await world.order(loyalty.goods.entry, at: LoyaltyHost.site)
        let page = try await world.page(ticket, at: LoyaltyHost.site)
        guard case .paid(let receipt) = await world.pay(page), let form = await world.form(receipt)
        else { throw OrderFailure.busy }
        _ = try await world.fetch(form, ticket, at: LoyaltyHost.site)
        let settlement = try await world.merchant(LoyaltyHost.site).receive(
            form.result,
            of: ticket.transaction,
            now: world.now
        ).order.settlement
        let name = try #require(settlement).cardPseudonym
        let card = try #require(CardPseudonym(text: name))
        let member = try await loyalty.module.enrol(
            card,
            proof: ticket.transaction,
            in: loyalty.onCards.code,
            now: world.now
        ).membership
        let digest = world.random.bytes(EarnBatch.Name.digestBytes)
        let file = try #require(EarnBatch.Name(programme: member.programme, digest: digest))
        _ = try await loyalty.module.begin(
            file,
            fileName: "points.csv",
            header: Array(EarnFile.header.utf8)[...],
            lines: 1,
            now: world.now
        )
        let line = "F-1,\(member.number.text),\(points),2026-05-20"
        _ = try await loyalty.module.apply(
            [Array(line.utf8)[...]],
            of: file,
            from: 0,
            now: world.now
        )
        for _ in 0..<2 { await world.tidyPoints() }
        return world
    }
}
