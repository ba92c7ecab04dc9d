// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import PaymentServer
import Records
import Simulation
import Testing
import Wire

/// Stores that do what they are asked, or not, and do not say which.
@Suite struct LostAnswerTests {
    @Test func `a sale whose counting became durable without an answer is paid`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.paymentStore.commits.script(.loseAnswer, at: 2)
        #expect(await world.pay(page).isPaid)
        #expect(world.leasedTerminals.isEmpty)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a sale whose counting is not known for a while is pending, then paid`()
        async throws
    {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.paymentStore.commits.script(.loseAnswer, at: 2)
        // One read for the draw; then all that follow the counting.
        for number in 2...6 {
            world.paymentStore.reads.script(.unavailable("a fault"), at: number)
        }
        #expect(await world.pay(page).isPending)
        #expect(await world.outcome(of: page).isPaid)
        #expect(world.leasedTerminals.isEmpty)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a draw that became durable without an answer can be paid`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.paymentStore.commits.script(.loseAnswer)
        #expect(await world.pay(page).isPaid)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a terminal whose memory became old without notice serves the sale all the same`()
        async throws
    {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.paymentStore.commits.script(.loseAnswer)
        // The read of the sale succeeds, that of the security card's memory does not.
        world.paymentStore.reads.script(.unavailable("a fault"), at: 2)
        #expect(await world.pay(page).isPaid)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a draw that met another change of the security card is busy and works next time`()
        async throws
    {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.paymentStore.commits.script(.conflict)
        #expect(await world.pay(page) == .refused(.busy))
        #expect(await world.pay(page).isPaid)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a debit that became durable without an answer is paid`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.opalStore.commits.script(.loseAnswer)
        let outcome = await world.pay(page)
        #expect(outcome.isPaid)
        #expect(await world.pay(page) == outcome)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a debit of which nobody knows is pending and never told as a failure`()
        async throws
    {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.opalStore.commits.script(.loseAnswer)
        // The card is read at its reset; all that comes after DEBIT fails.
        for number in 2...7 {
            world.opalStore.reads.script(.unavailable("a fault"), at: number)
        }
        let outcome = await world.pay(page)
        #expect(outcome.isPending)
        #expect(outcome.receipt?.balance == 9850)
        #expect(await world.outcome(of: page).isPaid)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a debit that did not happen though nobody knew leaves the value on the card`()
        async throws
    {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.opalStore.commits.script(.refuse(.unavailable("a fault")))
        for number in 2...7 {
            world.opalStore.reads.script(.unavailable("a fault"), at: number)
        }
        #expect(await world.pay(page).isPending)
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test func `a receipt whose draw cannot be read right after the debit is still paid`()
        async throws
    {
        let world = try await World()
        let (_, page) = try await world.offer()
        for number in 4...9 {
            world.opalStore.reads.script(.unavailable("a fault"), at: number)
        }
        #expect(await world.pay(page).isPaid)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `an outcome that cannot be stored is pending and paid later`() async throws {
        for fault: FaultyStore.Fault in [
            .refuse(.diskFull), .refuse(.locked), .loseAnswer, .conflict,
        ] {
            let world = try await World()
            let (_, page) = try await world.offer()
            world.opalStore.commits.script(fault, at: 2)
            _ = await world.pay(page)
            #expect(await world.outcome(of: page).isPaid)
            try await world.expectSound(balance: 9850, sold: 1)
        }
    }

    @Test func `a recovery that cannot be stored is done later, once`() async throws {
        for fault: FaultyStore.Fault in [
            .refuse(.diskFull), .refuse(.locked), .loseAnswer, .conflict,
        ] {
            let world = try await World()
            let (_, page) = try await world.offer()
            world.link.plan.script(.dropRequest, at: 2)
            #expect(await world.pay(page).isPending)
            world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
            await world.payments.giveUpLateSales()
            world.opalStore.commits.script(fault)
            await world.purchases.settleOpenDraws(olderThan: .zero)
            try await world.expectSound(balance: 10_000, sold: 0)
        }
    }
}
