// SPDX-License-Identifier: Apache-2.0

package import FundingNetwork
package import Gateway
package import Kernel
package import OPALServer
import Records
import Wire

/// What the parties of a ``World`` have stored of loads from accounts on file, opened.
package struct FundingLedger: Sendable {
    /// At the OPAL server.
    package private(set) var loads: [TransactionIdentifier: AccountLoadRecord] = [:]
    /// At the gateway.
    package private(set) var authorizations: [TransactionIdentifier: Authorization] = [:]
    /// At the network, by RRN.
    package private(set) var holds: [String: HoldRecord] = [:]
    package private(set) var accounts: [NetworkAccount] = []
    /// Advices and reversals that came under more than one STAN.
    package private(set) var renumbered: [String] = []

    /// Loads that were given up and are credited all the same.
    package private(set) var revived: Set<TransactionIdentifier> = []
    private var givenUp: Set<TransactionIdentifier> = []

    private var openedLoads = Opened<AccountLoadRecord>()
    private var openedAuthorizations = Opened<Authorization>()
    private var openedHolds = Opened<(reference: String, hold: HoldRecord)>()
    private var openedAccounts = Opened<NetworkAccount>()

    /// Reads what has changed since the last time.
    ///
    /// - Returns: what could not be opened.
    mutating func read(
        _ world: World,
        of parties: Set<Party>
    ) async throws(StoreFailure) -> [Violation] {
        var found: [Violation] = []
        guard let gateway = world.gateway else { return found }
        if parties.contains(.opalServer) { try await readLoads(world, &found) }
        if parties.contains(.gateway) { try await readAuthorizations(gateway, &found) }
        if parties.contains(.network) { try await readNetwork(gateway.network, &found) }
        renumbered = gateway.network.renumbered
        return found
    }

    private mutating func readLoads(
        _ world: World,
        _ found: inout [Violation]
    ) async throws(StoreFailure) {
        for record in try await Ledger.all(AccountLoadRecord.kind, in: world.opalStore.inner)
        where !openedLoads.has(record) {
            if let bytes = await world.openedByOPALServer(record),
                let load = try? AccountLoadRecord(bytes, key: record.key.bytes)
            {
                openedLoads.add(load, record, load.transaction)
                note(load)
            } else {
                found.append(.damaged("account load \(Hex.text(record.key.bytes))"))
            }
        }
        loads = openedLoads.byTransaction
    }

    private mutating func note(_ load: AccountLoadRecord) {
        switch load.state {
        case .cancelling, .cancelled, .declined: givenUp.insert(load.transaction)
        case .credited, .completed:
            if givenUp.contains(load.transaction) { revived.insert(load.transaction) }
        case .authorizing: break
        }
    }

    private mutating func readAuthorizations(
        _ host: GatewayHost,
        _ found: inout [Violation]
    ) async throws(StoreFailure) {
        for record in try await Ledger.all(AuthorizationRecord.kind, in: host.store.inner)
        where !openedAuthorizations.has(record) {
            if let name = AuthorizationName(record.key.bytes),
                let authorization = try? await host.reader.authorization(of: name)
            {
                openedAuthorizations.add(authorization, record, name.transaction)
            } else {
                found.append(.damaged("authorisation \(Hex.text(record.key.bytes))"))
            }
        }
        authorizations = openedAuthorizations.byTransaction
    }

    private mutating func readNetwork(
        _ network: NetworkHost,
        _ found: inout [Violation]
    ) async throws(StoreFailure) {
        for record in try await Ledger.all(HoldRecord.kind, in: network.store.inner)
        where !openedHolds.has(record) {
            guard let hold = await network.hold(record) else {
                found.append(.damaged("hold \(Hex.text(record.key.bytes))"))
                continue
            }
            let reference = String(decoding: record.key.bytes.suffix(12), as: UTF8.self)
            openedHolds.add((reference, hold), record)
        }
        holds = Dictionary(openedHolds.values.map { ($0.reference, $0.hold) }) { one, _ in one }
        for record in try await Ledger.all(NetworkAccount.kind, in: network.store.inner)
        where !openedAccounts.has(record) {
            guard let account = await network.account(record) else {
                found.append(.damaged("network account \(Hex.text(record.key.bytes))"))
                continue
            }
            openedAccounts.add(account, record)
        }
        accounts = openedAccounts.values
    }

    /// The audits that gateway and network make of their own databases.
    static func audit(_ world: World) async throws(StoreFailure) -> [Violation] {
        guard let gateway = world.gateway else { return [] }
        let findings =
            try await gateway.audit.run().findings + gateway.network.audit.run().findings
        return findings.map { .damaged("\($0)") }
    }

    /// What the databases say at the end of a run.
    var sights: Set<Sight> {
        var sights: Set<Sight> = []
        for load in loads.values {
            switch load.state {
            case .completed: sights.insert(.accountLoaded(load.purpose))
            case .cancelled: sights.insert(.accountLoadCancelled)
            case .declined: sights.insert(.accountLoadDeclined)
            case .authorizing, .credited, .cancelling: break
            }
        }
        for authorization in authorizations.values where authorization.state == .reversed {
            sights.insert(.fundsReversed)
        }
        for hold in holds.values where hold.state == .void { sights.insert(.fundsVoid) }
        return sights
    }
}
