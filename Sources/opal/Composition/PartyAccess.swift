// SPDX-License-Identifier: Apache-2.0

import Keys
import Records
import RecordsSQLite

/// A party's data for a command of its operator, also beside the running server: changes are
/// guarded by revision.
struct PartyAccess {
    let store: SQLiteStore
    let master: LocalMasterKey
    let seals: RecordSealer

    init(_ options: DataOptions, _ party: DataFolder.Party, _ schema: RecordSchema) throws {
        try self.init(options.folder, passphrase: try options.passphrase(), party, schema)
    }

    init(
        _ folder: DataFolder,
        passphrase: String?,
        _ party: DataFolder.Party,
        _ schema: RecordSchema
    ) throws {
        master = try KeyFile.read(at: folder.keyFile(party), passphrase: passphrase)
        store = try SQLiteStore(path: folder.database(party), schema: schema)
        seals = RecordSealer(master, party: schema.party)
    }

    /// Makes a write durable and closes the store.
    func commit(_ write: RecordWrite) async throws {
        let outcome = try await store.commit(Transition(writes: [write]))
        await store.close()
        guard outcome == .committed else {
            throw CommandFailure("It was changed meanwhile. Look again.")
        }
    }
}
