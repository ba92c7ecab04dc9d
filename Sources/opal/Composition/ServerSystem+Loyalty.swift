// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer
import ServiceLifecycle
import Synchronization
import Wire

// The airline: a web server 208' with its loyalty server, and the links between this and the OPAL
// server.
extension ServerSystem {
    /// Opens the airline, where it is a role of this process.
    func airlineServices(
        _ parties: inout Parties,
        _ links: inout [any Link],
        _ gate: ReadyGate
    ) async throws -> [any Service] {
        guard roles.contains(.airline) else { return [] }
        let payments = try linkToPaymentServer(parties.payment, from: .airline)
        let cards = try linkToOPALServer(parties.opal)
        links += [payments, cards]
        let merchant = try await MerchantParty(
            .airline,
            as: MerchantParty.airline,
            in: folder,
            passphrase: passphrase,
            paymentServer: settings.paymentServerName,
            link: payments,
            statusURL: settings.airlineOrigin + "/status"
        )
        let loyalty = try LoyaltyParty(folder, passphrase: passphrase, link: cards)
        let party = AirlineParty(merchant, loyalty)
        parties.airline = party
        let desk = LoyaltyDesk(
            module: loyalty.module,
            opalServers: [settings.opalServerName],
            now: SystemClock.now
        )
        parties.opal?.points.loyaltyServer.set(
            ProcessTelemetry.link(
                to: desk,
                of: settings.airlineName,
                as: settings.opalServerName,
                logger
            )
        )
        var services: [any Service] = [Ticker(seconds: 5) { await party.tick() }]
        if settings.usesTLS {
            services.append(
                try listener(
                    desk,
                    as: settings.airlineName,
                    on: (settings.airlineLinkHost ?? "127.0.0.1", settings.airlineLinkPort),
                    for: [settings.opalServerName],
                    gate
                )
            )
        }
        return services
    }

    /// How loyalty servers in other processes reach the OPAL server, and it them.
    func pointsServices(
        _ party: OPALServerParty,
        _ links: inout [any Link],
        _ gate: ReadyGate
    ) throws -> [any Service] {
        var services: [any Service] = [
            Ticker(seconds: 5) { await party.points.tell() },
            Ticker(seconds: 3600) { await party.points.expire() },
        ]
        guard settings.usesTLS else { return services }
        if !roles.contains(.airline), let host = settings.airlineLinkHost {
            let link = try link(
                to: settings.airlineName,
                at: (host, settings.airlineLinkPort),
                as: .opalServer
            )
            links.append(link)
            party.points.loyaltyServer.set(link)
        }
        services.append(
            try listener(
                PeerRouter(
                    services: [settings.collection.clearingName: party.clearing],
                    usual: party.points.desk
                ),
                as: settings.opalServerName,
                on: (settings.opalServerHost, settings.opalServerPort),
                for: [settings.airlineName, settings.collection.clearingName],
                gate
            )
        )
        return services
    }

    private func linkToOPALServer(_ party: OPALServerParty?) throws -> any Link {
        if let party {
            return ProcessTelemetry.link(
                to: party.points.desk,
                of: settings.opalServerName,
                as: settings.airlineName,
                logger
            )
        }
        return try link(
            to: settings.opalServerName,
            at: (settings.opalServerHost, settings.opalServerPort),
            as: .airline
        )
    }
}

/// A link that is known only after who uses it was made.
final class LateLink: Sendable {
    private let link = Mutex<(any Link)?>(nil)

    var value: (any Link)? { link.withLock { $0 } }

    func set(_ link: any Link) { self.link.withLock { $0 = link } }
}
