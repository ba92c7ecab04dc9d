// SPDX-License-Identifier: Apache-2.0

import ClientCode
import Kernel
import Merchant
import OPALServer
import PaymentServer
import SecurityModule
import Simulation
import Testing
import Wire

/// The messages of a client terminal with a card in its reader, which anybody may send.
@Suite struct CardInReaderTests {
    private static let policies = ComparisonPolicy.allCases.filter(\.suitsCardInReader)

    private func isPaid(_ end: CardPaymentEnd) -> Bool {
        if case .paid = end { true } else { false }
    }

    private func isTaken(_ bytes: [UInt8], by entry: ClientTerminalEntry) async -> Bool {
        guard case .refusal = try? PartyMessage(await entry.answer(bytes, from: "x")) else {
            return true
        }
        return false
    }

    /// Paid, delivered, and all audits are content.
    private func expectEnd(
        _ end: CardPaymentEnd,
        of order: Purchased,
        _ world: World
    ) async throws {
        guard case .paid(let receipt) = end else {
            Issue.record("\(end)")
            return
        }
        #expect(receipt.balance == euros(World.value - World.price))
        #expect(try await world.fetch(receipt.resultForMerchant, order.ticket).isFirst)
        #expect(try await world.balance() == World.value - World.price)
        try await world.expectSealed()
    }

    @Test(arguments: policies)
    func `a terminal's request with any byte changed or missing is refused`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let terminal = await CardTerminal(world)
        let entry = world.entryForClientTerminals
        let attacks = (1...2).map { number in
            terminal.link.watchRequest(number) { request in
                for forged in Tampering.all(request) {
                    #expect(await !isTaken(forged, by: entry))
                }
            }
        }
        try await expectEnd(await terminal.pay(order), of: order, world)
        #expect(attacks.map(\.count) == [1, 1])
    }

    @Test(arguments: policies)
    func `a debit command that is changed on its way to the terminal debits nothing`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let terminal = await CardTerminal(world)
        let reply = Seen<[UInt8]>()
        let lost = terminal.link.alterResponse {
            reply.note($0)
            return []
        }
        guard case .notTaken = await terminal.pay(order) else {
            Issue.record("taken")
            return
        }
        #expect(lost.count == 1)
        let command = try #require(reply.last)
        for forged in Tampering.everyByte(command, [0x01]) + Tampering.everyCut(command) {
            let attack = terminal.link.answer(with: forged)
            guard case .notTaken = await terminal.pay(order) else {
                Issue.record("taken")
                return
            }
            #expect(attack.count == 1)
        }
        #expect(try await world.balance() == World.value)
        #expect(terminal.memory.open.isEmpty)
        let next = try await world.offer()
        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        await world.payments.giveUpLateSales()
        try await expectEnd(await terminal.pay(next), of: next, world)
    }

    @Test(arguments: policies)
    func `a result that is changed on its way to the terminal leaves the payment open, then paid`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let terminal = await CardTerminal(world)
        let reply = try await lostResult(of: order, terminal)
        guard case .debitResult(_, _, let forMerchant) = try PartyMessage(reply) else {
            throw Refusal.malformed
        }
        // The part for the merchant is not opened by the terminal, see `ChangedByteTests`.
        let head = Array(reply.prefix(reply.count - forMerchant.count))
        let open = terminal.memory.open
        let link = ToldLink()
        for forged in Tampering.everyByte(head).map({ $0 + forMerchant })
            + Tampering.everyCut(reply)
        {
            let attack = link.tell(forged)
            guard case .pending = try await terminal.finish(over: link) else {
                Issue.record("not pending")
                return
            }
            #expect(attack.count >= 1)
            #expect(terminal.memory.open == open)
        }
        try await expectEnd(try await terminal.finish(), of: order, world)
    }

    /// The result of an order, which never comes to the terminal: its card is debited.
    private func lostResult(
        of order: Purchased,
        _ terminal: CardTerminal
    ) async throws -> [UInt8] {
        let seen = Seen<[UInt8]>()
        let watch = terminal.link.alterResponse(2) { reply in
            seen.note(reply)
            return []
        }
        for number in 3...20 { terminal.link.plan.script(.dropResponse, at: number) }
        guard case .pending = await terminal.pay(order) else { throw Refusal.malformed }
        terminal.link.plan.clear()
        #expect(watch.count == 1)
        return try #require(seen.last)
    }

    @Test(arguments: policies)
    func `a request that comes back as its answer debits nothing, or is asked again`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let (first, order) = (try await world.offer(), try await world.offer())
        let terminal = await CardTerminal(world)
        let request = Seen<[UInt8]>()
        let lost = terminal.link.alterRequest {
            request.note($0)
            return []
        }
        guard case .notTaken = await terminal.pay(first) else {
            Issue.record("taken")
            return
        }
        #expect(lost.count == 1)
        let attack = terminal.link.answer(with: try #require(request.last))
        guard case .notTaken = await terminal.pay(first) else {
            Issue.record("taken")
            return
        }
        #expect(attack.count == 1)
        // The debit response, in the place of its result.
        _ = try await lostResult(of: order, terminal)
        let mirror = Reflector()
        guard case .pending = try await terminal.finish(over: mirror) else {
            Issue.record("not pending")
            return
        }
        #expect(mirror.played.count >= 1)
        try await expectEnd(try await terminal.finish(), of: order, world)
    }

    @Test(arguments: policies)
    func `what a terminal sent for one order does nothing for another`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let (first, order) = (try await world.offer(), try await world.offer())
        let terminal = await CardTerminal(world)
        guard case .paid(let receipt) = await terminal.pay(first) else {
            Issue.record("not paid")
            return
        }
        _ = try await world.fetch(receipt.resultForMerchant, first.ticket)
        let earlier = terminal.link.exchanges.map(\.request)
        guard case .debitResponse(_, let sealed) = try PartyMessage(earlier[1]) else {
            throw Refusal.malformed
        }
        let forged = PartyMessage.debitResponse(order.transaction, sealed: sealed).bytes
        let entry = world.entryForClientTerminals
        let attack = terminal.link.watchRequest(2) { _ in
            #expect(await !isTaken(earlier[0], by: entry))
            #expect(await !isTaken(forged, by: entry))
        }
        #expect(isPaid(await terminal.pay(order)))
        #expect(attack.count == 1)
        #expect(try await world.balance() == World.value - 2 * World.price)
        try await world.expectSealed()
    }
}
