// SPDX-License-Identifier: Apache-2.0

package import Gateway
import HSM
import Kernel
import Keys
import Records
import Synchronization
import Wire

/// The payment gateway of a ``World``: its own store and keys, between the OPAL server and the
/// funding network, on links that can fail.
package final class GatewayHost: Sendable {
    package let store = FaultyStore(MemoryStore())
    package let network: NetworkHost
    /// From the OPAL server.
    package let link: FaultyLink
    /// To the funding network.
    package let networkLink: FaultyLink
    private let door = Door(as: World.opalServerName)
    private let master = LocalMasterKey.make()
    private let fates: Fates
    private let running: Mutex<FundingGateway?> = Mutex(nil)

    init(_ fates: Fates, _ random: SeededRandom) {
        self.fates = fates
        network = NetworkHost(fates, random)
        link = FaultyLink(door)
        networkLink = FaultyLink(network)
        start(fates.life(.gateway))
    }

    /// The gateway as it runs now.
    package var gateway: FundingGateway {
        guard let gateway = running.withLock({ $0 }) else {
            preconditionFailure("It runs from the beginning.")
        }
        return gateway
    }

    /// A gateway on the same database in which nothing fails, to read what is there.
    package var reader: FundingGateway { gateway(on: store.inner, Life()) }

    /// Starts it anew from its store.
    package func start() { start(fates.begin(.gateway)) }

    private func start(_ life: Life) {
        let gateway = gateway(on: fates.store(store, .gateway, life), life)
        running.withLock { $0 = gateway }
        let desk = GatewayDesk(gateway: gateway, opalServers: [World.opalServerName])
        door.open(to: desk, life)
    }

    /// Delivers what is late on the links to and from the gateway.
    func deliverLate() async {
        await link.deliverLate()
        await networkLink.deliverLate()
        for answer in network.takeLate() { _ = await gateway.receive(answer) }
    }

    private func gateway(on store: any RecordStore, _ life: Life) -> FundingGateway {
        let fates = fates
        let line = NetworkLine(link: networkLink, life: life, pace: fates.pace) { [weak self] in
            _ = await self?.gateway.receive($0)
        }
        return FundingGateway(
            Self.profile,
            store: store,
            seals: RecordSealer(master, party: "gateway"),
            link: line,
            now: { fates.now(of: .gateway) },
            uptime: { Uptime(fates.clock.now) }
        )
    }

    private static let profile: GatewayProfile = {
        guard
            let profile = GatewayProfile(
                dialect: .ascii1987,
                acquirer: NetworkHost.acquirer,
                currencies: [.euro: .cents],
                keyCheckValue: NetworkHost.keyCheckValue
            )
        else { preconditionFailure("The profile fits its elements.") }
        return profile
    }()

    package var audit: AuthorizationAudit {
        AuthorizationAudit(store: store.inner, seals: RecordSealer(master, party: "gateway"))
    }
}
