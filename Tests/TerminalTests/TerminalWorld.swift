// SPDX-License-Identifier: Apache-2.0

import Concentrator
import Foundation
import Kernel
import LinkEdge
import Merchant
import NIOPosix
import OPALServer
import PaymentServer
import Records
import SchemeAuthority
import SecurityModule
import Simulation
import Synchronization
import TerminalHost
import Testing
import Wire

let group = MultiThreadedEventLoopGroup.singleton

/// An authority with parties, made for a test, and what listens.
final class Scheme: Sendable {
    private let authority: SchemeAuthority
    private let servers = Mutex<[TLSLinkServer]>([])
    private let links = Mutex<[TLSLink]>([])

    static let settings: LinkSettings = {
        var settings = LinkSettings()
        // Long enough for a machine with much else to do: whoever is away is refused at once.
        settings.connectTime = .seconds(20)
        settings.responseTime = .seconds(30)
        settings.reconnectTime = .milliseconds(1)...Duration.milliseconds(5)
        settings.graceTime = .seconds(1)
        return settings
    }()

    init() throws {
        authority = try SchemeAuthority.make(name: "Test scheme", now: Date())
    }

    private func identity(_ name: String) throws -> LinkIdentity {
        let certificate = try authority.issue(name, dnsNames: ["localhost"], now: Date())
        return try LinkIdentity(
            certificatePEM: certificate.certificatePEM,
            keyPEM: certificate.keyPEM,
            authorityPEM: certificate.authorityPEM
        )
    }

    /// Listens as `name`; the port.
    func serve(
        _ service: any LinkService,
        as name: String,
        allowing peers: Set<String>,
        port: Int = 0
    ) async throws -> Int {
        let server = try TLSLinkServer(
            group: group,
            host: "127.0.0.1",
            port: port,
            identity: identity(name),
            allowedPeers: peers,
            service: service,
            settings: Scheme.settings
        )
        servers.withLock { $0.append(server) }
        return try await server.start()
    }

    /// A link to `peer` on a port, by who has the certificate of `name`.
    func link(to port: Int, of peer: String, as name: String) throws -> TLSLink {
        let link = try TLSLink(
            group: group,
            host: "127.0.0.1",
            port: port,
            peer: peer,
            identity: identity(name),
            settings: Scheme.settings
        )
        links.withLock { $0.append(link) }
        return link
    }

    /// What listens stops listening.
    func stopServers() async {
        for server in servers.withLock({ exchange(&$0, with: []) }) { await server.shutdown() }
    }

    func close() async {
        for link in links.withLock({ exchange(&$0, with: []) }) { await link.close() }
        await stopServers()
    }
}

/// Passes requests on over a link: stands in a world where a party would.
struct Relay: LinkService {
    let link: any Link

    func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        (try? await link.request(request)) ?? TerminalMessage.undelivered(.terminalAway).bytes
    }
}

extension World {
    /// A world without terminals of its own.
    static func remote(
        _ terminals: Int,
        _ policy: ComparisonPolicy = .securityCard
    ) async throws -> World {
        var plan = WorldPlan()
        plan.terminals = 0
        plan.remoteTerminals = terminals
        plan.policies = [policy]
        return try await World(plan)
    }

    /// Nothing is lost, nothing is delivered twice, now and after all has come to an end.
    func expectSound(
        balance: UInt64,
        sold: Int,
        _ place: SourceLocation = #_sourceLocation
    ) async throws {
        #expect(await Invariants.check(self) == [], sourceLocation: place)
        #expect(await settleAll(), "something stays open", sourceLocation: place)
        #expect(await Invariants.check(self, isSettled: true) == [], sourceLocation: place)
        #expect(try await self.balance() == balance, sourceLocation: place)
        let ledger = await Ledger(self)
        #expect(ledger.sales.values.count { $0.state == .sold } == sold, sourceLocation: place)
        let audit = try await saleAudit.run {}
        #expect(audit.findings.isEmpty, "\(audit.findings)", sourceLocation: place)
    }

    func buy() async throws -> (page: OrderPage, outcome: PurchaseOutcome) {
        let page = try await page(try await order(0))
        return (page, await pay(page))
    }
}

extension PurchaseOutcome {
    var isPaid: Bool { if case .paid = self { true } else { false } }
    var isPending: Bool { if case .pending = self { true } else { false } }
    var receipt: PurchaseReceipt? {
        switch self {
        case .paid(let receipt), .pending(let receipt): receipt
        case .refused, .refusedByLimit: nil
        }
    }
    var refusal: Refusal? { if case .refused(let refusal) = self { refusal } else { nil } }
}
