// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import PaymentServer
import Simulation
import Synchronization
import Testing
import Wire

/// Open draws at several payment servers, and time-outs that no clock makes longer.
@Suite struct OpenDrawTests {
    private static let mute = "mute.example"

    /// A way to the payment server that falls silent: callers then wait until it is let go.
    private final class MutableLink: Link {
        private let inner: any Link
        private let state = Mutex((isMute: false, callers: [CheckedContinuation<Void, Never>]()))

        init(_ inner: any Link) {
            self.inner = inner
        }

        var waitingCount: Int { state.withLock(\.callers.count) }

        func fallSilent() { state.withLock { $0.isMute = true } }

        func letGo() {
            let callers = state.withLock { state in
                defer { state.callers = [] }
                return state.callers
            }
            for caller in callers { caller.resume() }
        }

        func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
            guard state.withLock(\.isMute) else { return try await inner.request(request) }
            await withCheckedContinuation { caller in
                state.withLock { $0.callers.append(caller) }
            }
            throw .timedOut
        }
    }

    /// Leaves a debit whose outcome is not known, at the payment server with this name.
    private func leaveOpen(
        _ world: World,
        _ purchases: Purchases,
        at server: String
    ) async throws -> TransactionIdentifier {
        let page = try await world.offer().page.with(paymentServer: server)
        world.link.plan.script(.dropRequest, at: 2)
        #expect(await purchases.pay(page, with: world.cards[0]).isPending)
        return page.terms.transaction
    }

    @Test(.timeLimit(.minutes(15)))
    func `a payment server that is mute does not keep the draws at another one open`()
        async throws
    {
        var plan = WorldPlan()
        plan.terminals = 3
        let world = try await World(plan)
        let silent = MutableLink(world.link)
        var purchases = world.purchases
        purchases.directory = AcquirerDirectory([
            World.paymentServer: world.link, Self.mute: silent,
        ])
        let first = try await leaveOpen(world, purchases, at: Self.mute)
        let second = try await leaveOpen(world, purchases, at: World.paymentServer)
        let third = try await leaveOpen(world, purchases, at: Self.mute)
        silent.fallSilent()
        let settling = purchases
        async let settled = settling.settleOpenDraws(olderThan: .zero)
        // While one waits for the mute one, the other's draw is settled.
        while silent.waitingCount == 0 { await Task.yield() }
        while try await purchases.outcome(of: second)?.outcome.isPaid != true {
            await Task.yield()
        }
        for mute in [first, third] {
            #expect(try await purchases.outcome(of: mute)?.outcome.isPending == true)
        }
        #expect(silent.waitingCount == 2, "each draw is asked about once in a round")
        silent.letGo()
        #expect(await settled == 1)
    }

    @Test func `more payment servers than are asked at once are all asked`() async throws {
        var plan = WorldPlan()
        plan.terminals = 20
        let world = try await World(plan)
        var purchases = world.purchases
        let names = (1...20).map { "payments-\($0).example" }
        let links = names.map { ($0, world.link as any Link) }
        purchases.directory = AcquirerDirectory(Dictionary(uniqueKeysWithValues: links))
        for name in names { _ = try await leaveOpen(world, purchases, at: name) }
        #expect(await purchases.settleOpenDraws(olderThan: .zero) == 20)
    }

    @Test func `a question about one draw settles that one and nothing else`() async throws {
        let world = try await World()
        let first = try await leaveOpen(world, world.purchases, at: World.paymentServer)
        let second = try await leaveOpen(world, world.purchases, at: World.paymentServer)
        #expect(try await world.purchases.ask(about: second)?.isPaid == true)
        #expect(try await world.purchases.outcome(of: first)?.outcome.isPending == true)
        #expect(try await world.purchases.ask(about: second)?.isPaid == true)
        let other = TransactionIdentifier(high: 1, low: 2)
        #expect(try await world.purchases.ask(about: other) == nil)
    }

    // MARK: Clocks

    @Test func `a wall clock that is set back does not keep a draw from being settled`()
        async throws
    {
        let world = try await World()
        let uptime = Mutex(Uptime(microseconds: 0))
        var purchases = world.purchases
        purchases.uptime = { uptime.withLock { $0 } }
        _ = try await leaveOpen(world, purchases, at: World.paymentServer)
        world.clock.advance(by: .seconds(-7200))
        #expect(await purchases.settleOpenDraws(olderThan: .seconds(20)) == 0)
        uptime.withLock { $0 = $0.adding(.seconds(19)) }
        #expect(await purchases.settleOpenDraws(olderThan: .seconds(20)) == 0)
        uptime.withLock { $0 = $0.adding(.seconds(1)) }
        #expect(await purchases.settleOpenDraws(olderThan: .seconds(20)) == 1)
    }

    @Test func `a wall clock that is set back does not prolong a held sale`() async throws {
        let world = try await World()
        let uptime = Mutex(Uptime(microseconds: 0))
        let payments = try await world.paymentServer { uptime.withLock { $0 } }
        let (_, page) = try await world.offer()
        world.link.plan.script(.dropRequest, at: 2)
        #expect(await world.pay(page).isPending)
        #expect(await payments.giveUpLateSales() == 0)
        world.clock.advance(by: .seconds(-7200))
        uptime.withLock { $0 = $0.adding(PurchaseLimits.saleTime) }
        #expect(await payments.giveUpLateSales() == 0)
        uptime.withLock { $0 = $0.adding(.milliseconds(1)) }
        #expect(await payments.giveUpLateSales() == 1)
    }

    @Test func `a wall clock that is set forward does not cut a held sale short`() async throws {
        let world = try await World()
        let uptime = Mutex(Uptime(microseconds: 0))
        let payments = try await world.paymentServer { uptime.withLock { $0 } }
        let (_, page) = try await world.offer()
        world.link.plan.script(.dropRequest, at: 2)
        #expect(await world.pay(page).isPending)
        #expect(await payments.giveUpLateSales() == 0)
        world.clock.advance(by: .seconds(7200))
        #expect(await payments.giveUpLateSales() == 0)
    }

    @Test func `after a restart the wall clock says how long a sale has waited`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        world.link.plan.script(.dropRequest, at: 2)
        #expect(await world.pay(page).isPending)
        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        let payments = try await world.paymentServer { Uptime(microseconds: 0) }
        #expect(await payments.giveUpLateSales() == 1)
    }
}
