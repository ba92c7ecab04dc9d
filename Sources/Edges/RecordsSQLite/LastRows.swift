// SPDX-License-Identifier: Apache-2.0

import GRDB
package import Records

/// How far tables have come to which rows are only ever added, read beside whoever writes.
package enum LastRows {
    /// The highest number that SQLite has given to a row, by table: it does not go back while no
    /// row is removed. A table that is not there is left out.
    ///
    /// `path`: of the database file. `tables`: names of kinds.
    package static func read(
        at path: String,
        of tables: [String]
    ) throws(StoreFailure) -> [String: Int64] {
        let queue = try SQLiteStore.openReader(path)
        defer { try? queue.close() }
        do {
            return try queue.unsafeRead { db in
                var last: [String: Int64] = [:]
                for table in tables where try db.tableExists(table) {
                    let sql = "SELECT ifnull(max(rowid), 0) FROM \"\(table)\""
                    last[table] = try Int64.fetchOne(db, sql: sql)
                }
                return last
            }
        } catch {
            throw StoreFailure(error)
        }
    }
}
