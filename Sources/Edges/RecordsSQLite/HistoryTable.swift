// SPDX-License-Identifier: Apache-2.0

import GRDB
import Records

/// The append-only history of a party: one table for all of its streams.
enum HistoryTable {
    /// The statements that make the table. Its triggers refuse everything but the next row of a
    /// stream, whoever writes.
    static let creation = """
        CREATE TABLE history (
            stream BLOB NOT NULL CHECK (length(stream) BETWEEN 1 AND \(RecordLimits.keyBytesMax)),
            number INTEGER NOT NULL CHECK (number > 0),
            hash BLOB NOT NULL CHECK (length(hash) = \(RecordLimits.hashBytes)),
            body BLOB NOT NULL CHECK (length(body) <= \(RecordLimits.bodyBytesMax)),
            PRIMARY KEY (stream, number)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER history_in_order BEFORE INSERT ON history
            WHEN NEW.number
                != 1 + ifnull((SELECT max(number) FROM history WHERE stream = NEW.stream), 0)
            BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
        CREATE TRIGGER history_not_updated BEFORE UPDATE ON history
            BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
        CREATE TRIGGER history_not_deleted BEFORE DELETE ON history
            BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
        """

    private static let insert = """
        INSERT INTO history (stream, number, hash, body) VALUES (?1, ?2, ?3, ?4)
        """
    private static let select = """
        SELECT number, hash, body FROM history WHERE stream = ?1 AND number > ?2
        ORDER BY number LIMIT ?3
        """
    private static let selectStreams = """
        SELECT DISTINCT stream FROM history WHERE stream > ?1 ORDER BY stream LIMIT ?2
        """

    /// Writes a row if it is the next one of its stream.
    ///
    /// - Returns: Whether it was.
    static func append(_ row: HistoryRow, on db: Database) throws -> Bool {
        guard let number = Int64(exactly: row.number) else { return false }
        let statement = try PreparedStatement(insert, on: db)
        try statement.bind(row.stream, at: 1)
        try statement.bind(number, at: 2)
        try statement.bind(row.hash, at: 3)
        try statement.bind(row.body, at: 4)
        do {
            return try statement.changedRows() == 1
        } catch let error as DatabaseError
            where error.extendedResultCode == .SQLITE_CONSTRAINT_TRIGGER
        {
            // The statement alone was undone.
            return false
        }
    }

    static func read(
        _ stream: [UInt8],
        after number: UInt64,
        limit: Int,
        on db: Database
    ) throws -> [HistoryRow] {
        guard (1...RecordLimits.keyBytesMax).contains(stream.count),
            // No row has a higher number than SQLite can hold.
            let number = Int64(exactly: number)
        else { return [] }
        let statement = try PreparedStatement(select, on: db)
        try statement.bind(stream, at: 1)
        try statement.bind(number, at: 2)
        try statement.bind(Int64(pageLength(limit)), at: 3)
        var rows: [HistoryRow] = []
        while try statement.next() {
            let (hash, body) = (statement.bytes(at: 1), statement.bytes(at: 2))
            // Whoever can write to the file can switch its constraints off.
            guard hash.count == RecordLimits.hashBytes, body.count <= RecordLimits.bodyBytesMax
            else { throw StoreFailure.damaged("a row of the history has a wrong length") }
            let number = UInt64(statement.number(at: 0))
            rows.append(HistoryRow(stream: stream, number: number, hash: hash, body: body))
        }
        return rows
    }

    static func streams(
        after cursor: [UInt8]?,
        limit: Int,
        on db: Database
    ) throws -> [[UInt8]] {
        let statement = try PreparedStatement(selectStreams, on: db)
        // Every stream is longer than the empty one and so behind it.
        try statement.bind(cursor ?? [], at: 1)
        try statement.bind(Int64(pageLength(limit)), at: 2)
        var streams: [[UInt8]] = []
        while try statement.next() { streams.append(statement.bytes(at: 0)) }
        return streams
    }
}
