// SPDX-License-Identifier: Apache-2.0

import Concentrator
import Kernel
import LinkEdge
import PaymentServer
import SecurityModule
import Simulation
import TerminalHost
import Testing
import Wire

/// Remote terminals over mutual TLS, directly and through a concentrator.
@Suite struct TLSTerminalTests {
    private static let payments = "payment-server"

    @Test func `a sale goes through a terminal behind TLS, which may be started anew`()
        async throws
    {
        let (scheme, world) = (try Scheme(), try await World.remote(1))
        let host = try #require(world.hosts.first)
        let port = try await scheme.serve(host.module, as: host.name, allowing: [Self.payments])
        let link = try scheme.link(to: port, of: host.name, as: Self.payments)
        host.start(behind: Relay(link: link))
        #expect(try await world.buy().outcome.isPaid)
        await scheme.stopServers()
        #expect(try await world.buy().outcome.refusal == .busy)
        _ = try await scheme.serve(
            host.module,
            as: host.name,
            allowing: [Self.payments],
            port: port
        )
        while !(await world.isPresent(host)) { await world.payments.refreshTerminals() }
        #expect(try await world.buy().outcome.isPaid)
        try await world.expectSound(balance: 9700, sold: 2)
        await scheme.close()
    }

    @Test func `a concentrator brings each sale to its terminal, by the header`() async throws {
        let (scheme, world) = (try Scheme(), try await World.remote(2))
        var links: [String: any Link] = [:]
        for host in world.hosts {
            let port = try await scheme.serve(
                host.module,
                as: host.name,
                allowing: ["concentrator"]
            )
            links[host.name] = try scheme.link(to: port, of: host.name, as: "concentrator")
        }
        let router = TerminalRouter(links: links, callers: [Self.payments])
        let port = try await scheme.serve(router, as: "concentrator", allowing: [Self.payments])
        let link = try scheme.link(to: port, of: "concentrator", as: Self.payments)
        for host in world.hosts { host.start(behind: Relay(link: link)) }
        await world.payments.refreshTerminals()
        for _ in 0..<4 { #expect(try await world.buy().outcome.isPaid) }
        for host in world.hosts {
            #expect(await host.description()?.totals.first?.count == 2)
        }
        try await world.expectSound(balance: 10_000 - 4 * 150, sold: 4)
        await scheme.close()
    }

    @Test func `who has not the certificate of the terminal does not answer for it`()
        async throws
    {
        let (scheme, world) = (try Scheme(), try await World.remote(1))
        let host = try #require(world.hosts.first)
        // It has a certificate of the scheme, and even the module.
        let port = try await scheme.serve(host.module, as: "shop", allowing: [Self.payments])
        let link = try scheme.link(to: port, of: host.name, as: Self.payments)
        host.start(behind: Relay(link: link))
        #expect(try await world.buy().outcome.refusal == .busy)
        #expect(await host.description()?.lastNumber == 0)
        await scheme.close()
    }

    @Test func `a terminal is asked by its payment server and concentrator alone`()
        async throws
    {
        let (scheme, world) = (try Scheme(), try await World.remote(1))
        let host = try #require(world.hosts.first)
        let port = try await scheme.serve(host.module, as: host.name, allowing: [Self.payments])
        let link = try scheme.link(to: port, of: host.name, as: "shop")
        await #expect(throws: LinkFailure.self) {
            try await link.request(TerminalMessage.undelivered(.malformed).bytes)
        }
        await scheme.close()
    }

    @Test func `a frame that is too long ends the connection and not the terminal`()
        async throws
    {
        let (scheme, world) = (try Scheme(), try await World.remote(1))
        let host = try #require(world.hosts.first)
        let port = try await scheme.serve(host.module, as: host.name, allowing: [Self.payments])
        let link = try scheme.link(to: port, of: host.name, as: Self.payments)
        let long = [UInt8](repeating: 0, count: LinkLimits.messageBytesMax + 1)
        await #expect(throws: LinkFailure.tooLarge) { try await link.request(long) }
        let full = [UInt8](repeating: 1, count: LinkLimits.messageBytesMax)
        #expect(try await link.request(full) == TerminalMessage.undelivered(.malformed).bytes)
        host.start(behind: Relay(link: link))
        #expect(try await world.buy().outcome.isPaid)
        await scheme.close()
    }
}

extension World {
    func isPresent(_ host: RemoteHost) async -> Bool {
        await payments.terminalLines().contains {
            $0.securityCard == host.securityCard && $0.isPresent
        }
    }
}
