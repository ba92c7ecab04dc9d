// SPDX-License-Identifier: Apache-2.0

import GRDB
package import Records

// What an audit asks of the file, beside the port that every store has.
extension SQLiteStore {
    /// A row that no record and no row of history can be. Reading passes over it.
    package struct ImpossibleRow: Equatable, Sendable {
        /// The kind of the record, or `history`.
        package let table: String
        /// The key of the record, or the stream of the row.
        package let key: [UInt8]
        /// The number of a row of history, else the revision.
        package let number: Int64

        package init(table: String, key: [UInt8], number: Int64) {
            self.table = table
            self.key = key
            self.number = number
        }
    }

    /// The streams that have history, in the order of their bytes, behind `cursor`; at most
    /// `limit`, which is capped at ``RecordLimits/pageMax``.
    package func streams(
        after cursor: [UInt8]?,
        limit: Int
    ) async throws(StoreFailure) -> [[UInt8]] {
        try await listing { db in
            try HistoryTable.streams(after: cursor, limit: limit, on: db)
        }
    }

    /// Rows that break the constraints of their table: whoever can write to the file can switch
    /// these off. At most ``SQLiteLimits/problemsMax`` of each table.
    package func impossibleRows() async throws(StoreFailure) -> [ImpossibleRow] {
        let queries = queriesForImpossibleRows
        return try await listing { db in
            try queries.flatMap { table, sql in
                let statement = try PreparedStatement(sql, on: db)
                try statement.bind(Int64(SQLiteLimits.problemsMax), at: 1)
                var rows: [ImpossibleRow] = []
                while try statement.next() {
                    let (key, number) = (statement.bytes(at: 0), statement.number(at: 1))
                    rows.append(ImpossibleRow(table: table, key: key, number: number))
                }
                return rows
            }
        }
    }

    /// What SQLite finds to be wrong with the file (its pages and indexes), in its own words, which
    /// hold no value; at most ``SQLiteLimits/problemsMax``.
    package func problems() async throws(StoreFailure) -> [String] {
        try await listing { db in
            let check = "PRAGMA integrity_check(\(SQLiteLimits.problemsMax))"
            return try String.fetchAll(db, sql: check).filter { $0 != "ok" }
        }
    }

    private var queriesForImpossibleRows: [(table: String, sql: String)] {
        let body = RecordLimits.bodyBytesMax
        let history = """
            SELECT stream, number FROM history
            WHERE length(stream) NOT BETWEEN 1 AND \(RecordLimits.keyBytesMax) OR number < 1
                OR length(hash) <> \(RecordLimits.hashBytes) OR length(body) > \(body)
            LIMIT ?1
            """
        let records = layout.schema.kinds.map { kind in
            let sql = """
                SELECT key, revision FROM "\(kind.name)"
                WHERE length(key) NOT BETWEEN \(kind.keyBytes.lowerBound)
                        AND \(kind.keyBytes.upperBound)
                    OR revision < 1 OR open NOT IN (0, 1)
                    OR length(body) > \(body) OR length(reply) > \(body)
                LIMIT ?1
                """
            return (kind.name, sql)
        }
        return [("history", history)] + records
    }
}
