// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import PaymentServer
import Records
import Simulation
import Testing
import Wire

/// A card that does not debit after the payment server has begun the sale.
@Suite struct NotDebitedTests {
    @Test func `a debit that could not be stored is told as one that needs a new order`()
        async throws
    {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.opalStore.commits.script(.refuse(.diskFull))
        #expect(await world.pay(page) == .refused(.notDebited))
        #expect(await world.pay(page) == .refused(.orderGivenUp))
        let (_, next) = try await world.offer()
        #expect(await world.pay(next).isPaid)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `a card that was busy is told as one that needs a new order`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.opalStore.commits.script(.conflict)
        #expect(await world.pay(page) == .refused(.cardChanged))
        #expect(await world.pay(page) == .refused(.orderGivenUp))
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test func `a refusal that a new order alone helps with is not called transient`() {
        #expect(!Refusal.notDebited.isTransient && !Refusal.cardChanged.isTransient)
    }
}
