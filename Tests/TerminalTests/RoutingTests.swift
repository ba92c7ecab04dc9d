// SPDX-License-Identifier: Apache-2.0

import Concentrator
import Kernel
import PaymentServer
import SecurityModule
import SessionKeys
import Simulation
import TerminalHost
import Testing
import Wire

/// What a concentrator and a terminal do with messages that are not for them, or were changed.
@Suite struct RoutingTests {
    private static let payments = "payments.example"

    /// The bytes of a real request to a terminal.
    private static func request(_ world: World) async throws -> [UInt8] {
        await world.payments.refreshTerminals()
        return try #require(world.hosts.first?.link.exchanges.last?.request)
    }

    @Test func `an unknown header is refused`() async throws {
        let world = try await World.remote(1)
        let host = try #require(world.hosts.first)
        let request = try await Self.request(world)
        guard case .request(_, let sealed) = try TerminalMessage(request) else {
            Issue.record("it is a request")
            return
        }
        let unknown = TerminalHeader(terminal: "terminal-9", securityCard: host.securityCard)
        let router = TerminalRouter(links: [host.name: host.link], callers: [Self.payments])
        let refused = TerminalMessage.undelivered(.unknownTerminal).bytes
        let elsewhere = TerminalMessage.request(unknown, sealed: sealed).bytes
        #expect(await router.answer(elsewhere, from: Self.payments) == refused)
        #expect(await host.module.answer(elsewhere, from: Self.payments) == refused)
        #expect(await router.answer(request, from: "shop") == refused)
        let other = SecurityCardIdentifier(acquirer: 7, serial: 1)
        let header = TerminalHeader(terminal: host.name, securityCard: other)
        let otherCard = TerminalMessage.request(header, sealed: sealed).bytes
        #expect(await host.module.answer(otherCard, from: Self.payments) == refused)
    }

    @Test func `a terminal that cannot be reached is told as away`() async throws {
        let world = try await World.remote(1)
        let host = try #require(world.hosts.first)
        let request = try await Self.request(world)
        host.stop()
        let router = TerminalRouter(links: [host.name: host.link], callers: [Self.payments])
        #expect(
            await router.answer(request, from: Self.payments)
                == TerminalMessage.undelivered(.terminalAway).bytes
        )
    }

    @Test func `a terminal does not answer under the header of another one`() async throws {
        let world = try await World.remote(2)
        let request = try await Self.request(world)
        let router = TerminalRouter(
            links: [world.hosts[0].name: Forger(host: world.hosts[1])],
            callers: [Self.payments]
        )
        #expect(
            await router.answer(request, from: Self.payments)
                == TerminalMessage.undelivered(.terminalAway).bytes
        )
    }

    @Test func `each changed or missing byte of a request is refused and changes nothing`()
        async throws
    {
        let world = try await World.remote(1)
        let host = try #require(world.hosts.first)
        #expect(try await world.buy().outcome.isPaid)
        let before = await host.description()
        for exchange in host.link.exchanges {
            for position in exchange.request.indices {
                var changed = exchange.request
                changed[position] ^= 1
                let answer = await host.module.answer(changed, from: Self.payments)
                guard case .undelivered = try TerminalMessage(answer) else {
                    Issue.record("byte \(position) may be changed")
                    continue
                }
                let cut = Array(exchange.request.prefix(position))
                let short = await host.module.answer(cut, from: Self.payments)
                #expect(short == TerminalMessage.undelivered(.malformed).bytes)
            }
        }
        #expect(await host.description() == before)
    }

    @Test func `each changed byte of an answer makes the terminal drop out, and no sale`()
        async throws
    {
        let world = try await World.remote(1)
        let host = try #require(world.hosts.first)
        await world.payments.refreshTerminals()
        let length = try #require(try? host.link.exchanges.last?.response.get().count)
        for position in 0..<length {
            host.link.plan.script(.alterResponseBit(UInt64(position * 8 + position % 8)))
            await world.payments.refreshTerminals()
            #expect(!(await world.isPresent(host)))
        }
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test func `the answer to one request is none to another`() async throws {
        let world = try await World.remote(1)
        let host = try #require(world.hosts.first)
        await world.payments.refreshTerminals()
        let old = try #require(try? host.link.exchanges.last?.response.get())
        host.link.plan.script(.alterResponse { _ in old })
        await world.payments.refreshTerminals()
        #expect(!(await world.isPresent(host)))
    }
}

/// Answers with what another terminal says.
private struct Forger: Link {
    let host: RemoteHost

    func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        let header = TerminalHeader(terminal: host.name, securityCard: host.securityCard)
        return TerminalMessage.answer(header, sealed: [1, 2, 3]).bytes
    }
}
