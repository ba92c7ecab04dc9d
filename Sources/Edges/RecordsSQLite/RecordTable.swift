// SPDX-License-Identifier: Apache-2.0

import GRDB
import Records

/// How records of one kind lie in their table, and the statements on it.
struct RecordTable: Sendable {
    let kind: RecordKind

    private let selectOne: String
    private let selectAscending: String
    private let selectDescending: String
    private let selectLast: String
    private let selectOpen: String
    private let selectCount: String
    private let insert: String
    private let update: String
    private let delete: String

    init(_ kind: RecordKind) {
        self.kind = kind
        // A kind may be named like a word of SQL, such as `order`.
        let table = "\"\(kind.name)\""
        let select = "SELECT revision, open, body, reply, key FROM \(table)"
        selectOne = "\(select) WHERE key = ?1"
        selectAscending = "\(select) WHERE key > ?1 ORDER BY key LIMIT ?2"
        selectDescending = "\(select) WHERE key < ?1 ORDER BY key DESC LIMIT ?2"
        selectLast = "\(select) ORDER BY key DESC LIMIT ?2"
        selectOpen = "\(select) WHERE open = 1 AND key > ?1 ORDER BY key LIMIT ?2"
        selectCount = "SELECT count(*) FROM \(table)"
        insert = """
            INSERT INTO \(table) (key, revision, open, body, reply)
            VALUES (?1, ?2 + 1, ?3, ?4, ?5) ON CONFLICT (key) DO NOTHING
            """
        update = """
            UPDATE \(table) SET revision = ?2 + 1, open = ?3, body = ?4, reply = ?5
            WHERE key = ?1 AND revision = ?2
            """
        delete = "DELETE FROM \(table) WHERE key = ?1 AND revision = ?2"
    }

    /// The statements that make the table. It has a rowid: in a table without one a row of more
    /// than a quarter of a page would go to pages of its own, of which each commit writes another.
    var creation: String {
        let table = "\"\(kind.name)\""
        let keyBytes = kind.keyBytes
        let body = RecordLimits.bodyBytesMax
        return """
            CREATE TABLE IF NOT EXISTS \(table) (
                key BLOB NOT NULL UNIQUE
                    CHECK (length(key) BETWEEN \(keyBytes.lowerBound) AND \(keyBytes.upperBound)),
                revision INTEGER NOT NULL CHECK (revision > 0),
                open INTEGER NOT NULL CHECK (open IN (0, 1)),
                body BLOB NOT NULL CHECK (length(body) <= \(body)),
                reply BLOB NOT NULL CHECK (length(reply) <= \(body))
            ) STRICT;
            CREATE INDEX IF NOT EXISTS "\(kind.name)_open" ON \(table) (key) WHERE open = 1;
            """
    }

    func read(_ key: RecordKey, on db: Database) throws -> Records.Record? {
        let statement = try PreparedStatement(selectOne, on: db)
        try statement.bind(key.bytes, at: 1)
        return try statement.next() ? try record(key, in: statement) : nil
    }

    func list(
        after cursor: [UInt8]?,
        limit: Int,
        order: RecordOrder,
        on db: Database
    ) throws -> [Records.Record] {
        switch (order, cursor) {
        case (.ascending, _):
            // Every key is longer than the empty one and so behind it.
            try records(selectAscending, behind: cursor ?? [], limit: limit, on: db)
        case (.descending, let cursor?):
            try records(selectDescending, behind: cursor, limit: limit, on: db)
        case (.descending, nil):
            try records(selectLast, behind: nil, limit: limit, on: db)
        }
    }

    func listOpen(after cursor: [UInt8]?, limit: Int, on db: Database) throws -> [Records.Record] {
        try records(selectOpen, behind: cursor ?? [], limit: limit, on: db)
    }

    func count(on db: Database) throws -> Int {
        let statement = try PreparedStatement(selectCount, on: db)
        return try statement.next() ? Int(statement.number(at: 0)) : 0
    }

    /// Writes if the stored revision is the expected one.
    ///
    /// - Returns: Whether it was.
    func apply(_ write: RecordWrite, on db: Database) throws -> Bool {
        // No revision above is ever stored, and the next one must fit as well.
        guard let revision = Int64(exactly: write.expectedRevision), revision < .max else {
            return false
        }
        switch write.change {
        case .put(let body, let reply, let isOpen):
            let statement = try PreparedStatement(revision == 0 ? insert : update, on: db)
            try statement.bind(write.key.bytes, at: 1)
            try statement.bind(revision, at: 2)
            try statement.bind(isOpen ? 1 : 0, at: 3)
            try statement.bind(body, at: 4)
            try statement.bind(reply, at: 5)
            return try statement.changedRows() == 1
        case .delete:
            let statement = try PreparedStatement(delete, on: db)
            try statement.bind(write.key.bytes, at: 1)
            try statement.bind(revision, at: 2)
            return try statement.changedRows() == 1
        }
    }

    private func records(
        _ sql: String,
        behind cursor: [UInt8]?,
        limit: Int,
        on db: Database
    ) throws -> [Records.Record] {
        let statement = try PreparedStatement(sql, on: db)
        if let cursor { try statement.bind(cursor, at: 1) }
        try statement.bind(Int64(pageLength(limit)), at: 2)
        var records: [Records.Record] = []
        while try statement.next() {
            let key = statement.bytes(at: 4)
            // Whoever can write to the file can switch its constraints off. A row that no record
            // can have is nobody's: it must not hide the others.
            guard kind.keyBytes.contains(key.count),
                let record = try? record(RecordKey(kind, key), in: statement)
            else { continue }
            records.append(record)
        }
        return records
    }

    private func record(
        _ key: RecordKey,
        in statement: borrowing PreparedStatement
    ) throws -> Records.Record {
        guard let revision = UInt64(exactly: statement.number(at: 0)), revision > 0 else {
            throw StoreFailure.damaged("a revision of \(kind.name) is out of range")
        }
        return Records.Record(
            key: key,
            revision: revision,
            isOpen: statement.number(at: 1) == 1,
            body: statement.bytes(at: 2),
            reply: statement.bytes(at: 3)
        )
    }
}

/// The number of rows that a caller who asked for `limit` gets at the most. SQLite takes a
/// negative limit as none.
func pageLength(_ limit: Int) -> Int {
    min(max(limit, 0), RecordLimits.pageMax)
}
