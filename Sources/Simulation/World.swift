// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
package import Kernel
import Keys
package import Merchant
package import OPALServer
package import PaymentServer
import Records
import SecurityCard
package import SecurityModule
import SessionKeys
import Synchronization
import Wire

/// All parties in one process, each with its own store and its own keys, on links and stores that
/// can fail, at a time that only moves when it is told to.
package final class World: Sendable {
    /// What runs now; each can be started again from its store.
    struct Running: Sendable {
        var module: SoftwareModule
        var desk: CardDesk
        var purchases: Purchases
        var payments: PaymentModule
        var terminals: TerminalInterface
        var merchants: [MerchantModule]
    }

    package let clock: VirtualClock
    package let random: SeededRandom
    package let issuer: Issuer
    package let opalStore: FaultyStore
    package let paymentStore: FaultyStore
    /// From the OPAL server to the payment server.
    package let link: FaultyLink
    package let shops: [Shop]
    /// Hosts of terminals, as the plan wants.
    package let hosts: [RemoteHost]
    /// The payment server's keys, for who plays the payment server.
    package let saleKeys: any SaleSealing

    let keys: WorldKeys
    let door = Door(as: "opal-server")
    let directory: AcquirerDirectory
    let terminalCount: Int
    let terminalWait: Duration
    let fates: Fates
    private let running: Mutex<Running>
    private let held = Mutex<[CardIdentifier]>([])

    /// The payment server's name in the acquirer directory.
    package static let paymentServer = "payments.example"

    package init(_ plan: WorldPlan = WorldPlan()) async throws(WorldFailure) {
        let clock = plan.pace?.clock ?? VirtualClock(at: plan.start)
        let fates = Fates(
            clock,
            plan.pace,
            merchants: plan.merchants,
            remoteTerminals: plan.remoteTerminals
        )
        let random = SeededRandom(seed: plan.seed)
        let issuer = try World.issuer("412345", "Harbour Bank", .euro)
        let keys = try WorldKeys(issuers: [issuer.identifier], random: random)
        let door = door
        self.clock = clock
        self.fates = fates
        self.random = random
        self.issuer = issuer
        self.keys = keys
        opalStore = FaultyStore(plan.opalStore)
        paymentStore = FaultyStore(plan.paymentStore)
        link = FaultyLink(door)
        directory = AcquirerDirectory([World.paymentServer: link])
        terminalCount = plan.terminals
        terminalWait = plan.terminalWait
        shops = try World.shops(plan, keys, door, random)
        saleKeys = keys.sales
        var hosts: [RemoteHost] = []
        for index in 0..<plan.remoteTerminals {
            hosts.append(try await RemoteHost(index, keys, fates, random))
        }
        self.hosts = hosts
        let opal = World.opalServer(keys, opalStore, directory, fates, random)
        let payments = try await World.paymentServer(
            keys,
            paymentStore,
            shops,
            terminals: plan.terminals,
            hosts,
            wait: plan.terminalWait,
            fates
        )
        running = Mutex(
            Running(
                module: opal.module,
                desk: opal.desk,
                purchases: opal.purchases,
                payments: payments.module,
                terminals: payments.pool,
                merchants: World.merchants(shops, fates, random)
            )
        )
        door.open(to: payments.module, fates.life(.paymentServer))
        for value in plan.cardValues { _ = try await addCard(value) }
    }

    package var now: Instant { clock.now }
    package var desk: CardDesk { running.withLock(\.desk) }
    package var purchases: Purchases { running.withLock(\.purchases) }
    package var payments: PaymentModule { running.withLock(\.payments) }
    package var cards: [CardIdentifier] { held.withLock { $0 } }
    package var cardModule: any CardModule { running.withLock(\.module) }
    /// The terminals that serve a sale now.
    package var leasedTerminals: Set<SecurityCardIdentifier> {
        terminals.leased
    }
    /// The payment server's pool.
    package var terminals: TerminalInterface { running.withLock(\.terminals) }
    var merchants: [MerchantModule] { running.withLock(\.merchants) }

    package func merchant(_ index: Int = 0) -> MerchantModule { merchants[index] }

    /// Makes a card and loads it.
    ///
    /// - Parameters:
    ///   - value: in minor units.
    ///   - issuer: whose card it is; the world's issuer where none is given.
    /// - Returns: its number.
    /// - Throws: `.card`, `.store`, `.key`, `.conflict`.
    package func addCard(
        _ value: UInt64,
        of issuer: Issuer? = nil
    ) async throws(WorldFailure) -> CardIdentifier {
        let issuer = issuer ?? self.issuer
        do {
            try keys.install(issuer.identifier, in: running.withLock(\.module))
            let new = try await desk.make(for: issuer, value: value, now: now)
            let transition = Transition(writes: new.writes, history: new.history)
            guard try await opalStore.inner.commit(transition) == .committed else {
                throw WorldFailure.conflict
            }
            held.withLock { $0.append(new.card) }
            return new.card
        } catch let failure as EmulatorFailure {
            throw .card(failure)
        } catch let failure as StoreFailure {
            throw .store(failure)
        } catch let failure as KeyFailure {
            throw .key(failure)
        } catch {
            throw .conflict
        }
    }

    // MARK: Restarts

    /// Starts the OPAL server again from its store. Purchases under way go on in the old one, as
    /// if two of them ran for a moment, unless the old one has crashed.
    package func restartOPALServer() {
        fates.begin(.opalServer)
        let opal = World.opalServer(keys, opalStore, directory, fates, random)
        running.withLock { running in
            running.module = opal.module
            running.desk = opal.desk
            running.purchases = opal.purchases
        }
    }

    /// Starts the payment server again from its store: what it held in memory is gone.
    package func restartPaymentServer() async throws(WorldFailure) {
        let life = fates.begin(.paymentServer)
        let payments = try await World.paymentServer(
            keys,
            paymentStore,
            shops,
            terminals: terminalCount,
            hosts,
            wait: terminalWait,
            fates
        )
        running.withLock { running in
            running.payments = payments.module
            running.terminals = payments.pool
        }
        door.open(to: payments.module, life)
    }

    /// Nobody answers on the links to the payment server.
    package func stopPaymentServer() {
        door.close()
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

    package func restart(_ party: Party) async {
        switch party {
        case .opalServer: restartOPALServer()
        case .paymentServer: _ = try? await restartPaymentServer()
        case .shop(let index): restartMerchant(index)
        case .terminal(let index): hosts[index].start()
        }
    }

    var parties: [Party] {
        [.opalServer, .paymentServer] + shops.indices.map(Party.shop)
            + hosts.indices.map(Party.terminal)
    }

    /// Everything works from now on.
    package func clearFaults() {
        fates.clear()
        opalStore.clear()
        paymentStore.clear()
        for link in links { link.heal() }
        for shop in shops { shop.store.clear() }
        for host in hosts { host.store.clear() }
    }

    var links: [FaultyLink] { routes.map(\.link) }

    /// The links, with who is at their ends.
    var routes: [Route] {
        [Route(caller: .opalServer, callee: .paymentServer, link: link)]
            + shops.enumerated().map { index, shop in
                Route(caller: .shop(index), callee: .paymentServer, link: shop.link)
            }
            + hosts.enumerated().map { index, host in
                Route(caller: .paymentServer, callee: .terminal(index), link: host.link)
            }
    }

    /// The stores, with whose they are.
    var stores: [(party: Party, store: FaultyStore)] {
        [(.opalServer, opalStore), (.paymentServer, paymentStore)]
            + shops.enumerated().map { (.shop($0.offset), $0.element.store) }
            + hosts.enumerated().map { (.terminal($0.offset), $0.element.store) }
    }
}

/// A link of a ``World``, from who asks to who answers.
struct Route: Sendable {
    let caller: Party
    let callee: Party
    let link: FaultyLink
}
