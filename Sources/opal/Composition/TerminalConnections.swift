// SPDX-License-Identifier: Apache-2.0

import Concentrator
import LinkEdge
import Logging
import NIOPosix
import Telemetry
import Wire

/// The links of a payment server or a concentrator to hosts of terminals, one for each peer.
final class TerminalConnections {
    private let settings: ServerSettings
    private let identity: (String) throws -> LinkIdentity
    private let logger: Logger
    private var toConcentrator: (any Link)?
    /// To be closed at the end.
    private(set) var links: [TLSLink] = []

    init(
        _ settings: ServerSettings,
        _ identity: @escaping (String) throws -> LinkIdentity,
        _ logger: Logger
    ) {
        self.settings = settings
        self.identity = identity
        self.logger = logger
    }

    /// The payment server's link to a host: directly where its address is set, else through the
    /// concentrator. Without either the terminal counts as away.
    func link(toHost name: String) throws -> any Link {
        guard settings.usesTLS else { return NoLink() }
        let addresses = try TerminalAddresses(settings.remoteTerminals)
        if let address = addresses.byName[name] {
            return try link(
                to: name,
                address,
                as: settings.paymentServerName,
                TerminalLinks.settings
            )
        }
        guard let host = settings.concentratorHost else {
            logger.warning("a remote terminal has no address", metadata: ["terminal": "\(name)"])
            return NoLink()
        }
        if let toConcentrator { return toConcentrator }
        let link = try link(
            to: settings.concentratorName,
            TerminalAddresses.Address(host: host, port: settings.concentratorPort),
            as: settings.paymentServerName,
            TerminalLinks.settingsBehindConcentrator
        )
        toConcentrator = link
        return link
    }

    /// The concentrator with its links.
    func router() throws -> TerminalRouter {
        let addresses = try TerminalAddresses(settings.remoteTerminals).byName
        guard !addresses.isEmpty else {
            throw CommandFailure("A concentrator needs remoteTerminals: whom it routes to.")
        }
        var routes: [String: any Link] = [:]
        for (name, address) in addresses {
            routes[name] = try link(
                to: name,
                address,
                as: settings.concentratorName,
                TerminalLinks.settings
            )
        }
        return TerminalRouter(links: routes, callers: [settings.paymentServerName])
    }

    private func link(
        to peer: String,
        _ address: TerminalAddresses.Address,
        as name: String,
        _ bounds: LinkSettings
    ) throws -> any Link {
        let logger = logger
        let link = try TLSLink(
            group: MultiThreadedEventLoopGroup.singleton,
            host: address.host,
            port: address.port,
            peer: peer,
            identity: try identity(name),
            settings: bounds,
            report: { peer, reason in
                logger.warning("link", metadata: ["peer": "\(peer)", "reason": "\(reason)"])
            }
        )
        links.append(link)
        return TracedLink(link, to: peer, of: name, logger)
    }
}
