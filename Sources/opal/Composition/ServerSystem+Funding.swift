// SPDX-License-Identifier: Apache-2.0

import Kernel
import ServiceLifecycle
import Wire

// The roles of the funding side: load server 862 and bank server 860.
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
        return services
    }

    func linkToLoadServer(
        _ party: LoadServerParty?,
        from role: Role
    ) throws -> any Link {
        if let party { return DirectLink(to: party.desk, as: role.rawValue) }
        return try link(
            to: settings.loadServerName,
            at: (settings.loadServerHost, settings.loadServerPort),
            as: role
        )
    }
}
