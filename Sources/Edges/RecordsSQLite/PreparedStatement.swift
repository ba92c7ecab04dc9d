// SPDX-License-Identifier: Apache-2.0

import GRDB
import GRDBSQLite

/// A cached statement of one connection while it is in use.
///
/// GRDB prepares and keeps it; values are bound and read by SQLite's own functions, because GRDB's
/// arguments copy each byte array into `Data` first, which costs more than the row. It is reset
/// when it goes out of scope, so that no statement keeps a snapshot open.
struct PreparedStatement: ~Copyable {
    private let statement: Statement
    private let db: Database

    init(_ sql: String, on db: Database) throws {
        statement = try db.cachedStatement(sql: sql)
        self.db = db
    }

    deinit {
        // The result repeats what the last step has said.
        _ = unsafe sqlite3_reset(statement.sqliteStatement)
    }

    /// Binds bytes to a parameter; the first is 1.
    func bind(_ bytes: [UInt8], at index: Int32) throws {
        // SQLite binds NULL for an empty buffer without an address.
        let code =
            if bytes.isEmpty {
                unsafe sqlite3_bind_zeroblob(statement.sqliteStatement, index, 0)
            } else {
                unsafe bytes.withUnsafeBytes { buffer in
                    unsafe sqlite3_bind_blob64(
                        statement.sqliteStatement,
                        index,
                        buffer.baseAddress,
                        UInt64(buffer.count),
                        Self.copies
                    )
                }
            }
        try check(code)
    }

    /// Binds a number to a parameter; the first is 1.
    func bind(_ number: Int64, at index: Int32) throws {
        try check(unsafe sqlite3_bind_int64(statement.sqliteStatement, index, number))
    }

    /// Goes to the next row, if there is one.
    func next() throws -> Bool {
        let code = unsafe sqlite3_step(statement.sqliteStatement)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw failure(code)
        }
    }

    /// Runs a statement that changes rows and tells how many it has changed.
    func changedRows() throws -> Int {
        let hasRow = try next()
        assert(!hasRow)
        return db.changesCount
    }

    /// The bytes of a column of the present row; the first is 0.
    func bytes(at column: Int32) -> [UInt8] {
        guard let start = unsafe sqlite3_column_blob(statement.sqliteStatement, column) else {
            return []
        }
        let count = unsafe sqlite3_column_bytes(statement.sqliteStatement, column)
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: Int(count)))
    }

    /// The number in a column of the present row; the first is 0.
    func number(at column: Int32) -> Int64 {
        unsafe sqlite3_column_int64(statement.sqliteStatement, column)
    }

    /// SQLITE_TRANSIENT: SQLite makes its own copy of what is bound. The C macro casts −1, which
    /// Swift does not import.
    private static var copies: sqlite3_destructor_type {
        unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    }

    private func check(_ code: Int32) throws {
        if code != SQLITE_OK { throw failure(code) }
    }

    private func failure(_ code: Int32) -> DatabaseError {
        let message = unsafe sqlite3_errmsg(db.sqliteConnection).map { unsafe String(cString: $0) }
        let extended = unsafe sqlite3_extended_errcode(db.sqliteConnection)
        // Some failures leave the connection's code as it was.
        let told = extended & 0xFF == code & 0xFF ? extended : code
        return DatabaseError(resultCode: ResultCode(rawValue: told), message: message)
    }
}
