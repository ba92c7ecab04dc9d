// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Keys
import OPALServer
import Records
import SecurityModule

/// What the OPAL server does with points, composed.
struct OPALServerPoints {
    /// Where loyalty servers ask.
    let desk: PointsDesk
    let programmes: ProgrammeDirectory
    /// To the loyalty server of all programmes; set once there is one.
    let loyaltyServer = LateLink()
    let expiry: PointsExpiry
    let notices: EarnNotices
    let members: CardMembers

    init(
        _ store: any RecordStore,
        _ seals: RecordSealer,
        _ module: SoftwareModule,
        _ loadModule: any LoadModule,
        _ emulator: Emulator
    ) {
        desk = PointsDesk(
            store: store,
            seals: seals,
            module: module,
            loads: loadModule,
            emulator: emulator,
            random: SystemRandom(),
            now: SystemClock.now
        )
        expiry = PointsExpiry(
            store: store,
            seals: seals,
            module: module,
            emulator: emulator,
            now: SystemClock.now
        )
        programmes = ProgrammeDirectory(store: store, seals: seals)
        let link = loyaltyServer
        notices = EarnNotices(
            store: store,
            seals: seals,
            programmes: programmes,
            links: ProgrammeLinks { _ in link.value },
            now: SystemClock.now
        )
        members = CardMembers(programmes: programmes, emulator: emulator, module: module)
    }

    /// For purchases.
    var ofPurchases: PurchasePoints {
        PurchasePoints(programmes: programmes, expiry: expiry, notices: notices)
    }

    /// What must be done every few seconds: the loyalty server hears of purchases.
    func tell() async {
        await notices.tell()
    }

    /// What must be done every hour: expired points are taken out of cards.
    func expire() async {
        _ = try? await expiry.sweep()
    }
}
