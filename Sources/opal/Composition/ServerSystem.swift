// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Concentrator
import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Instrumentation
import Kernel
import LinkEdge
import Logging
import Merchant
import NIOCore
import NIOPosix
import NIOSSL
import OPALServer
import PaymentServer
import Records
import RecordsSQLite
import SchemeAuthority
import ServiceLifecycle
import Sites
import Telemetry
import TerminalHost
import Traces
import UnixSignals
import Wire

/// The roles of one process, composed and running. Parties in the same process meet over the same
/// port as parties on two machines, without the socket.
struct ServerSystem {
    let settings: ServerSettings
    let roles: Set<Role>
    let logger: Logger
    let folder: DataFolder
    let passphrase: String?
    let group = MultiThreadedEventLoopGroup.singleton
    private static let rolesOnLinksAlone: Set<Role> = [.terminal, .concentrator]

    init(_ settings: ServerSettings, roles: Set<Role>, logger: Logger) throws {
        self.settings = settings
        self.roles = roles
        self.logger = logger
        guard settings.usesTLS || roles.isDisjoint(with: Self.rolesOnLinksAlone) else {
            throw CommandFailure("A terminal or a concentrator is reached over TLS: set tls.")
        }
        folder = DataFolder(settings.data)
        passphrase = try settings.passphraseFile.map(DataFolder.read(secret:))
    }

    /// Runs until SIGTERM or SIGINT; then what is under way is finished.
    ///
    /// `prepare`: done once, when the parties are open and before the sites answer.
    /// `ready`: called when every site and link listens.
    func run(
        prepare: (OPALServerParty?) async throws -> Void = { _ in },
        ready: @escaping @Sendable () async -> Void
    ) async throws {
        var services: [any Service] = try highWaterServices()
        var parties = Parties()
        let gate = ReadyGate(ready)
        let terminals = TerminalConnections(settings, identity, logger)
        var links: [any Link] = []
        services += try await clearingServices(&parties, &links, gate)
        services += try concentrationServices(&parties, &links, gate)
        services += try await paymentServices(&parties, &links, terminals, gate)
        services += try await terminalServices(&parties, terminals, gate)
        links += terminals.links as [any Link]
        services += try await fundingServices(&parties, gate, &links)
        services += try await cardServices(&parties, &links, gate, prepare)
        if roles.contains(.shop) {
            let link = try linkToPaymentServer(parties.payment, from: .shop)
            links.append(link)
            let party = try await MerchantParty(
                .shop,
                as: MerchantParty.shop,
                in: folder,
                passphrase: passphrase,
                paymentServer: settings.paymentServerName,
                link: link,
                statusURL: settings.shopOrigin + "/status"
            )
            parties.shop = party
            services.append(Ticker(seconds: 5) { await party.tick() })
        }
        services += try await airlineServices(&parties, &links, gate)
        services += try await sites(&parties, gate)
        services += figureServices(parties)
        services += telemetry(parties, gate)
        try await run(services, parties, links)
    }

    /// Refuses data that were set back, and notes how far they come.
    private func highWaterServices() throws -> [any Service] {
        guard let highWater = settings.highWater.map(HighWater.init) else { return [] }
        try highWater.check(folder, roles)
        let (folder, roles, logger) = (folder, roles, logger)
        return [
            Ticker(seconds: HighWater.seconds) {
                do {
                    try highWater.raise(folder, roles)
                } catch {
                    logger.error("high water", metadata: ["problem": "\(error)"])
                }
            }
        ]
    }

    /// The OPAL server.
    private func cardServices(
        _ parties: inout Parties,
        _ links: inout [any Link],
        _ gate: ReadyGate,
        _ prepare: (OPALServerParty?) async throws -> Void
    ) async throws -> [any Service] {
        guard roles.contains(.opalServer) else { return [] }
        let link = try linkToPaymentServer(parties.payment, from: .opalServer)
        let loads = try linkToLoadServer(parties.loadServer, from: .opalServer)
        links += [link, loads]
        let funding = try fundingAccess(parties.gateway)
        if let gateway = funding.gateway {
            links.append(gateway)
        } else {
            logger.warning("no payment gateway: accounts given at sign-up are not checked")
        }
        let party = try await OPALServerParty(
            folder,
            passphrase: passphrase,
            directory: AcquirerDirectory([settings.paymentServerName: link]),
            loadServers: LoadServerDirectory([settings.loadServerName: loads]),
            funding: funding,
            logonURL: settings.cardholderOrigin + CardholderSite.signInPath,
            clearingHouses: [settings.collection.clearingName],
            alarm: CardWatch.alarm(logger)
        )
        parties.opal = party
        introduce(party, to: parties)
        try await prepare(party)
        let watch = CardWatch(party: party, logger: logger)
        let retention = settings.retention
        let problems = ProblemLog(logger, "the OPAL server cannot do some of its work")
        return try pointsServices(party, &links, gate) + [
            Ticker(seconds: 5) { await party.tick(problems) },
            Ticker(seconds: 5) { await party.settleAccountLoads() },
            Ticker(seconds: 60) { await party.runStandingOrders() },
            Ticker(seconds: 300) { await party.refreshBlockingList() },
            Ticker(seconds: 3600) { await watch.run() },
            Ticker(seconds: 3600) { await party.tidy(retention) },
        ]
    }

    /// The roles of terminals on other hosts.
    private func terminalServices(
        _ parties: inout Parties,
        _ terminals: TerminalConnections,
        _ gate: ReadyGate
    ) async throws -> [any Service] {
        var services: [any Service] = []
        if roles.contains(.terminal) {
            let party = try await TerminalHostParty(folder, passphrase: passphrase)
            parties.terminal = party
            services.append(try linkServer(party, gate))
            let problems = ProblemLog(logger, "the terminals cannot do some of their work")
            services.append(Ticker(seconds: 5) { await party.tick(problems) })
        }
        if roles.contains(.concentrator) {
            services.append(try linkServer(try terminals.router(), gate))
        }
        return services
    }

    /// Runs the services to their end; then, also where a port was taken, what is open is closed.
    private func run(
        _ services: [any Service],
        _ parties: Parties,
        _ links: [any Link]
    ) async throws {
        let group = ServiceGroup(
            configuration: .init(
                services: services,
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        let ended: Result<Void, any Error>
        do {
            try await group.run()
            ended = .success(())
        } catch {
            ended = .failure(error)
        }
        await parties.close()
        for link in links {
            let link = (link as? TracedLink)?.inner ?? link
            if let link = link as? TLSLink { await link.close() }
        }
        try ended.get()
    }

    // MARK: Links

    func identity(_ name: String) throws -> LinkIdentity {
        let certificate = try PartyCertificate.load(
            name,
            from: settings.certificates,
            now: Date()
        )
        return try LinkIdentity(
            certificatePEM: certificate.certificatePEM,
            keyPEM: certificate.keyPEM,
            authorityPEM: certificate.authorityPEM
        )
    }

    func linkServer(
        _ party: PaymentServerParty,
        _ gate: ReadyGate
    ) throws -> any Service {
        try listener(
            party.module,
            as: settings.paymentServerName,
            on: (settings.paymentServerHost, settings.paymentServerPort),
            for: [Role.opalServer.rawValue, Role.shop.rawValue, Role.airline.rawValue],
            gate
        )
    }

    private func linkServer(
        _ party: TerminalHostParty,
        _ gate: ReadyGate
    ) throws -> any Service {
        try listener(
            party.module,
            as: party.module.name,
            on: (settings.terminalHost, settings.terminalPort),
            for: [settings.paymentServerName, settings.concentratorName],
            gate
        )
    }

    private func linkServer(_ router: TerminalRouter, _ gate: ReadyGate) throws -> any Service {
        try listener(
            router,
            as: settings.concentratorName,
            on: (settings.concentratorHost ?? "127.0.0.1", settings.concentratorPort),
            for: [settings.paymentServerName],
            gate
        )
    }

    func listener(
        _ service: any LinkService,
        as name: String,
        on address: (host: String, port: Int),
        for peers: Set<String>,
        _ gate: ReadyGate
    ) throws -> any Service {
        let logger = logger
        let service = ProcessTelemetry.metered(service, as: name, logger)
        let server = try TLSLinkServer(
            group: group,
            host: address.host,
            port: address.port,
            identity: try identity(name),
            allowedPeers: peers,
            service: service,
            report: { peer, reason in
                logger.warning(
                    "link",
                    metadata: ["peer": "\(peer)", "reason": "\(reason)"]
                )
            }
        )
        return LinkListener(server: server, listening: gate.listener())
    }

    func linkToPaymentServer(
        _ party: PaymentServerParty?,
        from role: Role
    ) throws -> any Link {
        if let party {
            return ProcessTelemetry.link(
                to: party.module,
                of: settings.paymentServerName,
                as: role.rawValue,
                logger
            )
        }
        return try link(
            to: settings.paymentServerName,
            at: (settings.paymentServerHost, settings.paymentServerPort),
            as: role
        )
    }

    /// A link to a party in another process.
    func link(
        to peer: String,
        at address: (host: String, port: Int),
        as role: Role,
        _ bounds: LinkSettings = .init()
    ) throws -> any Link {
        try link(to: peer, at: address, as: role.rawValue, bounds)
    }

    /// `name`: of who asks, as in its certificate.
    func link(
        to peer: String,
        at address: (host: String, port: Int),
        as name: String,
        _ bounds: LinkSettings = .init()
    ) throws -> any Link {
        let logger = logger
        let link = try TLSLink(
            group: group,
            host: address.host,
            port: address.port,
            peer: peer,
            identity: try identity(name),
            settings: bounds,
            report: { peer, reason in
                logger.warning(
                    "link",
                    metadata: ["peer": "\(peer)", "reason": "\(reason)"]
                )
            }
        )
        return TracedLink(link, to: peer, of: name, logger)
    }

    // MARK: Sites

    private func sites(_ parties: inout Parties, _ gate: ReadyGate) async throws -> [any Service] {
        let kit = SiteKit(settings: settings, templates: try Templates(), logger: logger)
        var applications: [any ApplicationProtocol] = []
        if let party = parties.opal {
            applications.append(
                try server(
                    try kit.cardholder(party),
                    of: .opalServer,
                    port: settings.cardholderPort,
                    gate
                )
            )
        }
        if let party = parties.shop {
            applications.append(
                try server(try kit.shop(party), of: .shop, port: settings.shopPort, gate)
            )
        }
        if let party = parties.bank {
            applications.append(
                try server(try kit.bank(party), of: .bank, port: settings.bankPort, gate)
            )
        }
        if let party = parties.airline {
            applications.append(
                try server(try kit.airline(party), of: .airline, port: settings.airlinePort, gate)
            )
        }
        if let party = parties.payment, settings.clientTerminalsOrigin != nil {
            applications.append(
                try server(
                    kit.clientTerminals(party),
                    of: .paymentServer,
                    port: settings.clientTerminalsPort,
                    gate
                )
            )
        }
        if roles.contains(.console) {
            let party = try await ConsoleParty(folder, passphrase: passphrase)
            parties.console = party
            let parts = kit.consoleParts(party, parties)
            parties.consoleParts = parts
            applications.append(
                try server(
                    kit.console(party, parts),
                    of: .console,
                    host: settings.consoleHost,
                    port: settings.consolePort,
                    gate
                )
            )
        }
        return applications
    }

    /// Counts for the console what has happened.
    private func figureServices(_ parties: Parties) -> [any Service] {
        guard let figures = parties.console?.operators.figures, let parts = parties.consoleParts
        else { return [] }
        let logger = logger
        return [
            Ticker(seconds: 5) {
                do {
                    try await figures.round(parts, now: SystemClock.now)
                } catch {
                    logger.warning("figures", metadata: ["failure": "\(error)"])
                }
            },
            Ticker(seconds: 60) {
                guard let reporter = parts.cardSide?.float else { return }
                // Nobody waits for it: where there are many cards, it would hold up the end of the
                // process.
                Task { await figures.countFloat(reporter, now: SystemClock.now) }
            },
        ]
    }

    private func server(
        _ router: Router<SiteContext>,
        of role: Role,
        host: String? = nil,
        port: Int,
        _ gate: ReadyGate
    ) throws -> some ApplicationProtocol {
        let listening = gate.listener()
        let address = BindAddress.hostname(host ?? settings.host, port: port)
        var logger = logger
        logger[metadataKey: LogKey.party] = "\(role.rawValue)"
        return Application(
            responder: TracedResponder(router.buildResponder()),
            server: try serverBuilder(),
            configuration: ApplicationConfiguration(address: address, serverName: "opal"),
            onServerRunning: { _ in await listening() },
            logger: logger
        )
    }

    private func serverBuilder() throws -> HTTPServerBuilder {
        guard settings.usesTLS else { return .http1() }
        let certificate = try PartyCertificate.load(
            settings.siteCertificate,
            from: settings.certificates,
            now: Date()
        )
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(
                Array(certificate.certificatePEM.utf8)
            ).map { .certificate($0) },
            privateKey: .privateKey(
                try NIOSSLPrivateKey(bytes: Array(certificate.keyPEM.utf8), format: .pem)
            )
        )
        configuration.minimumTLSVersion = .tlsv12
        return try .tls(.http1(), tlsConfiguration: configuration)
    }
}

/// Serves links until shutdown; then what is under way is answered.
private struct LinkListener: Service {
    let server: TLSLinkServer
    let listening: @Sendable () async -> Void

    func run() async throws {
        _ = try await server.start()
        await listening()
        try? await gracefulShutdown()
        await server.shutdown()
    }
}

/// Does something at start-up and then every so many seconds, one after another. What it asks
/// of other parties is in traces that begin here.
struct Ticker: Service {
    let seconds: Int
    let action: @Sendable () async -> Void

    init(seconds: Int, _ action: @escaping @Sendable () async -> Void) {
        self.seconds = seconds
        self.action = action
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            repeat {
                var context = ServiceContext.topLevel
                context.round = TraceRound()
                await ServiceContext.withValue(context) { await action() }
                try? await Task.sleep(for: .seconds(seconds))
            } while !Task.isCancelled
        }
    }
}
