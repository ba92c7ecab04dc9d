// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
package import Kernel
import Keys
import Merchant
package import OPALServer
package import PaymentServer
import Records
package import SecurityModule
import SessionKeys

extension World {
    /// An issuer whose cards hold up to 500 units and are valid for two years.
    ///
    /// - Parameters:
    ///   - digits: the six digits of the issuer.
    ///   - name: as its cardholders know it.
    ///   - currency: of all its cards.
    /// - Returns: the issuer.
    /// - Throws: `.noSuchName` for digits that are none.
    package static func issuer(
        _ digits: String,
        _ name: String,
        _ currency: Currency
    ) throws(WorldFailure) -> Issuer {
        guard let identifier = IssuerIdentifier(digits) else { throw .noSuchName(digits) }
        return Issuer(
            identifier: identifier,
            name: name,
            currency: currency,
            exponent: .cents,
            balanceMax: 50_000,
            validMonths: 24,
            newCardValue: 0
        )
    }

    static func paymentServer(
        _ keys: WorldKeys,
        _ store: FaultyStore,
        _ shops: [Shop],
        terminals count: Int,
        _ hosts: [RemoteHost],
        behind concentrator: ConcentratorHost?,
        wait: Duration,
        _ fates: Fates,
        updates: SchemeUpdates? = nil,
        uptime: (@Sendable () -> Uptime)? = nil,
        alarm: @escaping @Sendable (UncountedSale) -> Void = { _ in }
    ) async throws(WorldFailure) -> (module: PaymentModule, pool: TerminalInterface) {
        var terminals: [Terminal] = []
        do throws(PaymentServerFailure) {
            for serial in 1..<UInt32(count) + 1 {
                terminals.append(
                    try await Terminal.start(
                        name: "terminal-\(serial)",
                        securityCard: keys.securityCard(serial),
                        store: store.inner
                    )
                )
            }
        } catch {
            throw .paymentServer(error)
        }
        let life = fates.life(.paymentServer)
        terminals += hosts.map { $0.terminal(as: life, behind: concentrator) }
        let clock = fates.clock
        let pool = TerminalInterface(
            terminals,
            alarm: { time, ring in _ = clock.setAlarm(after: time, ring) },
            uptime: { Uptime(clock.now) }
        )
        let module = PaymentModule(
            store: fates.store(store, .paymentServer, life),
            seals: RecordSealer(keys.acquirer, party: "payment_server"),
            keys: keys.sales,
            terminals: pool,
            terminalWait: wait,
            agreements: shops.map { shop in
                PaymentModule.Agreement(merchant: shop.merchant, policy: shop.profile.policy)
            },
            cardSidePeers: [World.opalServerName, ClientTerminalEntry.peer],
            updates: updates,
            now: { fates.now(of: .paymentServer) },
            uptime: uptime ?? { Uptime(clock.now) },
            alarm: alarm
        )
        // Where things take time, nobody waits for that; its first round comes soon.
        if fates.pace == nil { await module.refreshTerminals() }
        return (module, pool)
    }

    static func merchants(
        _ shops: [Shop],
        _ fates: Fates,
        _ random: SeededRandom
    ) -> [MerchantModule] {
        shops.indices.map { merchant($0, shops, fates, random) }
    }

    /// A merchant's module, as after a start.
    static func merchant(
        _ index: Int,
        _ shops: [Shop],
        _ fates: Fates,
        _ random: SeededRandom
    ) -> MerchantModule {
        let (shop, life) = (shops[index], fates.life(.shop(index)))
        let clock = fates.clock
        return MerchantModule(
            shop.profile,
            sealing: shop.sealing,
            recordSealing: shop.records,
            store: fates.store(shop.store, .shop(index), life),
            link: MortalLink(inner: shop.link, life: life),
            random: random,
            uptime: { Uptime(clock.now) }
        )
    }

    static func shops(
        _ plan: WorldPlan,
        _ keys: WorldKeys,
        _ door: Door,
        _ random: SeededRandom
    ) throws(WorldFailure) -> [Shop] {
        var shops: [Shop] = []
        for index in 0..<plan.merchants {
            let name = "PRESS-\(index + 1)"
            guard let merchant = MerchantIdentifier(name),
                let key = SharedKey(name: "k1", bytes: random.bytes(SharedKey.keyBytes)),
                keys.directory.add(key, for: merchant),
                let profile = MerchantModule.Profile(
                    merchant: merchant,
                    paymentServer: World.paymentServer,
                    policy: plan.policies[index % plan.policies.count],
                    statusURL: "https://press.example/\(index + 1)/result"
                )
            else { throw .noSuchName(name) }
            shops.append(
                Shop(
                    merchant: merchant,
                    store: FaultyStore(
                        index < plan.merchantStores.count
                            ? plan.merchantStores[index] : MemoryStore()
                    ),
                    link: FaultyLink(door),
                    articles: try articles(plan.prices),
                    profile: profile,
                    sealing: OrderSealer(merchant: merchant, current: key),
                    records: RecordSealer(LocalMasterKey.make(), party: "merchant")
                )
            )
        }
        return shops
    }

    private static func articles(_ prices: [UInt64]) throws(WorldFailure) -> [Article] {
        var articles: [Article] = []
        for (index, price) in prices.enumerated() {
            let name = "story-\(index + 1)"
            guard
                let article = Article(
                    identifier: name,
                    title: "Story \(index + 1)",
                    description: "A short story",
                    price: Money(minorUnits: price, currency: .euro, exponent: .cents),
                    contentFile: name + ".txt",
                    mediaType: "text/plain"
                )
            else { throw .noSuchName(name) }
            articles.append(article)
        }
        return articles
    }
}

extension World {
    /// A further payment server on the same database, whose time-outs go by a clock of its own.
    package func paymentServer(
        updates: SchemeUpdates? = nil,
        uptime: (@Sendable () -> Uptime)? = nil,
        alarm: @escaping @Sendable (UncountedSale) -> Void = { _ in }
    ) async throws(WorldFailure) -> PaymentModule {
        try await World.paymentServer(
            keys,
            paymentStore,
            shops,
            terminals: terminalCount,
            hosts,
            behind: concentrator,
            wait: terminalWait,
            fates,
            updates: updates,
            uptime: uptime,
            alarm: alarm
        ).module
    }

    /// What the clearing house has told, as the payment server keeps it.
    package func schemeUpdates() -> SchemeUpdates {
        SchemeUpdates(
            store: paymentStore,
            seals: RecordSealer(keys.acquirer, party: PaymentModule.schema.party)
        )
    }

    /// A security card of the acquirer, without its memory.
    package func securityCard(_ identifier: SecurityCardIdentifier) -> any PurchaseModule {
        keys.securityCard(identifier.serial)
    }
}
