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
        var opal: OPALServerSetup.Running
        var payments: PaymentModule
        var terminals: TerminalInterface
        var merchants: [MerchantModule]
        /// Nil where no clearing house is.
        var updates: SchemeUpdates?
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
    /// Between the payment server and the hosts; nil where it asks them itself.
    package let concentrator: ConcentratorHost?
    /// Which card's answers to DEBIT IEP are not its own.
    package let forger = CardForger()
    /// The payment server's keys, for who plays the payment server.
    package let saleKeys: any SaleSealing

    let keys: WorldKeys
    let door = Door(as: World.opalServerName)
    /// To the payment server's entry for client terminals.
    let entry = Door(as: ClientTerminal.caller)
    let directory: AcquirerDirectory
    let terminalCount: Int
    let terminalWait: Duration
    let fates: Fates
    let opalServer: OPALServerSetup
    /// Where the plan has accounts at a bank.
    package let loadServer: LoadServerHost?
    package let bank: BankHost?
    /// With the funding network behind it, as the plan wants.
    package let gateway: GatewayHost?
    /// Where the plan has a programme.
    package let loyalty: LoyaltyHost?
    /// Who takes the batches, as the plan wants.
    package let clearing: ClearingParties?
    private let kin = Mutex<Family?>(nil)
    let running: Mutex<Running>
    private let held = Mutex<[CardIdentifier]>([])
    let hasCardholders: Bool
    private let terminal = Mutex<ClientTerminal?>(nil)

    /// The OPAL server's name on its link.
    static let opalServerName = "opal-server"
    /// The payment server's name in the acquirer directory.
    package static let paymentServer = "payments.example"

    package init(_ plan: WorldPlan = WorldPlan()) async throws(WorldFailure) {
        let clock = plan.pace?.clock ?? VirtualClock(at: plan.start)
        let fates = Fates(clock, plan.pace, World.parties(plan))
        let random = SeededRandom(seed: plan.seed)
        let issuer = try World.issuer("412345", "Harbour Bank", .euro)
        let keys = try WorldKeys(issuers: [issuer.identifier], random: random)
        let door = door
        (self.clock, self.fates, self.random) = (clock, fates, random)
        (self.issuer, self.keys) = (issuer, keys)
        (opalStore, paymentStore) = (FaultyStore(plan.opalStore), FaultyStore(plan.paymentStore))
        link = FaultyLink(door)
        directory = AcquirerDirectory([World.paymentServer: link])
        (terminalCount, terminalWait) = (plan.terminals, plan.terminalWait)
        shops = try World.shops(plan, keys, door, random)
        saleKeys = keys.sales
        hosts = try await World.hosts(plan.remoteTerminals, keys, fates, random)
        concentrator = plan.hasConcentrator ? ConcentratorHost(hosts, fates) : nil
        hasCardholders = plan.hasCardholders
        (loadServer, bank) = try await World.bank(plan, keys, issuer, fates, random)
        gateway = plan.hasGateway ? GatewayHost(fates, random) : nil
        loyalty = try await World.loyalty(plan, shops, fates, random)
        clearing = try await World.clearing(plan, keys, issuer, shops, fates)
        opalServer = OPALServerSetup(
            keys: keys,
            store: opalStore,
            directory: directory,
            fates: fates,
            random: random,
            forger: forger,
            hasCardholders: hasCardholders,
            loadServer: loadServer,
            gateway: gateway,
            loyalty: loyalty,
            clearing: clearing?.house,
            liar: LoadLiar(opalStore, keys, random)
        )
        let updates = await World.updates(keys, paymentStore, clearing, fates)
        let payments = try await World.paymentServer(
            keys,
            paymentStore,
            shops,
            terminals: plan.terminals,
            hosts,
            behind: concentrator,
            wait: plan.terminalWait,
            fates,
            updates: updates
        )
        running = Mutex(
            Running(
                opal: opalServer.start(),
                payments: payments.module,
                terminals: payments.pool,
                merchants: World.merchants(shops, fates, random),
                updates: updates
            )
        )
        openDoors(to: payments.module, fates.life(.paymentServer))
        try await fill(plan)
    }

    /// Puts into the databases what is there from the beginning.
    private func fill(_ plan: WorldPlan) async throws(WorldFailure) {
        try await enterProgrammes()
        try await enterIssuer()
        for value in plan.cardValues { _ = try await addCard(value) }
        if let value = plan.readerCardValue { try await addClientTerminal(value) }
        if plan.hasGateway { try await addFamily(plan.cardValues.count) }
    }

    /// The holders of the first cards pay from their accounts; the first has a child.
    private func addFamily(_ count: Int) async throws(WorldFailure) {
        let holders = Cardholders(keys, opalStore.inner, random)
        var payers: [Payer] = []
        for card in 0..<count {
            payers.append(Payer(key: try await holders.key(of: card, at: now), card: card))
        }
        let card = try await make(issuer, 0)
        let index = held.withLock { held in
            held.append(card)
            return held.count - 1
        }
        let key = try await holders.addChild(card, index, of: payers[0].key, at: now)
        let family = Family(payers: payers, child: Payer(key: key, card: index))
        kin.withLock { $0 = family }
    }

    private static func hosts(
        _ count: Int,
        _ keys: WorldKeys,
        _ fates: Fates,
        _ random: SeededRandom
    ) async throws(WorldFailure) -> [RemoteHost] {
        var hosts: [RemoteHost] = []
        for index in 0..<count {
            hosts.append(try await RemoteHost(index, keys, fates, random))
        }
        return hosts
    }

    /// With the bank a load server; none where the plan has no account.
    private static func bank(
        _ plan: WorldPlan,
        _ keys: WorldKeys,
        _ issuer: Issuer,
        _ fates: Fates,
        _ random: SeededRandom
    ) async throws(WorldFailure) -> (LoadServerHost?, BankHost?) {
        guard !plan.accountValues.isEmpty else { return (nil, nil) }
        let loadServer = try LoadServerHost(FaultyStore(MemoryStore()), keys, fates, random)
        let bank = try await BankHost(
            FaultyStore(MemoryStore()),
            accountValues: plan.accountValues,
            issuer,
            loadServer,
            fates,
            random
        )
        return (loadServer, bank)
    }

    func openDoors(to payments: PaymentModule, _ life: Life) {
        door.open(to: payments, life)
        entry.open(to: ClientTerminalEntry(to: payments), life)
    }

    private func addClientTerminal(_ value: UInt64) async throws(WorldFailure) {
        let (card, fates) = (try await addCard(value), fates)
        let module = ForgingModule(inner: cardModule, forger: forger)
        var emulator = Emulator(module: module, store: opalStore, random: random)
        emulator.categories = desk.merchants
        let reader = await World.reader(card, emulator, keys) { fates.now(of: .clientTerminal) }
        terminal.withLock { $0 = ClientTerminal(card, reader, FaultyLink(entry), fates) }
    }

    package var now: Instant { clock.now }
    package var desk: CardDesk { running.withLock(\.opal.desk) }
    package var purchases: Purchases { running.withLock(\.opal.purchases) }
    /// Who can load from accounts on file, as the plan wants.
    package var family: Family? { kin.withLock { $0 } }
    /// Nil where no gateway is.
    var funding: FundingSetup? { running.withLock(\.opal.funding) }
    /// Nil where no programme is.
    var points: PointsSetup? { running.withLock(\.opal.points) }
    /// Nil where no bank loads cards.
    package var loads: Loads? { running.withLock(\.opal.loads) }
    /// Who lies to the load server.
    package var loadLiar: LoadLiar { opalServer.liar }
    package var payments: PaymentModule { running.withLock(\.payments) }
    package var cards: [CardIdentifier] { held.withLock { $0 } }
    package var cardModule: any CardModule { running.withLock(\.opal.module) }
    /// A client terminal with a card in its reader, as the plan wants.
    package var clientTerminal: ClientTerminal? { terminal.withLock { $0 } }
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
        let card = try await make(issuer ?? self.issuer, value)
        let index = held.withLock { held in
            held.append(card)
            return held.count - 1
        }
        if hasCardholders {
            let holders = Cardholders(keys, opalStore.inner, random)
            try await holders.add(card, index, at: now)
        }
        return card
    }

    private func make(
        _ issuer: Issuer,
        _ value: UInt64
    ) async throws(WorldFailure) -> CardIdentifier {
        do {
            try keys.install(issuer.identifier, in: running.withLock(\.opal.module))
            let new = try await desk.make(for: issuer, value: value, now: now)
            let transition = Transition(writes: new.writes, history: new.history)
            guard try await opalStore.inner.commit(transition) == .committed else {
                throw WorldFailure.conflict
            }
            return new.card
        } catch let failure as EmulatorFailure {
            throw .card(failure)
        } catch let failure as StoreFailure {
            throw .store(failure)
        } catch let failure as KeyFailure {
            throw .key(failure)
        } catch let failure as WorldFailure {
            throw failure
        } catch {
            throw .conflict
        }
    }

    private static func parties(_ plan: WorldPlan) -> [Party] {
        [.opalServer, .paymentServer] + (0..<plan.merchants).map(Party.shop)
            + (0..<plan.remoteTerminals).map(Party.terminal)
            + (plan.hasConcentrator ? [.concentrator] : [])
            + (plan.readerCardValue == nil ? [] : [.clientTerminal])
            + (plan.accountValues.isEmpty ? [] : [.loadServer, .bank])
            + (plan.hasGateway ? [.gateway, .network] : [])
            + (plan.hasProgramme ? [.loyaltyServer] : [])
            + (plan.clearing == nil ? [] : [.concentrationPoint, .clearingHouse])
    }
}
