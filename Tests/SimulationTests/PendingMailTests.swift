// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import PaymentServer
import Simulation
import Testing
import Wire

/// A payment that was told as pending ends with one mail, whoever ends it.
@Suite struct PendingMailTests {
    private func world() async throws -> World {
        var plan = WorldPlan()
        plan.hasCardholders = true
        return try await World(plan)
    }

    private func mails(_ world: World) async -> [SettlementMail] { await Ledger(world).mails }

    @Test func `a payment that was never pending has no mail`() async throws {
        let world = try await world()
        let page = try await world.page(try await world.order())
        guard case .paid = await world.pay(page) else { throw Refusal.malformed }
        #expect(await world.settleAll())
        #expect(await mails(world).isEmpty)
    }

    @Test func `who was told that it is pending gets a mail though a second click ends it at once`()
        async throws
    {
        let world = try await world()
        let page = try await world.page(try await world.order())
        world.link.plan.script(.dropRequest, at: 2)
        guard case .pending = await world.pay(page) else { throw Refusal.malformed }
        #expect(await mails(world).isEmpty)
        guard case .paid = await world.pay(page) else { throw Refusal.malformed }
        let told = try #require(await mails(world).first)
        #expect(told.isPaid && told.transaction == page.terms.transaction)
        #expect(await world.settleAll())
        #expect(await mails(world).count == 1)
    }

    @Test func `an outcome that is stored though the store did not say so is told`() async throws {
        let world = try await world()
        let page = try await world.page(try await world.order())
        world.opalStore.commits.script(.loseAnswer, at: 2)
        guard case .paid = await world.pay(page) else { throw Refusal.malformed }
        #expect(await mails(world).isEmpty)
    }

    @Test func `what was put back is told by a mail`() async throws {
        let world = try await world()
        let page = try await world.page(try await world.order())
        world.link.plan.script(.dropRequest, at: 2)
        guard case .pending = await world.pay(page) else { throw Refusal.malformed }
        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        await world.payments.giveUpLateSales()
        guard case .refused(.orderGivenUp) = await world.pay(page) else { throw Refusal.malformed }
        let told = try #require(await mails(world).first)
        #expect(!told.isPaid && told.to == "holder-1@example.org")
    }
}
