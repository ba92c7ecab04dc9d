// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import LinkEdge
import Logging
import NetworkEdge
import ServiceLifecycle
import Wire

// The roles of the funding side: load server 862, bank server 860, payment gateway, and the
// simulated funding network.
extension ServerSystem {
    /// Opens the load server and the bank, where they are roles of this process.
    func fundingServices(
        _ parties: inout Parties,
        _ gate: ReadyGate,
        _ links: inout [any Link]
    ) async throws -> [any Service] {
        var services: [any Service] = []
        if roles.contains(.loadServer) {
            let party = try await LoadServerParty(folder, passphrase: passphrase)
            parties.loadServer = party
            services.append(Ticker(seconds: 5) { await party.tick() })
            if settings.usesTLS {
                let server = try listener(
                    party.desk,
                    as: settings.loadServerName,
                    on: (settings.loadServerHost, settings.loadServerPort),
                    for: [Role.opalServer.rawValue, Role.bank.rawValue],
                    gate
                )
                services.append(server)
            }
        }
        if roles.contains(.bank) {
            let link = try linkToLoadServer(parties.loadServer, from: .bank)
            links.append(link)
            let party = try await BankParty(
                folder,
                passphrase: passphrase,
                loadServer: settings.loadServerName,
                link: link,
                origin: settings.bankOrigin
            )
            parties.bank = party
            services.append(Ticker(seconds: 5) { await party.tick() })
        }
        return try await services + networkServices(&parties, gate)
            + gatewayServices(&parties, gate)
    }

    private func networkServices(
        _ parties: inout Parties,
        _ gate: ReadyGate
    ) async throws -> [any Service] {
        guard roles.contains(.network) else { return [] }
        let funding = settings.funding
        let party = try NetworkParty(
            folder,
            passphrase: passphrase,
            settings: funding,
            logger: logger
        )
        parties.network = party
        let ticker = Ticker(seconds: 5) { party.tick() }
        // The gateway of this process needs no socket.
        guard settings.usesTLS || !roles.contains(.gateway) else { return [ticker] }
        let network = party.network
        let server = try NetworkServer(
            group: group,
            host: funding.networkHost,
            port: funding.networkPort,
            identity: funding.networkUsesTLS ? try identity(funding.networkName) : nil,
            allowedPeers: [funding.gatewayName],
            report: networkReport,
            answer: { await network.answer($0) }
        )
        return [ticker, NetworkListener(server: server, listening: gate.listener())]
    }

    private func gatewayServices(
        _ parties: inout Parties,
        _ gate: ReadyGate
    ) async throws -> [any Service] {
        guard roles.contains(.gateway) else { return [] }
        let party = try GatewayParty(
            folder,
            passphrase: passphrase,
            profile: try settings.funding.profile(),
            connection: try connection(to: parties.network)
        )
        parties.gateway = party
        await party.start()
        let retention = settings.retention
        var services: [any Service] = [
            Ticker(seconds: 5) { await party.keepSignedOn() },
            Ticker(seconds: 5) { await party.gateway.forwardOpen() },
            Ticker(seconds: 3600) { await party.tidy(retention) },
        ]
        if settings.usesTLS {
            let server = try listener(
                party.desk,
                as: settings.funding.gatewayName,
                on: (settings.funding.gatewayHost ?? "127.0.0.1", settings.funding.gatewayPort),
                for: [Role.opalServer.rawValue],
                gate
            )
            services.append(server)
        }
        return services
    }

    /// The gateway's connection to the funding network.
    private func connection(to party: NetworkParty?) throws -> GatewayParty.Connection {
        if let party { return .direct(DirectNetworkLink(to: party.network)) }
        let funding = settings.funding
        return .socket(
            try NetworkConnector(
                group: group,
                host: funding.networkHost,
                port: funding.networkPort,
                peer: funding.networkName,
                identity: funding.networkUsesTLS ? try identity(funding.gatewayName) : nil,
                dialect: funding.dialect,
                report: networkReport
            )
        )
    }

    private var networkReport: LinkReporter {
        let logger = logger
        return { peer, reason in
            logger.warning(
                "network link",
                metadata: ["peer": "\(peer)", "reason": "\(reason)"]
            )
        }
    }

    /// How the OPAL server of this process reaches the gateway.
    func fundingAccess(_ party: GatewayParty?) throws -> FundingAccess {
        var access = FundingAccess(
            settings: settings.funding,
            issuer: settings.newCardIssuer
        )
        if let party {
            access.gateway = ProcessTelemetry.link(
                to: party.desk,
                of: settings.funding.gatewayName,
                as: Role.opalServer.rawValue,
                logger
            )
        } else if let host = settings.funding.gatewayHost {
            var bounds = LinkSettings()
            bounds.responseTime = GatewayLimits.deskTime
            access.gateway = try link(
                to: settings.funding.gatewayName,
                at: (host, settings.funding.gatewayPort),
                as: .opalServer,
                bounds
            )
        }
        return access
    }

    func linkToLoadServer(
        _ party: LoadServerParty?,
        from role: Role
    ) throws -> any Link {
        if let party {
            return ProcessTelemetry.link(
                to: party.desk,
                of: settings.loadServerName,
                as: role.rawValue,
                logger
            )
        }
        return try link(
            to: settings.loadServerName,
            at: (settings.loadServerHost, settings.loadServerPort),
            as: role
        )
    }
}

/// Serves gateways until shutdown; then what is under way is answered.
private struct NetworkListener: Service {
    let server: NetworkServer
    let listening: @Sendable () async -> Void

    func run() async throws {
        _ = try await server.start()
        await listening()
        try? await gracefulShutdown()
        await server.shutdown()
    }
}
