// SPDX-License-Identifier: Apache-2.0

import Kernel
import Keys
import LoyaltyServer
import Records
import Sites
import Synchronization
import Wire

/// The web server 208' of the demo's airline, composed: its merchant module, and the loyalty server
/// with its programmes, members and benefits.
struct AirlineParty {
    let merchant: MerchantParty
    let loyalty: LoyaltyParty
    let desk: RedemptionDesk

    init(_ merchant: MerchantParty, _ loyalty: LoyaltyParty) {
        self.merchant = merchant
        self.loyalty = loyalty
        desk = RedemptionDesk(
            merchant: merchant.merchant,
            loyalty: loyalty.module,
            benefits: loyalty.benefits
        )
    }

    /// Every few seconds: orders and redemptions that wait come to their end, points mature, are
    /// posted and expire, and the OPAL server hears of new members.
    func tick() async {
        await merchant.tick()
        _ = try? await desk.settle(now: SystemClock.now())
        await loyalty.tick()
    }

    func close() async {
        await merchant.store.close()
        await loyalty.store.close()
    }
}

/// A loyalty server, composed.
struct LoyaltyParty {
    let store: PartyStore
    let module: LoyaltyModule
    let benefits: Benefits
    private let lock: FolderLock
    private let rounds = LoyaltyRounds()

    /// The records of members and points, and those of benefits.
    static let schema = RecordSchema(
        party: LoyaltyRecords.schema.party,
        version: LoyaltyRecords.schema.version,
        kinds: LoyaltyRecords.schema.kinds + BenefitRecords.kinds
    )

    /// `link`: to the OPAL server.
    init(_ folder: DataFolder, passphrase: String?, link: any Link) throws {
        lock = try folder.lock(.loyaltyServer)
        let master = try KeyFile.read(at: folder.keyFile(.loyaltyServer), passphrase: passphrase)
        store = try PartyStore(folder, .loyaltyServer, Self.schema)
        (module, benefits) = Self.modules(store, master, link: link)
    }

    /// The modules on a store.
    static func modules(
        _ store: any RecordStore,
        _ master: LocalMasterKey,
        link: any Link
    ) -> (LoyaltyModule, Benefits) {
        let seals = RecordSealer(master, party: schema.party)
        let module = LoyaltyModule(
            recordSealing: seals,
            store: store,
            link: link,
            random: SystemRandom()
        )
        return (module, Benefits(store: store, seals: seals, random: SystemRandom()))
    }

    /// Each round goes on where the last one ended.
    fileprivate func tick() async {
        let now = SystemClock.now()
        _ = try? await module.mature(now: now)
        await rounds.go(\.enrolments) { try await module.sendEnrolments(now: now, after: $0).next }
        await rounds.go(\.made) { try await module.makePostings(now: now, after: $0).next }
        await rounds.go(\.sent) { try await module.sendPostings(now: now, after: $0).next }
        await rounds.go(\.expired) { try await module.expireDue(now: now, after: $0).next }
    }
}

/// Where the last rounds ended.
private final class LoyaltyRounds: Sendable {
    struct Cursors {
        var enrolments: [UInt8]?
        var made: [UInt8]?
        var sent: [UInt8]?
        var expired: [UInt8]?
    }

    private let cursors = Mutex(Cursors())

    func go(
        _ path: any WritableKeyPath<Cursors, [UInt8]?> & Sendable,
        _ round: ([UInt8]?) async throws -> [UInt8]?
    ) async {
        let last = cursors.withLock { $0[keyPath: path] }
        let next = (try? await round(last)) ?? nil
        cursors.withLock { $0[keyPath: path] = next }
    }
}
