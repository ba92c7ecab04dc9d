// SPDX-License-Identifier: Apache-2.0

import Foundation
import FundingNetwork
import Gateway
import Kernel
import Keys
import LinkEdge
import NetworkEdge
import Records
import SchemeAuthority
import Synchronization
import Testing
import Wire

@testable import Simulation

/// A gateway and a simulated funding network with sockets between them.
final class TestNetwork: Sendable {
    let gateway: FundingGateway
    let connector: NetworkConnector
    let port: Int
    private let network: SimulatedNetwork
    private let server: Mutex<NetworkServer>
    private let gatewayStore = MemoryStore()
    private let networkStore = MemoryStore()
    private let master = LocalMasterKey.make()
    private let random = SeededRandom(seed: 1)
    private let identities: (network: LinkIdentity, gateway: LinkIdentity)?

    static let openingBalance: UInt64 = 100_000

    /// `isOverTLS`: with certificates of a scheme that is made for the test.
    init(script: NetworkScript = NetworkScript([]), isOverTLS: Bool = false) async throws {
        let clock = { @Sendable in Instant(milliseconds: 1_800_000_000_000) }
        let hasher = TokenHasher(master)
        network = SimulatedNetwork(
            SimulatedNetwork.Profile(
                dialect: .ascii1987,
                acquirers: ["400123": ""],
                openingBalance: Self.openingBalance
            ),
            script: script,
            store: networkStore,
            seals: RecordSealer(master, party: "funding_network"),
            hash: { hasher.hash($0) },
            random: random,
            now: clock
        )
        identities = isOverTLS ? try Self.makeIdentities() : nil
        let first = try Self.server(network, identities?.network, port: 0)
        server = Mutex(first)
        port = try await first.start()
        var settings = NetworkSettings()
        settings.answerTime = .seconds(1)
        settings.reconnectTime = .milliseconds(10)...Duration.milliseconds(50)
        let connector = try NetworkConnector(
            group: group,
            host: "127.0.0.1",
            port: port,
            peer: "network",
            identity: identities?.gateway,
            dialect: .ascii1987,
            settings: settings
        )
        self.connector = connector
        let profile = try #require(
            GatewayProfile(
                dialect: .ascii1987,
                acquirer: "400123",
                currencies: [.euro: .cents]
            )
        )
        let gateway = FundingGateway(
            profile,
            store: gatewayStore,
            seals: RecordSealer(master, party: "gateway"),
            link: connector,
            now: clock
        )
        self.gateway = gateway
        connector.start(
            connected: { await gateway.keepSignedOn() },
            receive: { await gateway.receive($0) }
        )
    }

    static func makeIdentities() throws -> (network: LinkIdentity, gateway: LinkIdentity) {
        let authority = try SchemeAuthority.make(name: "Test scheme", now: Date())
        return (
            try identity("network", of: authority), try identity("gateway", of: authority)
        )
    }

    private static func identity(
        _ name: String,
        of authority: SchemeAuthority
    ) throws -> LinkIdentity {
        let party = try authority.issue(name, dnsNames: ["localhost"], now: Date())
        return try LinkIdentity(
            certificatePEM: party.certificatePEM,
            keyPEM: party.keyPEM,
            authorityPEM: party.authorityPEM
        )
    }

    private static func server(
        _ network: SimulatedNetwork,
        _ identity: LinkIdentity?,
        port: Int
    ) throws -> NetworkServer {
        var settings = NetworkSettings()
        settings.graceTime = .seconds(1)
        return try NetworkServer(
            group: group,
            host: "127.0.0.1",
            port: port,
            identity: identity,
            allowedPeers: ["gateway"],
            settings: settings,
            answer: { await network.answer($0) }
        )
    }

    /// A connection to the network without a socket.
    func directLink(answerTime: Duration) -> DirectNetworkLink {
        var settings = NetworkSettings()
        settings.answerTime = answerTime
        return DirectNetworkLink(to: network, settings: settings)
    }

    /// From now on the network behaves like this.
    func follow(_ script: String) throws {
        network.follow(try NetworkScript(script))
    }

    /// The listener ends with all its connections.
    func stopServer() async {
        await server.withLock { $0 }.shutdown()
    }

    /// A new listener on the same port, in front of the same network.
    func startServer() async throws {
        let next = try Self.server(network, identities?.network, port: port)
        server.withLock { $0 = next }
        _ = try await next.start()
    }

    func close() async {
        await connector.close()
        await stopServer()
    }

    /// Waits until the gateway has signed on.
    func waitUntilSignedOn() async {
        while !gateway.isSignedOn { await gateway.keepSignedOn() }
    }

    func request(_ cents: UInt64 = 100) throws -> FundingRequest {
        let transaction = TransactionIdentifier(
            at: Instant(milliseconds: 1_800_000_000_000),
            random: random.pair()
        )
        let merchant = try #require(MerchantIdentifier("OPAL-LOADING"))
        return FundingRequest(
            name: try #require(AuthorizationName(transaction, of: "opal-server")),
            amount: Money(minorUnits: cents, currency: .euro, exponent: .cents),
            account: try #require(FundingAccountNumber("4000000000000010")),
            expiry: try #require(ExpiryMonth(year: 2099, month: 12)),
            address: BillingAddress(street: "", city: "", postalCode: "", country: "GB"),
            code: nil,
            acceptor: try #require(
                CardAcceptor(
                    terminal: "OPAL0001",
                    merchant: merchant,
                    name: "OPAL card loading",
                    city: "Cambridge",
                    country: "GB"
                )
            ),
            initiation: .person
        )
    }

    /// One load to its end at the gateway: what was approved is captured.
    func load() async throws {
        let request = try request()
        let authorization = try await gateway.authorize(request)
        guard authorization.state == .approved else { return }
        try await gateway.complete(request.name)
    }

    /// Forwards until nothing is open.
    func forwardAll() async throws {
        while true {
            await gateway.forwardOpen()
            let open = try await authorizations().values.filter(\.state.isOpen)
            if open.isEmpty { return }
        }
    }

    /// The gateway's books; they must be in order.
    func authorizations() async throws -> [AuthorizationName: Authorization] {
        let seals = RecordSealer(master, party: "gateway")
        let report = try await AuthorizationAudit(store: gatewayStore, seals: seals).run()
        #expect(report.findings.isEmpty, "\(report.findings)")
        return report.authorizations
    }

    /// The network's books; they must be in order.
    func books() async throws -> NetworkAudit.Report {
        let seals = RecordSealer(master, party: "funding_network")
        let report = try await NetworkAudit(store: networkStore, seals: seals).run()
        #expect(report.findings.isEmpty, "\(report.findings)")
        return report
    }
}
