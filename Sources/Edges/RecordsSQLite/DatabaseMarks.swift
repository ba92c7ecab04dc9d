// SPDX-License-Identifier: Apache-2.0

/// Whose a database is, in which versions, and how far it has come. Of two states of one database
/// the older one has lower marks, which is seen without a key.
package struct DatabaseMarks: Codable, Equatable, Sendable {
    /// How far one table has come.
    package struct Table: Codable, Equatable, Sendable {
        package var rows: Int64
        /// The highest number that SQLite has given to a row that is there. What is only ever
        /// added to does not go back; of records that are removed the last ones may.
        package var last: Int64

        package init(rows: Int64, last: Int64) {
            self.rows = rows
            self.last = last
        }
    }

    /// The party's name in its schema.
    package var party: String
    /// How this store uses tables.
    package var layout: Int
    /// How the party encodes its bodies.
    package var version: Int
    /// By the name of the kind.
    package var records: [String: Table]
    /// Rows of history, which are never removed.
    package var historyRows: Int64

    package init(
        party: String,
        layout: Int,
        version: Int,
        records: [String: Table],
        historyRows: Int64
    ) {
        self.party = party
        self.layout = layout
        self.version = version
        self.records = records
        self.historyRows = historyRows
    }

    /// How many rows of history and records `newer` has had since this state; 0 where it is not
    /// newer in what can be counted. A change that adds nothing is not counted.
    package func rowsSince(until newer: DatabaseMarks) -> Int64 {
        let added = newer.records.map { name, table in
            max(0, table.last - (records[name]?.last ?? 0))
        }
        return max(0, newer.historyRows - historyRows) + added.reduce(0, +)
    }
}
