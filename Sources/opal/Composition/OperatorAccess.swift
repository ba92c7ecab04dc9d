// SPDX-License-Identifier: Apache-2.0

import HSM
import Keys
import OPALServer
import Records
import RecordsSQLite
import SecurityModule
import Sites

/// The OPAL server's data for a command of its operator, also beside the running server: changes
/// are guarded by revision.
struct OperatorAccess {
    let store: SQLiteStore
    let master: LocalMasterKey
    let module: SoftwareModule
    let seals: RecordSealer
    let desk: CardDesk

    init(_ options: DataOptions) async throws {
        try await self.init(options.folder, passphrase: try options.passphrase())
    }

    /// `readsOnly`: nothing is written, and the database is left as it is.
    init(_ folder: DataFolder, passphrase: String?, readsOnly: Bool = false) async throws {
        master = try KeyFile.read(at: folder.keyFile(.opalServer), passphrase: passphrase)
        let path = folder.database(.opalServer)
        store =
            readsOnly
            ? try SQLiteStore(readingAt: path, schema: OPALServerRecords.schema)
            : try SQLiteStore(path: path, schema: OPALServerRecords.schema)
        module = SoftwareModule(master)
        seals = RecordSealer(master, party: OPALServerRecords.schema.party)
        try await OPALServerParty.installKeys(from: store, in: module, sealedBy: seals)
        desk = CardDesk(
            store: store,
            module: module,
            loads: module,
            seals: seals,
            random: SystemRandom(),
            now: SystemClock.now
        )
    }

    /// The holders of the cards, and the mails to them.
    func users(_ mail: MailOptions) async throws -> UserDirectory {
        let settings = try await ServerSettings.read(file: mail.config)
        return OPALServerParty.users(
            store,
            seals,
            master,
            accounts: DemoFundingNetwork(),
            logonURL: settings.cardholderOrigin + CardholderSite.signInPath
        )
    }

    /// Makes what a command writes durable.
    func commit(_ writes: [RecordWrite], _ history: [HistoryRow] = []) async throws {
        let transition = Transition(writes: writes, history: history)
        guard try await store.commit(transition) == .committed else {
            throw CommandFailure("There is one already, or it was changed meanwhile. Look again.")
        }
    }
}
