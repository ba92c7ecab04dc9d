// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
package import Records

/// Several databases as they stood at one moment, while programs go on writing to them.
///
/// All are locked against writing at the same time, a reading transaction is begun on each, and
/// the locks are released. In between no party can make a step durable; and because nothing leaves
/// a party before its step is durable, no copy knows of a message whose sender's copy does not
/// know that it was sent. What the copies say is what the disks would have said, had the power
/// failed at that moment (`docs/decisions/0029`).
///
/// Writers wait meanwhile, some milliseconds as a rule and less than
/// ``SQLiteLimits/writerLockSecondsMax`` in any case. Until ``close()`` the log of each database
/// keeps what it has from that moment on.
package final class DatabaseCut {
    private let sources: [String: Source]

    private struct Source {
        /// For the lock; last to be closed, so that the log is tidied where nobody else has it.
        let lock: DatabaseQueue
        let reader: DatabaseQueue
    }

    /// Takes the moment.
    ///
    /// - Parameter paths: Of the database files.
    /// - Throws: `.locked` where the locks cannot be had together; else why one cannot be opened.
    package init(of paths: [String]) throws(StoreFailure) {
        var sources: [String: Source] = [:]
        // In one order, so that two that do this at once do not wait for each other.
        let paths = paths.sorted()
        do {
            for path in paths {
                let source = try Self.open(path)
                sources[path] = source
            }
            let ordered = paths.compactMap { sources[$0] }
            try Self.lockTogether(ordered.map(\.lock))
            defer { Self.release(ordered.map(\.lock)) }
            for source in ordered { try Self.begin(source.reader) }
        } catch {
            Self.close(sources.values)
            throw StoreFailure(error)
        }
        self.sources = sources
    }

    /// Ends the reading transactions; the moment is over.
    package func close() {
        Self.close(sources.values)
    }

    /// What can be said of a database without a key.
    ///
    /// - Throws: `.damaged` where it is not one of ours.
    package func marks(of path: String) throws(StoreFailure) -> DatabaseMarks {
        try read(path) { db in try Self.marks(db) }
    }

    /// What SQLite finds to be wrong with a database, at most ``SQLiteLimits/problemsMax``.
    package func problems(of path: String) throws(StoreFailure) -> [String] {
        try read(path) { db in
            let check = "PRAGMA quick_check(\(SQLiteLimits.problemsMax))"
            return try String.fetchAll(db, sql: check).filter { $0 != "ok" }
        }
    }

    /// Copies a database as it stood. The copy is one file without a log, readable by its owner
    /// only, and is flushed.
    ///
    /// `copy`: a path where no file is.
    package func copy(_ path: String, to copy: String) throws(StoreFailure) {
        try SQLiteStore.createFile(copy)
        try read(path) { source in
            let queue = try DatabaseQueue(path: copy)
            try queue.writeWithoutTransaction { target in
                try target.execute(sql: "PRAGMA synchronous = FULL")
                try source.backup(to: target, pagesPerStep: SQLiteLimits.backUpPages)
            }
            try queue.close()
        }
    }

    private func read<T>(
        _ path: String,
        _ body: (Database) throws -> T
    ) throws(StoreFailure) -> T {
        guard let source = sources[path] else {
            preconditionFailure("The database was not named when the moment was taken.")
        }
        do {
            return try source.reader.unsafeRead(body)
        } catch {
            throw StoreFailure(error)
        }
    }

    // MARK: The moment

    private static func open(_ path: String) throws -> Source {
        var locking = Configuration()
        locking.label = "cut lock"
        locking.allowsUnsafeTransactions = true
        // A busy writer leaves the lock for microseconds: longer pauses would miss them.
        locking.busyMode = .callback { tries in
            usleep(SQLiteLimits.cutPollMicroseconds)
            return tries < SQLiteLimits.cutPollsMax
        }
        var reading = Configuration()
        reading.label = "cut reader"
        reading.readonly = true
        reading.allowsUnsafeTransactions = true
        reading.busyMode = .timeout(SQLiteLimits.writerLockSecondsMax)
        // Not made where there is none: a file that SQLite makes would be nobody's database.
        guard FileManager.default.fileExists(atPath: path) else {
            throw StoreFailure.unavailable("there is no database file")
        }
        return Source(
            lock: try DatabaseQueue(path: path, configuration: locking),
            reader: try DatabaseQueue(path: path, configuration: reading)
        )
    }

    /// Takes the lock of each, in turn. Those that were taken first are not kept for longer than
    /// writers wait: all are released, and it is tried again.
    private static func lockTogether(_ locks: [DatabaseQueue]) throws {
        for round in 1...SQLiteLimits.cutRoundsMax {
            let deadline = ContinuousClock.now + SQLiteLimits.cutDuration
            do {
                for lock in locks {
                    try lock.writeWithoutTransaction { try $0.beginTransaction(.immediate) }
                    guard ContinuousClock.now < deadline else { throw StoreFailure.locked }
                }
                return
            } catch {
                release(locks)
                guard StoreFailure(error) == .locked, round < SQLiteLimits.cutRoundsMax else {
                    throw error
                }
                usleep(SQLiteLimits.cutPauseMicroseconds)
            }
        }
    }

    private static func release(_ locks: [DatabaseQueue]) {
        for lock in locks {
            try? lock.writeWithoutTransaction { db in
                if db.isInsideTransaction { try db.rollback() }
            }
        }
    }

    /// A deferred transaction stands still from its first read on.
    private static func begin(_ reader: DatabaseQueue) throws {
        try reader.unsafeRead { db in
            try db.beginTransaction(.deferred)
            _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema")
        }
    }

    private static func close(_ sources: some Sequence<Source>) {
        for source in sources {
            try? source.reader.unsafeRead { db in
                if db.isInsideTransaction { try db.rollback() }
            }
            try? source.reader.close()
            try? source.lock.close()
        }
    }

    // MARK: Marks

    private static func marks(_ db: Database) throws -> DatabaseMarks {
        guard
            try Int.fetchOne(db, sql: "PRAGMA application_id") == StoreLayout.applicationID,
            let layout = try Int.fetchOne(db, sql: "PRAGMA user_version"),
            let party = try Row.fetchOne(db, sql: "SELECT name, version FROM party"),
            let name = party["name"] as String?, let version = party["version"] as Int?
        else { throw StoreFailure.damaged("it is not a database of a party") }
        let tables = try String.fetchAll(
            db,
            sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        var records: [String: DatabaseMarks.Table] = [:]
        for table in tables where !StoreLayout.reservedNames.contains(table) {
            // Whoever can write to the file can name a table as they like.
            let quoted = table.replacingOccurrences(of: "\"", with: "\"\"")
            let sql = "SELECT count(*), ifnull(max(rowid), 0) FROM \"\(quoted)\""
            guard let row = try Row.fetchOne(db, sql: sql) else { continue }
            records[table] = DatabaseMarks.Table(rows: row[0], last: row[1])
        }
        return DatabaseMarks(
            party: name,
            layout: layout,
            version: version,
            records: records,
            historyRows: try Int64.fetchOne(db, sql: "SELECT count(*) FROM history") ?? 0
        )
    }
}
