// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
package import Records

/// The records of one party in an SQLite file: the store that needs nothing else to be installed.
///
/// The file is in WAL mode and each commit is flushed (`synchronous = FULL`). One connection
/// writes, in groups; a few read. Beside the file lie `-wal` and `-shm`, which belong to it and
/// are gone after ``close()``. All three are readable by their owner only.
///
/// After a failed flush the store answers `.unavailable` until it is opened anew, because only
/// then it is known what the disk holds.
package final class SQLiteStore: RecordStore {
    let layout: StoreLayout
    private let readers: ReaderPool
    /// For what may take long: it runs on its own queue and not on its caller's thread.
    private let lister: DatabaseQueue
    /// Nil in a store that was opened for reading.
    private let writer: GroupWriter?
    private let writing: DatabaseQueue?

    /// Opens the store; makes the file if there is none, and brings it to the present version.
    ///
    /// - Parameters:
    ///   - path: Of the file, in a folder that exists, on a disk of this machine.
    ///   - schema: What the party keeps. No kind may be named `history` or `party`.
    /// - Throws: Why it cannot be opened; a file that is refused is not changed.
    package init(path: String, schema: RecordSchema) throws(StoreFailure) {
        let layout = StoreLayout(schema)
        try Self.createFile(path)
        let writing = try Self.openWriter(path, layout)
        let readers = ReaderPool(try Self.openReaders(path))
        self.layout = layout
        self.readers = readers
        self.writing = writing
        lister = try Self.openReader(path)
        writer = GroupWriter(writing, layout: layout, readers: readers)
    }

    /// Opens a store for reading, beside a program that writes to it, if there is one. A commit
    /// answers `.unavailable`.
    package init(readingAt path: String, schema: RecordSchema) throws(StoreFailure) {
        let layout = StoreLayout(schema)
        self.layout = layout
        readers = ReaderPool(try Self.openReaders(path))
        lister = try Self.openReader(path)
        writing = nil
        writer = nil
        try readers.read { db in try layout.verify(db) }
    }

    /// Commits what waits, copies the log into the database file and closes it. Every later call
    /// answers `.unavailable`. Closing again does nothing.
    package func close() async {
        readers.close()
        try? lister.close()
        await writer?.close()
    }

    package func read(_ key: RecordKey) async throws(StoreFailure) -> Records.Record? {
        let table = layout.table(of: key.kind)
        return try readers.read { db in try table.read(key, on: db) }
    }

    package func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
        guard let writer else { throw .unavailable("the store was opened for reading") }
        return try await writer.commit(transition)
    }

    package func list(
        _ kind: RecordKind,
        after cursor: [UInt8]?,
        limit: Int,
        order: RecordOrder
    ) async throws(StoreFailure) -> [Records.Record] {
        let table = layout.table(of: kind)
        return try await listing { db in
            try table.list(after: cursor, limit: limit, order: order, on: db)
        }
    }

    package func listOpen(
        _ kind: RecordKind,
        after cursor: [UInt8]?,
        limit: Int
    ) async throws(StoreFailure) -> [Records.Record] {
        let table = layout.table(of: kind)
        return try await listing { db in
            try table.listOpen(after: cursor, limit: limit, on: db)
        }
    }

    package func history(
        _ stream: [UInt8],
        after number: UInt64,
        limit: Int
    ) async throws(StoreFailure) -> [HistoryRow] {
        try await listing { db in
            try HistoryTable.read(stream, after: number, limit: limit, on: db)
        }
    }

    package func count(_ kind: RecordKind) async throws(StoreFailure) -> Int {
        let table = layout.table(of: kind)
        return try await listing { db in try table.count(on: db) }
    }

    /// `PRAGMA synchronous` as the writing connection reads it back; 2 is FULL.
    package func writerSynchronous() throws(StoreFailure) -> Int {
        guard let writing else { throw .unavailable("the store was opened for reading") }
        do {
            return try writing.unsafeRead { db in try Self.synchronous(of: db) } ?? -1
        } catch {
            throw StoreFailure(error)
        }
    }

    /// Bounds the file to `pages`, or to what SQLite can hold. With it a test fills the disk.
    package func boundFile(toPages pages: Int?) throws(StoreFailure) {
        guard let writing else { throw .unavailable("the store was opened for reading") }
        do {
            try writing.unsafeRead { db in
                try db.execute(sql: "PRAGMA max_page_count = \(pages ?? Int(UInt32.max - 1))")
            }
        } catch {
            throw StoreFailure(error)
        }
    }

    /// Runs `body` on the connection for what may take long.
    func listing<T: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> T
    ) async throws(StoreFailure) -> T {
        try readers.checkOpen()
        let answer = await withCheckedContinuation { caller in
            lister.asyncUnsafeRead { access in
                caller.resume(returning: access.flatMap { db in Result { try body(db) } })
            }
        }
        do {
            return try answer.get()
        } catch {
            throw StoreFailure(error)
        }
    }
}
