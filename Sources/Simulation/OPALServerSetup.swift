// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
import Keys
import OPALServer
import Records
import SecurityModule
import SessionKeys
import Wire

/// What the OPAL server of a ``World`` is started with, each time.
struct OPALServerSetup: Sendable {
    /// The OPAL server in one life of its.
    struct Running: Sendable {
        let module: SoftwareModule
        let desk: CardDesk
        let purchases: Purchases
        /// Nil where no bank loads cards.
        let loads: Loads?
        /// Nil where no gateway is.
        let funding: FundingSetup?
        /// Nil where no programme is.
        let points: PointsSetup?
    }

    let keys: WorldKeys
    let store: FaultyStore
    let directory: AcquirerDirectory
    let fates: Fates
    let random: SeededRandom
    let forger: CardForger
    let hasCardholders: Bool
    /// Nil where no bank loads cards.
    let loadServer: LoadServerHost?
    /// Nil where nobody loads from accounts on file.
    let gateway: GatewayHost?
    /// Nil where no programme is.
    let loyalty: LoyaltyHost?
    /// Nil where nobody clears.
    let clearing: ClearingHost?
    let liar: LoadLiar

    /// Starts it from its store.
    func start() -> Running {
        let (fates, life) = (fates, fates.life(.opalServer))
        let store = fates.store(store, .opalServer, life)
        let module = keys.module()
        let seals = RecordSealer(keys.hsm, party: "opal_server")
        let desk = CardDesk(
            store: store,
            module: module,
            loads: module,
            seals: seals,
            random: random,
            now: { fates.now(of: .opalServer) }
        )
        let cards = ForgingModule(inner: module, forger: forger)
        var emulator = Emulator(module: cards, store: store, random: random)
        emulator.categories = desk.merchants
        var purchases = Purchases(
            store: store,
            seals: seals,
            keys: DrawSealer(),
            emulator: emulator,
            directory: paymentServers(life),
            now: { fates.now(of: .opalServer) }
        )
        let points = loyalty.map { host in
            PointsSetup(host, store, seals, module, emulator, random, fates, life)
        }
        (purchases.points, purchases.members) = (points?.purchases, points?.members)
        let holders = hasCardholders ? Cardholders(keys, store, random) : nil
        let mails = holders?.mails
        purchases.mails = mails
        if let clearing, let mails {
            let cards: (any RecordStore, any RecordSealing) = (store, seals)
            IssuerSetup.open(clearing, cards: cards, module, emulator, mails, random, fates, life)
        }
        var loads = loads(store, emulator, life)
        loads?.mails = mails
        var funding: FundingSetup?
        if let gateway, let holders {
            let link = MortalLink(inner: gateway.link, life: life)
            funding = FundingSetup(holders.directory, desk, emulator, module, link, fates)
        }
        return Running(
            module: module,
            desk: desk,
            purchases: purchases,
            loads: loads,
            funding: funding,
            points: points
        )
    }

    private func paymentServers(_ life: Life) -> AcquirerDirectory {
        AcquirerDirectory(
            Dictionary(
                uniqueKeysWithValues: directory.names.compactMap { name in
                    directory.link(to: name).map { (name, MortalLink(inner: $0, life: life)) }
                }
            )
        )
    }

    private func loads(
        _ store: any RecordStore,
        _ emulator: Emulator,
        _ life: Life
    ) -> Loads? {
        guard let loadServer else { return nil }
        let fates = fates
        let link = MortalLink(inner: liar.link(loadServer.link), life: life)
        var loads = Loads(
            store: store,
            seals: RecordSealer(keys.hsm, party: "opal_server"),
            keys: CreditSealer(),
            emulator: emulator,
            directory: LoadServerDirectory([LoadServerHost.name: link]),
            now: { fates.now(of: .opalServer) }
        )
        loads.uptime = { Uptime(fates.clock.now) }
        return loads
    }
}
