// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
import OPALServer
import Records
import SecurityModule
import Wire

/// What the OPAL server has for loyalty programmes, in one life of its.
struct PointsSetup: Sendable {
    let purchases: PurchasePoints
    let members: CardMembers

    var notices: EarnNotices { purchases.notices }
    var expiry: PointsExpiry { purchases.expiry }

    /// `host`: whose loyalty server is answered, and told of purchases. `store`: as this life sees
    /// it.
    init(
        _ host: LoyaltyHost,
        _ store: any RecordStore,
        _ seals: any RecordSealing,
        _ module: SoftwareModule,
        _ emulator: Emulator,
        _ random: any RandomSource,
        _ fates: Fates,
        _ life: Life
    ) {
        let programmes = ProgrammeDirectory(store: store, seals: seals)
        let link = MortalLink(inner: host.link, life: life)
        let codes = host.programmes.map(\.code)
        purchases = PurchasePoints(
            programmes: programmes,
            expiry: PointsExpiry(
                store: store,
                seals: seals,
                module: module,
                emulator: emulator,
                now: { fates.now(of: .opalServer) }
            ),
            notices: EarnNotices(
                store: store,
                seals: seals,
                programmes: programmes,
                links: ProgrammeLinks { codes.contains($0) ? link : nil },
                now: { fates.now(of: .opalServer) }
            )
        )
        members = CardMembers(programmes: programmes, emulator: emulator, module: module)
        let desk = PointsDesk(
            store: store,
            seals: seals,
            module: module,
            loads: module,
            emulator: emulator,
            random: random,
            now: { fates.now(of: .opalServer) }
        )
        host.open(to: desk, life)
    }

    /// One round of what the OPAL server does for programmes by itself.
    func round() async {
        await notices.tell()
        _ = try? await expiry.sweep()
    }
}
