// SPDX-License-Identifier: Apache-2.0

import CSQLiteSetup
import Foundation
import GRDB
import Records

extension SQLiteStore {
    /// Makes the file, readable by its owner only, unless there is one. SQLite would make it
    /// readable by all; `-wal` and `-shm` get the mode of the file.
    static func createFile(_ path: String) throws(StoreFailure) {
        let descriptor = unsafe open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        if descriptor >= 0 {
            _ = Foundation.close(descriptor)
            return
        }
        switch errno {
        case EEXIST: return
        case ENOSPC, EDQUOT: throw .diskFull
        case let number: throw .unavailable("the file cannot be made: error \(number)")
        }
    }

    /// Done once, before the first connection is opened.
    private static let setUp: Void = { _ = sqlite_stop_counting_memory() }()

    /// Opens the connection that writes, and brings the file to the present version.
    static func openWriter(
        _ path: String,
        _ layout: StoreLayout
    ) throws(StoreFailure) -> DatabaseQueue {
        setUp
        var configuration = Configuration()
        configuration.label = "records writer"
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(SQLiteLimits.writerLockSecondsMax)
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { db in
                // First: nothing of another program's file may be changed.
                try layout.prepare(db)
                guard try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL") == "wal" else {
                    throw StoreFailure.unavailable("the file system does not allow WAL mode")
                }
                // Not by GRDB's own WAL mode: that lowers `synchronous` to NORMAL, with which a
                // commit that was answered may be lost when the power fails.
                try db.execute(sql: "PRAGMA synchronous = FULL")
                guard try synchronous(of: db) == 2 else {
                    throw StoreFailure.unavailable("synchronous = FULL was refused")
                }
                try db.execute(
                    sql: """
                        PRAGMA trusted_schema = OFF;
                        PRAGMA cache_size = -\(SQLiteLimits.writerCacheKiB);
                        PRAGMA wal_autocheckpoint = \(SQLiteLimits.checkpointPages);
                        """
                )
            }
            return queue
        } catch {
            throw StoreFailure(error)
        }
    }

    /// Opens the connections for single reads.
    static func openReaders(_ path: String) throws(StoreFailure) -> [DatabaseQueue] {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let count = min(
            max(cores, SQLiteLimits.readers.lowerBound),
            SQLiteLimits.readers.upperBound
        )
        var connections: [DatabaseQueue] = []
        for _ in 0..<count { connections.append(try openReader(path)) }
        return connections
    }

    /// Opens a connection that only reads.
    static func openReader(_ path: String) throws(StoreFailure) -> DatabaseQueue {
        setUp
        var configuration = Configuration()
        configuration.label = "records reader"
        configuration.readonly = true
        configuration.busyMode = .timeout(SQLiteLimits.readerLockSecondsMax)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA trusted_schema = OFF")
        }
        do {
            return try DatabaseQueue(path: path, configuration: configuration)
        } catch {
            throw StoreFailure(error)
        }
    }

    static func synchronous(of db: Database) throws -> Int? {
        try Int.fetchOne(db, sql: "PRAGMA synchronous")
    }
}
