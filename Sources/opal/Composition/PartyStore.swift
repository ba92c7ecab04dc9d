// SPDX-License-Identifier: Apache-2.0

import Records
import RecordsSQLite
import Telemetry

/// The database of a party that runs: opened, measured, and closed at the end.
struct PartyStore: RecordStoreLayer {
    let inner: any RecordStore
    private let database: SQLiteStore
    private let firstKind: RecordKind?

    /// - Throws: `StoreFailure` where it cannot be opened.
    init(_ folder: DataFolder, _ party: DataFolder.Party, _ schema: RecordSchema) throws {
        database = try SQLiteStore(path: folder.database(party), schema: schema)
        firstKind = schema.kinds.first
        inner = MeteredStore(database, of: party.rawValue, factory: ProcessTelemetry.registry)
    }

    /// Whether it answers.
    func isReady() async -> Bool {
        guard let firstKind else { return true }
        let page = try? await inner.list(firstKind, after: nil, limit: 1, order: .ascending)
        return page != nil
    }

    /// What is queued is written first.
    func close() async { await database.close() }
}
