// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import SecurityModule
import Simulation
import Synchronization
import Testing
import Wire

/// Who is told that a load is pending is told by mail how it ended.
@Suite struct ToldAsPendingTests {
    /// How somebody looks at a load that somebody else is about to end.
    enum Look: CaseIterable, Sendable {
        case secondClick
        case itsPage
    }

    private func look(
        _ look: Look,
        _ world: FundingWorld,
        _ request: AccountLoadRequest
    ) async -> AccountLoadOutcome? {
        switch look {
        case .secondClick: await world.server.loads.begin(request)
        case .itsPage:
            try? await world.server.loads.load(request.transaction, by: request.payer)?.outcome
        }
    }

    @Test(
        arguments: Look.allCases,
        [ScriptedGateway.Network.approves, .isBusy, .declines(.declined)]
    )
    func `Who looks while another click ends the load gets one mail`(
        _ look: Look,
        _ network: ScriptedGateway.Network
    ) async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        try await world.forgetMails()
        world.gateway.network(network)
        let request = world.request(by: anna)
        let seen = Mutex<AccountLoadOutcome?>(nil)
        let link = InterruptedLink(world.link) {
            let outcome = await self.look(look, world, request)
            seen.withLock { $0 = outcome }
        }
        let first = await world.start(on: world.store, link).loads.begin(request)
        #expect(seen.withLock { $0?.isPending } == true)
        #expect(!first.isPending)
        let mails = try await world.mails(to: anna.email)
        #expect(mails.count == 1)
        if first.receipt == nil {
            #expect(mails.allSatisfy { $0.subject.contains("was not loaded") })
        }
        try await world.expectSound()
        #expect(try await world.mails(to: anna.email).count == 1)
    }

    @Test func `Who alone is told of a refusal gets no mail`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        try await world.forgetMails()
        world.gateway.network(.declines(.declined))
        #expect(await world.server.loads.begin(world.request(by: anna)).refusal == .declined)
        #expect(try await world.mails(to: anna.email).isEmpty)
    }

    /// The store keeps the refusal without saying so, and cannot be read right afterwards.
    @Test func `A refusal that was stored unheard is told as one`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        world.gateway.network(.declines(.insufficientFunds))
        let link = InterruptedLink(world.link) {
            world.store.commits.script(.loseAnswer)
            world.store.reads.script(.unavailable("away"))
        }
        let loads = world.start(on: world.store, link).loads
        let request = world.request(by: anna)
        #expect(await loads.begin(request).refusal == .insufficientFunds)
        try await world.expectSound()
    }

    @Test func `No page says that a mail comes before that is durable`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        try await world.forgetMails()
        world.gateway.network(.isSilent)
        let link = InterruptedLink(world.link) {
            world.store.commits.script(.refuse(.locked), forNext: 100)
        }
        let request = world.request(by: anna)
        // Nobody knows, and whoever asks is sent to the page of the load.
        #expect(await world.start(on: world.store, link).loads.begin(request).isPending)
        let loads = world.server.loads
        await #expect(throws: AccountLoadRefusal.storeUnavailable) {
            try await loads.load(request.transaction, by: anna.key)
        }
        world.store.clear()
        let load = try await loads.load(request.transaction, by: anna.key)
        #expect(load?.outcome.isPending == true)
        // It is so once: to look again changes nothing.
        let commits = world.store.commits.calls
        _ = try await loads.load(request.transaction, by: anna.key)
        #expect(await loads.begin(request).isPending)
        #expect(world.store.commits.calls == commits)
        world.gateway.acknowledgeReversals()
        await loads.settleOpen(olderThan: .zero)
        #expect(try await world.mails(to: anna.email).count == 1)
        try await world.expectSound()
    }
}
