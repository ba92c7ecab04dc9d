// SPDX-License-Identifier: Apache-2.0

import Gateway
import Keys
import NetworkEdge
import Records
import Synchronization
import Wire

/// The payment gateway, composed: its book, the connection to the funding network, and the desk
/// where OPAL servers ask.
struct GatewayParty {
    let store: PartyStore
    let gateway: FundingGateway
    let desk: GatewayDesk
    private let accounts: AccountRetention
    private let connection: Connection
    private let lock: FolderLock
    private let rounds = GatewayRounds()

    /// How the gateway reaches the network.
    enum Connection {
        case direct(DirectNetworkLink)
        case socket(NetworkConnector)

        var link: any FundingNetworkLink {
            switch self {
            case .direct(let link): link
            case .socket(let connector): connector
            }
        }
    }

    init(
        _ folder: DataFolder,
        passphrase: String?,
        profile: GatewayProfile,
        connection: Connection
    ) throws {
        lock = try folder.lock(.gateway)
        let master = try KeyFile.read(at: folder.keyFile(.gateway), passphrase: passphrase)
        store = try PartyStore(folder, .gateway, GatewayRecords.schema)
        self.connection = connection
        let seals = RecordSealer(master, party: GatewayRecords.schema.party)
        accounts = AccountRetention(store: store, seals: seals)
        let gateway = FundingGateway(
            profile,
            store: store,
            seals: seals,
            link: connection.link,
            now: SystemClock.now,
            uptime: SystemClock.uptime
        )
        self.gateway = gateway
        desk = GatewayDesk(gateway: gateway, opalServers: [Role.opalServer.rawValue])
    }

    /// Connects and signs on; from now on what the network says unasked is taken.
    func start() async {
        let gateway = gateway
        switch connection {
        case .direct(let link):
            link.start { _ = await gateway.receive($0) }
            await gateway.keepSignedOn()
        case .socket(let connector):
            connector.start(
                connected: { await gateway.keepSignedOn() },
                receive: { await gateway.receive($0) }
            )
        }
    }

    /// Signs on again as soon as that is needed; a look at the network every half minute.
    func keepSignedOn() async {
        let isDue = rounds.isEchoDue(every: Self.echoRounds)
        if isDue || !gateway.isSignedOn { await gateway.keepSignedOn() }
    }

    /// What must be done every hour: accounts of loads that ended long ago are forgotten.
    func tidy(_ retention: RetentionSettings) async {
        let limit = retention.accountLimit(at: SystemClock.now())
        _ = try? await accounts.forget(askedBefore: limit)
    }

    /// How often ``keepSignedOn()`` is called from one echo test to the next.
    private static let echoRounds = 6

    /// For the console: in words, and whether all is well.
    func health() async -> (detail: String, isWell: Bool) {
        guard let open = try? await gateway.open() else { return ("its book does not open", false) }
        let signedOn = gateway.isSignedOn ? "signed on" : "not signed on"
        var words = ["\(signedOn); waiting: \(open.advices) advices, \(open.reversals) reversals"]
        if open.approved > 0 { words.append("\(open.approved) approved and not yet ended") }
        if open.refused > 0 { words.append("\(open.refused) refused by the network") }
        if open.damaged > 0 { words.append("\(open.damaged) records do not open") }
        let isWell = gateway.isSignedOn && open.refused == 0 && open.damaged == 0
        return (words.joined(separator: ", "), isWell)
    }

    func close() async {
        if case .socket(let connector) = connection { await connector.close() }
        await store.close()
    }
}

/// Counts towards the next echo test.
private final class GatewayRounds: Sendable {
    private let count = Mutex(0)

    func isEchoDue(every rounds: Int) -> Bool {
        count.withLock { count in
            count += 1
            return count % rounds == 0
        }
    }
}
