// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer
import Records
import SecurityModule
import SessionKeys
import Simulation
import Testing
import Wire

/// Every byte of every message is changed, and every message is cut short everywhere, before the
/// right one comes. The page and the status form have files of their own.
@Suite struct ChangedByteTests {
    private static let policies = ComparisonPolicy.allCases
    private static let oneTrip = policies.filter(\.isOneTrip)

    // MARK: OPAL server → payment server

    @Test(arguments: policies)
    func `a draw request with any byte changed or missing is refused, and the right one is sold`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let attack = world.link.watchRequest { request in
            #expect(await world.firstTaken(Tampering.all(request)) == nil)
            #expect(await Ledger(world).sales.isEmpty)
            #expect(world.leasedTerminals.isEmpty)
        }
        try await world.buy(order)
        #expect(attack.count == 1)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    @Test(arguments: policies)
    func `a debit response with any byte changed or missing is refused and ends nothing`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let outcome = await world.payWatchingResponse(order) { response in
            #expect(await world.firstTaken(Tampering.all(response)) == nil)
            #expect(await Ledger(world).sales[order.transaction]?.state == .drawn)
        }
        #expect(outcome.isPaid)
        #expect(await Ledger(world).sales[order.transaction]?.state == .sold)
        try await world.buy(order)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    @Test(arguments: oneTrip)
    func `the word that nothing was debited, with any byte changed or missing, ends nothing`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        #expect(await world.pay(order.page).isPaid)
        let word = PartyMessage.notDebited(order.transaction).bytes
        #expect(await world.firstTaken(Tampering.all(word)) == nil)
        let question = PartyMessage.openSalesQuestion.bytes
        #expect(await world.firstTaken(Tampering.all(question)) == nil)
        try await world.buy(order)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    // MARK: Payment server → OPAL server

    /// What is expected of the card is opened by somebody else, if at all: see below.
    @Test(arguments: policies)
    func `a debit command with any byte changed or missing debits nothing`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let reply = try await world.firstReply(to: order)
        let message = try PartyMessage(reply)
        var kept = 0
        if case .debitOffer(_, _, let expectation) = message { kept = expectation.count + 2 }
        let command = Array(reply.prefix(reply.count - kept))
        let link = ToldLink()
        let purchases = world.purchases(answeredBy: link)
        var forgeries = Tampering.everyByte(command, [0x01])
        forgeries = forgeries.map { $0 + reply.suffix(kept) } + Tampering.everyCut(reply)
        for forged in forgeries {
            let attack = link.tell(forged)
            let outcome = await purchases.pay(order.page, with: world.cards[0])
            #expect(outcome == .refused(.malformed), "\(outcome)")
            #expect(attack.count == 1)
        }
        #expect(try await world.balance() == World.value)
        #expect(await Ledger(world).draws.isEmpty)
        // That sale is given up; the person orders again.
        try await world.buyAnew()
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    @Test(arguments: policies)
    func `a debit result with any byte changed or missing leaves the draw open or says the same`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let reply = try await world.lostResult(of: order)
        guard case .debitResult(_, _, let forMerchant) = try PartyMessage(reply) else {
            Issue.record("no result")
            return
        }
        let kept = forMerchant.count
        let head = Array(reply.prefix(reply.count - kept))
        let link = ToldLink()
        let open = try await world.openDraw(of: order)
        for forged in Tampering.everyByte(head).map({ $0 + forMerchant })
            + Tampering.everyCut(reply)
        {
            let attack = link.tell(forged)
            _ = await world.purchases.settle(open, link)
            #expect(try await world.draw(of: order) == open.draw)
            #expect(attack.count == 1)
        }
        for forged in Tampering.all(forMerchant) {
            await #expect(throws: OrderFailure.self) {
                _ = try await world.fetch(forged, order.ticket)
            }
        }
        try await world.buy(order)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }
}
