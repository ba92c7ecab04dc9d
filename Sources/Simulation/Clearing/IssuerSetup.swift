// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
import Keys
import OPALServer
import Records
import SecurityModule
import Wire

/// What the OPAL server has for a clearing house, in one life of its: it proves sales, and credits
/// cards with refunds.
enum IssuerSetup {
    /// `cards`: as this life sees the database.
    static func open(
        _ host: ClearingHost,
        cards: (store: any RecordStore, seals: any RecordSealing),
        _ module: SoftwareModule,
        _ emulator: Emulator,
        _ mails: SettlementMails,
        _ random: any RandomSource,
        _ fates: Fates,
        _ life: Life
    ) {
        let ledger: (store: any RecordStore, seals: any RecordSealing) = (
            fates.store(host.float, .opalServer, life),
            RecordSealer(host.keys.hsm, party: FloatRecords.schema.party)
        )
        let now: @Sendable () -> Instant = { fates.now(of: .opalServer) }
        let desk = ClearingDesk(
            proofs: SaleProofs(
                ledger: ledger,
                cards: cards,
                module: module,
                sales: module,
                clearingHouses: [ClearingHost.peer],
                now: now
            ),
            refunds: RefundDesk(
                ledger: ledger,
                cards: cards,
                module: module,
                loads: module,
                emulator: emulator,
                mails: mails,
                clearingHouses: [ClearingHost.peer],
                random: random,
                now: now
            )
        )
        host.open(to: desk, life)
    }
}
