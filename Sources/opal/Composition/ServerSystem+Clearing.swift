// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import ServiceLifecycle
import Wire

// Clearing and administration 110, and its way to the issuer.
extension ServerSystem {
    /// Opens the clearing house, where it is a role of this process.
    func clearingServices(
        _ parties: inout Parties,
        _ links: inout [any Link],
        _ gate: ReadyGate
    ) async throws -> [any Service] {
        guard roles.contains(.clearing) else { return [] }
        let collection = settings.collection
        let issuer = LateLink()
        if !roles.contains(.opalServer) {
            guard settings.usesTLS else {
                throw CommandFailure("A clearing house reaches issuers over TLS: set tls.")
            }
            let link = try link(
                to: settings.opalServerName,
                at: (settings.opalServerHost, settings.opalServerPort),
                as: collection.clearingName
            )
            links.append(link)
            issuer.set(link)
        }
        let party = try await ClearingParty(
            folder,
            passphrase: passphrase,
            issuers: { _ in issuer.value },
            logger: logger
        )
        parties.clearing = party
        parties.issuer = issuer
        var services: [any Service] = [
            Ticker(seconds: 5) { await party.followBatchKeys() },
            Ticker(seconds: 5) { await party.credit() },
            Ticker(seconds: 5) { await party.passDisputes() },
            Ticker(seconds: 30) { await party.passBlocks() },
            Ticker(seconds: 30) { await party.passSweeps() },
            Ticker(seconds: 60) { await party.settle() },
        ]
        if settings.usesTLS {
            services.append(
                try listener(
                    party.module,
                    as: collection.clearingName,
                    on: (collection.clearingHost ?? "127.0.0.1", collection.clearingPort),
                    for: [collection.concentrationName, settings.paymentServerName],
                    gate
                )
            )
        }
        return services
    }

    /// Lets the clearing house of this process ask the issuer of this process.
    func introduce(_ issuer: OPALServerParty, to parties: Parties) {
        parties.issuer?.set(
            ProcessTelemetry.link(
                to: issuer.clearing,
                of: settings.opalServerName,
                as: settings.collection.clearingName,
                logger
            )
        )
    }
}

/// What answers at one port, by who asks.
struct PeerRouter: LinkService {
    let services: [String: any LinkService]
    /// For all others that may come in.
    let usual: any LinkService

    func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        await (services[peer] ?? usual).answer(request, from: peer)
    }
}
