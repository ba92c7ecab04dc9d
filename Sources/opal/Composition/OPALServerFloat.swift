// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Keys
import OPALServer
import Records
import RecordsSQLite
import SecurityModule

/// The issuer's side of clearing, composed: its own database, what it says of sales, its float.
struct OPALServerFloat {
    let store: SQLiteStore
    /// Where clearing houses ask.
    let proofs: SaleProofs
    let reporter: FloatReporter
    /// Where they ask which cards were blocked.
    let blocking: BlockingList
    private let seals: RecordSealer
    private let clearingHouses: Set<String>

    init(
        _ folder: DataFolder,
        _ master: LocalMasterKey,
        _ cards: (store: any RecordStore, seals: RecordSealer),
        _ module: SoftwareModule,
        _ clearingHouses: Set<String> = []
    ) throws {
        store = try SQLiteStore(path: folder.floatDatabase, schema: FloatRecords.schema)
        let seals = RecordSealer(master, party: FloatRecords.schema.party)
        self.seals = seals
        self.clearingHouses = clearingHouses
        proofs = SaleProofs(
            ledger: (store, seals),
            cards: cards,
            module: module,
            sales: module,
            clearingHouses: clearingHouses,
            now: SystemClock.now
        )
        blocking = BlockingList(
            ledger: (store, seals),
            cards: cards.store,
            module: module,
            clearingHouses: clearingHouses
        )
        reporter = FloatReporter(ledger: (store, seals), cards: cards.store, module: module)
    }
    /// What clearing houses are answered: proofs, refunds, disputes, sweeps, blocked cards.
    func clearingDesk(
        _ loads: any LoadModule,
        _ disputes: DisputeDesk,
        _ emulator: Emulator,
        _ mails: SettlementMails,
        _ cards: (store: PartyStore, seals: RecordSealer),
        _ module: SoftwareModule
    ) -> ClearingDesk {
        let refunds = RefundDesk(
            ledger: (store, seals),
            cards: cards,
            module: module,
            loads: loads,
            emulator: emulator,
            mails: mails,
            clearingHouses: clearingHouses,
            random: SystemRandom(),
            now: SystemClock.now
        )
        return ClearingDesk(
            proofs: proofs,
            refunds: refunds,
            disputes: disputes,
            blocking: blocking,
            sweeps: SweepBook(cards: cards, clearingHouses: clearingHouses)
        )
    }
}
