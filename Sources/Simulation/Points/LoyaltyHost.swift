// SPDX-License-Identifier: Apache-2.0

import HSM
package import Kernel
import Keys
package import LoyaltyServer
package import Merchant
import Records
import Synchronization
import Wire

/// The loyalty server of a ``World``, with one programme on cards and one in its database: its own
/// store and keys, on links to and from the OPAL server that can fail. The first shop is the site
/// of both programmes, and every shop is a partner.
package final class LoyaltyHost: Sendable {
    package let store = FaultyStore(MemoryStore())
    /// From the OPAL server.
    package let link: FaultyLink
    /// To the OPAL server.
    package let opalLink: FaultyLink
    /// Its points are on cards.
    package let onCards: Programme
    package let inDatabase: Programme
    package let goods: PointsGoods
    private let door = Door(as: World.opalServerName)
    private let opalDoor = Door(as: LoyaltyHost.peer)
    private let master = LocalMasterKey.make()
    private let fates: Fates
    private let random: SeededRandom
    private let running: Mutex<LoyaltyModule?> = Mutex(nil)

    /// Its name on its link to the OPAL server.
    static let peer = "sky.example"
    /// The shop that is the site of the programmes.
    package static let site = 0
    /// A purse is full after a few purchases.
    private static let balanceMax: UInt64 = 60

    init(
        _ shops: [Shop],
        pendingDays: UInt16,
        _ fates: Fates,
        _ random: SeededRandom
    ) async throws(WorldFailure) {
        let merchants = shops.map(\.merchant)
        guard let onCards = Self.programme(0x9001, "Sky miles", .card, merchants),
            let inDatabase = Self.programme(0x9002, "Sky club", .database, merchants),
            let goods = PointsGoods(onCards),
            let rule = try? EarnRule(
                points: 1,
                per: Money(minorUnits: 50, currency: .euro, exponent: .cents),
                rounding: .down,
                pendingDays: pendingDays,
                expiry: .months(1)
            )
        else { throw .noSuchName(Self.peer) }
        (self.onCards, self.inDatabase, self.goods) = (onCards, inDatabase, goods)
        self.fates = fates
        self.random = random
        link = FaultyLink(door)
        opalLink = FaultyLink(opalDoor)
        start(fates.life(.loyaltyServer))
        do throws(LoyaltyFailure) {
            for programme in programmes {
                try await reader.create(programme, rule, now: fates.clock.now)
            }
        } catch {
            throw .loyalty(error)
        }
    }

    private static func programme(
        _ code: UInt16,
        _ name: String,
        _ home: Programme.Home,
        _ merchants: [MerchantIdentifier]
    ) -> Programme? {
        guard let code = Currency(bcd: code) else { return nil }
        return Programme(
            code: code,
            exponent: .units,
            name: name,
            home: home,
            balanceMax: balanceMax,
            sites: [merchants[site]],
            partners: merchants
        )
    }

    package var programmes: [Programme] { [onCards, inDatabase] }

    /// The loyalty server as it runs now.
    package var module: LoyaltyModule {
        guard let module = running.withLock({ $0 }) else {
            preconditionFailure("It runs from the beginning.")
        }
        return module
    }

    /// A loyalty server on the same database in which nothing fails, to read what is there.
    package var reader: LoyaltyModule { module(on: store.inner, opalLink) }

    /// Starts it anew from its store.
    package func start() { start(fates.begin(.loyaltyServer)) }

    private func start(_ life: Life) {
        let fates = fates
        let module = module(
            on: fates.store(store, .loyaltyServer, life),
            MortalLink(inner: opalLink, life: life)
        )
        running.withLock { $0 = module }
        let desk = LoyaltyDesk(module: module, opalServers: [World.opalServerName]) {
            fates.now(of: .loyaltyServer)
        }
        door.open(to: desk, life)
    }

    /// The OPAL server answers from now on.
    func open(to service: any LinkService, _ life: Life) { opalDoor.open(to: service, life) }

    private func module(on store: any RecordStore, _ link: any Link) -> LoyaltyModule {
        LoyaltyModule(
            recordSealing: RecordSealer(master, party: "loyalty_server"),
            store: store,
            link: link,
            random: random
        )
    }

    package var audit: LoyaltyAudit {
        LoyaltyAudit(
            store: store.inner,
            sealing: RecordSealer(master, party: "loyalty_server")
        )
    }

    /// One round of what it does by itself.
    func round() async {
        let (module, now) = (module, fates.now(of: .loyaltyServer))
        _ = try? await module.mature(now: now)
        _ = try? await module.expireDue(now: now)
        _ = try? await module.sendEnrolments(now: now)
        _ = try? await module.makePostings(now: now)
        _ = try? await module.sendPostings(now: now)
    }
}

/// What the site of the programmes sells.
package struct PointsGoods: Sendable {
    /// For points alone.
    package let seat: Article
    /// For money and points, and for points and money.
    package let mixed: [Article]
    /// For nothing, but who comes shows who they are.
    package let entry: Article

    init?(_ programme: Programme) {
        let cents = { Money(minorUnits: $0, currency: .euro, exponent: .cents) }
        guard let seat = Self.article("seat", programme.points(5)),
            let meal = Self.article("meal", cents(150), programme.points(4)),
            let upgrade = Self.article("upgrade", programme.points(6), cents(120)),
            let entry = Self.article("entry", .proof)
        else { return nil }
        self.seat = seat
        mixed = [meal, upgrade]
        self.entry = entry
    }

    private static func article(
        _ name: String,
        _ price: Money,
        _ secondPrice: Money? = nil
    ) -> Article? {
        Article(
            identifier: name,
            title: name,
            description: "On board",
            price: price,
            secondPrice: secondPrice,
            contentFile: name + ".txt",
            mediaType: "text/plain"
        )
    }
}
