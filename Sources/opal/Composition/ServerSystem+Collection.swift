// SPDX-License-Identifier: Apache-2.0

import Kernel
import Logging
import PaymentServer
import ServiceLifecycle
import Wire

// Collection: the payment server 206 with its batches, concentration point 68, and the way to the
// clearing house 110. Who takes batches is opened before who sends them.
extension ServerSystem {
    /// Opens the concentration point, where it is a role of this process.
    func concentrationServices(
        _ parties: inout Parties,
        _ links: inout [any Link],
        _ gate: ReadyGate
    ) throws -> [any Service] {
        guard roles.contains(.concentrationPoint) else { return [] }
        guard settings.usesTLS || roles.contains(.paymentServer) else {
            throw CommandFailure("A concentration point is reached over TLS: set tls.")
        }
        let collection = settings.collection
        let link = try linkToClearingHouse(parties, from: collection.concentrationName)
        if let link { links.append(link) } else { sayNobodyTakesBatches() }
        let party = try ConcentrationParty(
            folder,
            passphrase: passphrase,
            paymentServer: settings.paymentServerName,
            clearingHouse: link ?? NoLink(),
            alarm: BatchWatch.alarm(logger, at: collection.concentrationName)
        )
        parties.concentrationPoint = party
        var services: [any Service] = [
            Ticker(seconds: 5) { await party.forward() },
            Ticker(seconds: 30) { await party.refreshUpdates() },
        ]
        if settings.usesTLS {
            services.append(
                try listener(
                    party.module,
                    as: collection.concentrationName,
                    on: (
                        collection.concentrationHost ?? "127.0.0.1",
                        collection.concentrationPort
                    ),
                    for: [settings.paymentServerName],
                    gate
                )
            )
        }
        return services
    }

    /// Opens the payment server, where it is a role of this process.
    func paymentServices(
        _ parties: inout Parties,
        _ links: inout [any Link],
        _ terminals: TerminalConnections,
        _ gate: ReadyGate
    ) async throws -> [any Service] {
        guard roles.contains(.paymentServer) else { return [] }
        let party = try await PaymentServerParty(
            folder,
            passphrase: passphrase,
            terminals: settings.terminals,
            link: { try terminals.link(toHost: $0) },
            alarm: SaleWatch.alarm(logger)
        )
        parties.payment = party
        let problems = ProblemLog(logger, "the payment server cannot do some of its work")
        var services: [any Service] = [
            Ticker(seconds: 5) { await party.tick(problems) },
            // Apart from the rest: a host that does not answer takes some seconds.
            Ticker(seconds: 3) { await party.module.refreshTerminals() },
        ]
        services += try batchServices(of: party, parties, &links)
        if settings.usesTLS { services.append(try linkServer(party, gate)) }
        return services
    }

    /// The rounds of a payment server's batches.
    private func batchServices(
        of party: PaymentServerParty,
        _ parties: Parties,
        _ links: inout [any Link]
    ) throws -> [any Service] {
        let link = try linkForBatches(parties, from: settings.paymentServerName)
        if let link { links.append(link) } else { sayNobodyTakesBatches() }
        let rounds = BatchRounds(
            of: party,
            over: link,
            alarm: BatchWatch.alarm(logger, at: settings.paymentServerName)
        )
        let collection = settings.collection
        return [
            Ticker(seconds: 5) { await rounds.close(collection.policy(at: SystemClock.now())) },
            // Apart from closing: who does not answer takes some seconds.
            Ticker(seconds: 5) { await rounds.send() },
            Ticker(seconds: 5) { await rounds.sendRefunds() },
            Ticker(seconds: 30) { await rounds.refreshUpdates() },
        ]
    }

    // MARK: Links

    /// To who takes the payment server's batches: the concentration point, or else the clearing
    /// house; nil where there is neither.
    private func linkForBatches(
        _ parties: Parties,
        from paymentServer: String
    ) throws -> (any Link)? {
        let collection = settings.collection
        if let party = parties.concentrationPoint {
            return ProcessTelemetry.link(
                to: party.module,
                of: collection.concentrationName,
                as: paymentServer,
                logger
            )
        }
        if settings.usesTLS, let host = collection.concentrationHost {
            return try link(
                to: collection.concentrationName,
                at: (host, collection.concentrationPort),
                as: paymentServer
            )
        }
        return try linkToClearingHouse(parties, from: paymentServer)
    }

    /// To the clearing house, which takes batches and says what is new; nil where there is none.
    ///
    /// `name`: of who asks, as in its certificate.
    func linkToClearingHouse(_ parties: Parties, from name: String) throws -> (any Link)? {
        let collection = settings.collection
        if let party = parties.clearing {
            return ProcessTelemetry.link(
                to: party.module,
                of: collection.clearingName,
                as: name,
                logger
            )
        }
        guard settings.usesTLS, let host = collection.clearingHost else { return nil }
        return try link(
            to: collection.clearingName,
            at: (host, collection.clearingPort),
            as: name
        )
    }

    private func sayNobodyTakesBatches() {
        logger.notice("no clearing house: batches are kept until there is one")
    }
}
