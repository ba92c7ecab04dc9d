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
    /// The hosts of terminals that are not the payment server's own.
    package let hosts: [RemoteHost]
    /// The payment server's keys, for who plays the payment server.
    package let saleKeys: any SaleSealing

    let keys: WorldKeys
    let door = Door(as: "opal-server")
    let directory: AcquirerDirectory
    let terminalCount: Int
    private let running: Mutex<Running>
    private let held = Mutex<[CardIdentifier]>([])

    /// The payment server's name in the acquirer directory.
    package static let paymentServer = "payments.example"

    package init(_ plan: WorldPlan = WorldPlan()) async throws(WorldFailure) {
        let clock = VirtualClock(at: plan.start)
        let random = SeededRandom(seed: plan.seed)
        let issuer = try World.issuer("412345", "Harbour Bank", .euro)
        let keys = try WorldKeys(issuers: [issuer.identifier], random: random)
        let door = door
        self.clock = clock
        self.random = random
        self.issuer = issuer
        self.keys = keys
        opalStore = FaultyStore(plan.opalStore)
        paymentStore = FaultyStore(plan.paymentStore)
        link = FaultyLink(door)
        directory = AcquirerDirectory([World.paymentServer: link])
        terminalCount = plan.terminals
        shops = try World.shops(plan, keys, door, random)
        saleKeys = keys.sales
        var hosts: [RemoteHost] = []
        for index in 0..<plan.remoteTerminals {
            hosts.append(try await RemoteHost(index, keys, random))
        }
        self.hosts = hosts
        let opal = World.opalServer(keys, opalStore, directory, clock, random)
        let payments = try await World.paymentServer(
            keys,
            paymentStore,
            shops,
            terminals: plan.terminals,
            hosts,
            clock
        )
        running = Mutex(
            Running(
                module: opal.module,
                desk: opal.desk,
                purchases: opal.purchases,
                payments: payments.module,
                terminals: payments.pool,
                merchants: shops.map { $0.module(random) }
            )
        )
        door.open(to: payments.module)
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
        running.withLock(\.terminals).leased
    }
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
    /// if two of them ran for a moment.
    package func restartOPALServer() {
        let opal = World.opalServer(keys, opalStore, directory, clock, random)
        running.withLock { running in
            running.module = opal.module
            running.desk = opal.desk
            running.purchases = opal.purchases
        }
    }

    /// Starts the payment server again from its store: what it held in memory is gone.
    package func restartPaymentServer() async throws(WorldFailure) {
        let payments = try await World.paymentServer(
            keys,
            paymentStore,
            shops,
            terminals: terminalCount,
            hosts,
            clock
        )
        running.withLock { running in
            running.payments = payments.module
            running.terminals = payments.pool
        }
        door.open(to: payments.module)
    }

    /// Nobody answers on the links to the payment server.
    package func stopPaymentServer() {
        door.open(to: nil)
    }

    package func restartMerchant(_ index: Int = 0) {
        let module = shops[index].module(random)
        running.withLock { $0.merchants[index] = module }
    }

    /// Everything works from now on.
    package func clearFaults() {
        opalStore.clear()
        paymentStore.clear()
        link.plan.clear()
        for host in hosts {
            host.store.clear()
            host.link.plan.clear()
        }
        for shop in shops {
            shop.store.clear()
            shop.link.plan.clear()
        }
    }
}
