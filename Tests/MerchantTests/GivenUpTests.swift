// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import Records
import Synchronization
import Testing
import Wire

/// When an order that the payment server does not know is given up, and what counts more.
@Suite struct GivenUpTests {
    /// A clock that only goes forward, as the test wants.
    private final class Clock: Sendable {
        private let time = Mutex(Uptime(microseconds: 0))

        var uptime: @Sendable () -> Uptime { { self.time.withLock { $0 } } }

        func advance(by duration: Duration) { time.withLock { $0 = $0.adding(duration) } }
    }

    /// As long as the payment server may take a draw for an order.
    private static let whole = PurchaseLimits.orderTime + PurchaseLimits.clockSkew
    private static let second = Duration.seconds(1)
    private static let hour = 3600

    /// An order that was given up because the payment server does not know it.
    private func givenUp(
        _ shop: Shop,
        _ module: MerchantModule
    ) async throws -> (ticket: MerchantModule.Ticket, page: OrderPage) {
        let ticket = try await module.order(Shop.article(), now: Shop.noon)
        let page = try await shop.page(ticket)
        let late = Shop.noon.adding(Self.whole + Self.second)
        #expect(try await module.ask(ticket.transaction, now: late).isGivenUp)
        return (ticket, page)
    }

    @Test func `a wall clock that jumps by hours ends no order`() async throws {
        let (shop, clock) = (try Shop(), Clock())
        let module = shop.module(on: shop.store, uptime: clock.uptime)
        let ticket = try await module.order(Shop.article(), now: Shop.noon)
        clock.advance(by: Self.whole)
        for hours in [5, -5, 24 * 365] {
            let now = Shop.noon.after(seconds: hours * Self.hour)
            #expect(try await module.ask(ticket.transaction, now: now).state == .open)
        }
    }

    @Test func `an order ends after its time, also where the wall clock was set back`()
        async throws
    {
        let (shop, clock) = (try Shop(), Clock())
        let module = shop.module(on: shop.store, uptime: clock.uptime)
        let ticket = try await module.order(Shop.article(), now: Shop.noon)
        clock.advance(by: Self.whole + Self.second)
        let before = Shop.noon.after(seconds: -5 * Self.hour)
        #expect(try await module.settleOpen(now: before).ended.map(\.isGivenUp) == [true])
        #expect(try await module.find(ticket).state == .unpaid)
    }

    @Test func `after a restart the time of an order begins anew, whatever the clock says`()
        async throws
    {
        let (shop, clock) = (try Shop(), Clock())
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        let module = shop.module(on: shop.store, uptime: clock.uptime)
        let jumped = Shop.noon.after(seconds: 7 * Self.hour)
        #expect(try await module.settleOpen(now: jumped).stillOpen == 1)
        clock.advance(by: Self.whole)
        #expect(try await module.settleOpen(now: jumped).stillOpen == 1)
        clock.advance(by: Self.second)
        #expect(try await module.settleOpen(now: jumped).ended.count == 1)
        #expect(try await module.find(ticket).isGivenUp)
    }

    @Test func `an order is given up as soon as the payment server and the shop's clock agree`()
        async throws
    {
        let (shop, clock) = (try Shop(), Clock())
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        let module = shop.module(on: shop.store, uptime: clock.uptime)
        shop.payments.behave(.refuses(.orderTooOld), for: ticket.transaction)
        let edge = Shop.noon.adding(Self.whole)
        #expect(try await module.ask(ticket.transaction, now: edge).state == .open)
        let late = edge.after(seconds: 1)
        #expect(try await module.ask(ticket.transaction, now: late).isGivenUp)
        let events = try await module.journal(of: ticket.transaction).map(\.event)
        #expect(events.last == .givenUp)
    }

    @Test func `orders are asked for after a minute, whatever way the wall clock is set`()
        async throws
    {
        let (shop, clock) = (try Shop(), Clock())
        let module = shop.module(on: shop.store, uptime: clock.uptime)
        let ticket = try await module.order(Shop.article(), now: Shop.noon)
        let result = try await shop.result(of: shop.page(ticket))
        shop.payments.behave(.ended(.sold, sealed: result), for: ticket.transaction)
        let before = Shop.noon.after(seconds: -5 * Self.hour)
        #expect(try await module.settleOpen(now: before).ended.isEmpty)
        clock.advance(by: MerchantLimits.askAfter)
        #expect(try await module.settleOpen(now: before).ended.map(\.state) == [.paid])
    }

    @Test func `a genuine result pays an order that was given up, and it is delivered once`()
        async throws
    {
        let shop = try Shop()
        let module = shop.module
        let (ticket, page) = try await givenUp(shop, module)
        // Somebody has ordered anew in between.
        let anew = try await module.reorder(ticket)
        let sold = try await shop.result(of: page)
        for _ in 0..<2 {
            let reception = try await module.receive(sold, of: ticket.transaction, now: Shop.noon)
            #expect(reception.order.state == .paid)
        }
        #expect(try await module.deliver(ticket).isFirst)
        #expect(try await !module.deliver(ticket).isFirst)
        #expect(try await shop.deliveries(of: ticket) == 1)
        #expect(try await module.find(anew).state == .open)
    }

    @Test func `an order that was given up is paid where the payment server says sold`()
        async throws
    {
        let shop = try Shop()
        let module = shop.module
        let (ticket, page) = try await givenUp(shop, module)
        let now = Shop.noon.adding(Self.whole + Self.second)
        #expect(try await module.ask(ticket.transaction, now: now).isGivenUp)
        shop.payments.behave(.open, for: ticket.transaction)
        #expect(try await module.ask(ticket.transaction, now: now).isGivenUp)
        let sold = try await shop.result(of: page)
        shop.payments.behave(.ended(.sold, sealed: sold), for: ticket.transaction)
        #expect(try await module.ask(ticket.transaction, now: now).state == .paid)
        #expect(try await module.deliver(ticket, now: now).isFirst)
    }

    @Test(arguments: [SaleOutcome.void, .refused])
    func `an order that the payment server's own result ended stays unpaid`(
        outcome: SaleOutcome
    ) async throws {
        let shop = try Shop()
        let module = shop.module
        let (ticket, page) = try await givenUp(shop, module)
        let anew = try await module.reorder(ticket)
        let result = try await shop.result(of: page, outcome)
        let ended = try await module.receive(result, of: ticket.transaction, now: Shop.noon).order
        #expect(ended.state == .unpaid && !ended.isGivenUp)
        #expect(ended.settlement?.outcome == outcome && ended.successor == anew.transaction)
        let sold = try await shop.result(of: page)
        await #expect(throws: OrderFailure.resultContradicts) {
            try await module.receive(sold, of: ticket.transaction, now: Shop.noon)
        }
        // Nor is the payment server asked about it again.
        shop.payments.behave(.ended(.sold, sealed: sold), for: ticket.transaction)
        let count = shop.payments.asked.count
        #expect(try await module.ask(ticket.transaction, now: Shop.noon).state == .unpaid)
        #expect(shop.payments.asked.count == count)
    }

    @Test func `a paid order is never given up`() async throws {
        let shop = try Shop()
        let module = shop.module
        let (ticket, page) = try await givenUp(shop, module)
        let (sold, void) = (try await shop.result(of: page), try await shop.result(of: page, .void))
        _ = try await module.receive(sold, of: ticket.transaction, now: Shop.noon)
        await #expect(throws: OrderFailure.resultContradicts) {
            try await module.receive(void, of: ticket.transaction, now: Shop.noon)
        }
        shop.payments.behave(.refuses(.orderTooOld), for: ticket.transaction)
        let late = Shop.noon.after(seconds: 9 * Self.hour)
        #expect(try await module.ask(ticket.transaction, now: late).state == .paid)
        #expect(try await module.settleOpen(now: late).ended.isEmpty)
    }
}
