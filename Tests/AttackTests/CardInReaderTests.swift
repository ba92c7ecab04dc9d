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
        for number in 1...2 {
            terminal.link.plan.script(
                .alterRequest { request in
                    for forged in Tampering.all(request) {
                        #expect(await !isTaken(forged, by: entry))
                    }
                    return request
                },
                at: number
            )
        }
        try await expectEnd(await terminal.pay(order), of: order, world)
    }

    @Test(arguments: policies)
    func `a debit command that is changed on its way to the terminal debits nothing`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let terminal = await CardTerminal(world)
        let reply = Seen<[UInt8]>()
        terminal.link.plan.script(
            .alterResponse {
                reply.note($0)
                return []
            }
        )
        guard case .notTaken = await terminal.pay(order) else {
            Issue.record("taken")
            return
        }
        let command = try #require(reply.last)
        for forged in Tampering.everyByte(command, [0x01]) + Tampering.everyCut(command) {
            terminal.link.plan.script(.alterResponse { _ in forged })
            guard case .notTaken = await terminal.pay(order) else {
                Issue.record("taken")
                return
            }
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
        for number in 2...40 {
            terminal.link.plan.script(
                .alterResponse { reply in
                    var forged = reply
                    // In front of the part for the merchant, which the terminal does not open.
                    forged[(number - 2) * 6] ^= 1
                    return forged
                },
                at: number
            )
        }
        guard case .pending = await terminal.pay(order) else {
            Issue.record("not pending")
            return
        }
        terminal.link.plan.clear()
        try await expectEnd(try await terminal.finish(), of: order, world)
    }

    @Test(arguments: policies)
    func `a request that comes back as its answer debits nothing, or is asked again`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let (first, order) = (try await world.offer(), try await world.offer())
        let terminal = await CardTerminal(world)
        let request = Seen<[UInt8]>()
        let reflect = { (number: Int) in
            terminal.link.plan.script(
                .alterRequest {
                    request.note($0)
                    return []
                },
                at: number
            )
        }
        reflect(1)
        guard case .notTaken = await terminal.pay(first) else {
            Issue.record("taken")
            return
        }
        let draw = try #require(request.last)
        terminal.link.plan.script(.alterResponse { _ in draw })
        guard case .notTaken = await terminal.pay(first) else {
            Issue.record("taken")
            return
        }
        // The debit response, in the place of its result.
        for number in 2...20 {
            terminal.link.plan.script(
                .alterResponse { _ in terminal.link.exchanges.last?.request ?? [] },
                at: number
            )
        }
        guard case .pending = await terminal.pay(order) else {
            Issue.record("not pending")
            return
        }
        terminal.link.plan.clear()
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
        guard case .debitResponse(_, let sealed) = try PartyMessage(earlier[1]) else { return }
        let forged = PartyMessage.debitResponse(order.transaction, sealed: sealed).bytes
        let entry = world.entryForClientTerminals
        terminal.link.plan.script(
            .alterRequest { request in
                #expect(await !isTaken(earlier[0], by: entry))
                #expect(await !isTaken(forged, by: entry))
                return request
            },
            at: 2
        )
        #expect(isPaid(await terminal.pay(order)))
        #expect(try await world.balance() == World.value - 2 * World.price)
        try await world.expectSealed()
    }
}
