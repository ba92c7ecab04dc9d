// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Kernel
import PaymentServer
import Records
import Synchronization
import Wire

// Crashes and restarts, and everything that can fail.
extension World {
    /// Starts the OPAL server again from its store. Purchases under way go on in the old one, as
    /// if two of them ran for a moment, unless the old one has crashed.
    package func restartOPALServer() {
        fates.begin(.opalServer)
        let opal = opalServer.start()
        running.withLock { $0.opal = opal }
    }

    /// Starts the payment server again from its store: what it held in memory is gone.
    package func restartPaymentServer() async throws(WorldFailure) {
        let life = fates.begin(.paymentServer)
        let updates = await World.updates(keys, paymentStore, clearing, fates)
        let payments = try await World.paymentServer(
            keys,
            paymentStore,
            shops,
            terminals: terminalCount,
            hosts,
            behind: concentrator,
            wait: terminalWait,
            fates,
            updates: updates
        )
        running.withLock { running in
            running.payments = payments.module
            running.terminals = payments.pool
            running.updates = updates
        }
        openDoors(to: payments.module, life)
    }

    /// Nobody answers on the links to the payment server.
    package func stopPaymentServer() {
        door.close()
        entry.close()
    }

    package func restartMerchant(_ index: Int = 0) {
        fates.begin(.shop(index))
        let module = World.merchant(index, shops, fates, random)
        running.withLock { $0.merchants[index] = module }
    }

    /// Ends a party's process, in the middle of whatever it does.
    func crash(_ party: Party) {
        fates.crash(party, fates.life(party), nil)
    }

    /// The party crashes before or after its `number`-th commit from now on.
    package func crash(_ party: Party, _ moment: CrashMoment, commit number: Int) {
        fates.commitCrashes[party]?.script(moment, at: number)
    }

    /// Whether a party has crashed and was not started again.
    package func isDown(_ party: Party) -> Bool { fates.isDown(party) }

    package func restart(_ party: Party) async {
        switch party {
        case .opalServer: restartOPALServer()
        case .paymentServer: _ = try? await restartPaymentServer()
        case .shop(let index): restartMerchant(index)
        case .terminal(let index): hosts[index].start()
        case .concentrator: concentrator?.start()
        case .clientTerminal: fates.begin(.clientTerminal)
        case .bank: bank?.start()
        case .loadServer: loadServer?.start()
        case .gateway: gateway?.start()
        case .network: gateway?.network.start()
        case .loyaltyServer: loyalty?.start()
        case .concentrationPoint: clearing?.point.start()
        case .clearingHouse: clearing?.house.start()
        }
    }

    var parties: [Party] { fates.parties }

    /// Everything works from now on.
    package func clearFaults() {
        fates.clear()
        for link in links { link.heal() }
        for (_, store) in stores { store.clear() }
        forger.plan.clear()
        opalServer.liar.denials.clear()
        gateway?.network.network.follow(NetworkScript([]))
        clientTerminal?.removals.clear()
    }

    /// Whether each fault that was planned for some call has come.
    package var areFaultsSpent: Bool {
        fates.areSpent && links.allSatisfy(\.plan.isSpent) && forger.plan.isSpent
            && opalServer.liar.denials.isSpent
            && stores.allSatisfy { $0.store.commits.isSpent && $0.store.reads.isSpent }
            && clientTerminal?.removals.isSpent != false
            && gateway?.network.network.isEachRuleMet != false
    }

    /// A party's store; nil where it has none.
    package func store(of party: Party) -> FaultyStore? {
        stores.first { $0.party == party }?.store
    }

    var links: [FaultyLink] { routes.map(\.link) }

    /// The links, with who is at their ends.
    var routes: [Route] {
        var routes = [Route(caller: .opalServer, callee: .paymentServer, link: link)]
        for (index, shop) in shops.enumerated() {
            routes.append(Route(caller: .shop(index), callee: .paymentServer, link: shop.link))
        }
        let caller = concentrator == nil ? Party.paymentServer : .concentrator
        for (index, host) in hosts.enumerated() {
            routes.append(Route(caller: caller, callee: .terminal(index), link: host.link))
        }
        if let concentrator {
            let link = concentrator.link
            routes.append(Route(caller: .paymentServer, callee: .concentrator, link: link))
        }
        if let terminal = clientTerminal {
            let link = terminal.link
            routes.append(Route(caller: .clientTerminal, callee: .paymentServer, link: link))
        }
        if let gateway {
            routes += [
                Route(caller: .opalServer, callee: .gateway, link: gateway.link),
                Route(caller: .gateway, callee: .network, link: gateway.networkLink),
            ]
        }
        if let host = loadServer {
            routes += [
                Route(caller: .opalServer, callee: .loadServer, link: host.link),
                Route(caller: .bank, callee: .loadServer, link: host.bankLink),
            ]
        }
        if let loyalty {
            routes += [
                Route(caller: .opalServer, callee: .loyaltyServer, link: loyalty.link),
                Route(caller: .loyaltyServer, callee: .opalServer, link: loyalty.opalLink),
            ]
        }
        return routes + clearingRoutes
    }

    /// The stores, with whose they are.
    var stores: [(party: Party, store: FaultyStore)] {
        [(.opalServer, opalStore), (.paymentServer, paymentStore)]
            + shops.enumerated().map { (.shop($0.offset), $0.element.store) }
            + hosts.enumerated().map { (.terminal($0.offset), $0.element.store) }
            + (loadServer.map { [(.loadServer, $0.store)] } ?? [])
            + (bank.map { [(.bank, $0.store)] } ?? [])
            + (gateway.map { [(.gateway, $0.store), (.network, $0.network.store)] } ?? [])
            + (loyalty.map { [(.loyaltyServer, $0.store)] } ?? []) + clearingStores
    }
}

/// A link of a ``World``, from who asks to who answers.
struct Route: Sendable {
    let caller: Party
    let callee: Party
    let link: FaultyLink
}
