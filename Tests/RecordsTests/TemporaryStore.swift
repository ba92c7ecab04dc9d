// SPDX-License-Identifier: Apache-2.0

import Foundation
import RecordsSQLite

/// Runs `body` with a folder of its own, which is removed afterwards.
func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/opal-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(folder)
}

/// Runs `body` with a new SQLite store of the contract's schema and the path of its file.
func withStore(_ body: (SQLiteStore, String) async throws -> Void) async throws {
    try await withFolder { folder in
        let path = folder + "/records.db"
        let store = try SQLiteStore(path: path, schema: RecordStoreContract.schema)
        do {
            try await body(store, path)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }
}
