// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import PaymentServer
import Records
import Simulation
import Testing
import Wire

/// What a payment server is told is kept, and decides whether it draws.
@Suite struct TakenUpdateTests {
    private let clearingHouse = PlayedClearingHouse()
    private var link: DirectLink { DirectLink(to: clearingHouse, as: "payment-server") }

    /// What a payment server that was told these answers to a draw request that has not reached
    /// another one.
    private func answer(after updates: [SchemeUpdate], in world: World) async throws -> Refusal? {
        clearingHouse.change { $0.updates += updates }
        let told = world.schemeUpdates()
        try await told.load()
        #expect(try await told.refresh(over: link) == updates.count)
        // Started anew, it knows the same.
        let kept = world.schemeUpdates()
        try await kept.load()
        #expect(try await kept.refresh(over: link) == 0)
        let module = try await world.paymentServer(updates: kept)
        let page = try await world.page(try await world.order(0))
        world.link.plan.script(.refuse(.notSent), forNext: 2)
        _ = await world.pay(page)
        world.link.plan.clear()
        let request = try #require(
            world.link.exchanges.last { exchange in
                if case .drawRequest = try? PartyMessage(exchange.request) { true } else { false }
            }
        ).request
        let answer = try PartyMessage(await module.answer(request, from: "opal-server"))
        if case .refusal(_, let refusal) = answer { return refusal }
        return nil
    }

    @Test func `nothing is drawn from a blocked card until it is free again`() async throws {
        let world = try await World()
        let card = world.cards[0]
        #expect(
            try await answer(after: [.card(card, isBlocked: true)], in: world) == .cardBlocked
        )
        // Of two about one card the last counts.
        let both: [SchemeUpdate] = [
            .card(card, isBlocked: true), .card(world.cards[1], isBlocked: true),
            .card(card, isBlocked: false),
        ]
        #expect(try await answer(after: both, in: world) == nil)
    }

    @Test func `nothing is drawn under a key version behind its last day`() async throws {
        let world = try await World()
        let issuer = world.issuer.identifier
        let (past, future) = (
            try #require(CardDate(bcd: 0x20_0101)), try #require(CardDate(bcd: 0x98_1231))
        )
        #expect(
            try await answer(
                after: [.keyVersionEnds(issuer, version: 1, lastDay: future)],
                in: world
            ) == nil
        )
        #expect(
            try await answer(
                after: [.keyVersionEnds(issuer, version: 2, lastDay: past)],
                in: world
            ) == nil
        )
        #expect(
            try await answer(
                after: [.keyVersionEnds(issuer, version: 1, lastDay: past)],
                in: world
            ) == .keyVersionEnded
        )
    }

    @Test func `nothing is drawn for a merchant that is not cleared for`() async throws {
        let world = try await World()
        let shop = world.shops[0].merchant
        #expect(
            try await answer(after: [.merchant(shop, isOpen: false)], in: world)
                == .unknownMerchant
        )
        #expect(try await answer(after: [.merchant(shop, isOpen: true)], in: world) == nil)
    }

    @Test func `an update whose commit fails is asked for again`() async throws {
        let world = try await World()
        clearingHouse.change { $0.updates = [.card(world.cards[0], isBlocked: true)] }
        let told = world.schemeUpdates()
        try await told.load()
        world.paymentStore.commits.script(.loseAnswer)
        await #expect(throws: StoreFailure.self) { try await told.refresh(over: link) }
        #expect(try await told.refresh(over: link) == 1)
        let kept = world.schemeUpdates()
        try await kept.load()
        #expect(try await kept.refresh(over: link) == 0)
        let audit = try await world.saleAudit.run {}
        #expect(audit.findings.isEmpty)
    }

    @Test func `an update that somebody changed in the database is found`() async throws {
        let world = try await World()
        clearingHouse.change { $0.updates = [.card(world.cards[0], isBlocked: true)] }
        let told = world.schemeUpdates()
        try await told.refresh(over: link)
        let store = world.paymentStore.inner
        let record = try #require(
            try await store.list(SchemeUpdates.update, after: nil, limit: 1, order: .ascending)
                .first
        )
        var body = record.body
        body[body.count - 1] ^= 1
        let write = RecordWrite.put(
            record.key,
            expectedRevision: record.revision,
            body: body
        )
        _ = try await store.commit(Transition(writes: [write]))
        await #expect(throws: StoreFailure.self) { try await world.schemeUpdates().load() }
        #expect(try await world.saleAudit.run {}.findings.count == 1)
    }
}
