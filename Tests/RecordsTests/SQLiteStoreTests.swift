// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Records
import RecordsSQLite
import Testing

@Suite struct SQLiteStoreTests {
    private typealias Contract = RecordStoreContract

    @Test(arguments: RecordStoreContract.rules)
    func `the SQLite store holds the contract`(_ rule: RecordStoreContract.Rule) async throws {
        try await withStore { store, _ in try await rule.check(store) }
    }

    @Test func `the writer flushes each commit`() async throws {
        try await withStore { store, _ in
            let synchronous = try store.writerSynchronous()
            #expect(synchronous == 2)
        }
    }

    @Test func `the files are readable by their owner only`() async throws {
        try await withStore { store, path in
            _ = try await Contract.put(Contract.key(1), over: 0, in: store)
            for file in [path, path + "-wal", path + "-shm"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: file)
                #expect(attributes[.posixPermissions] as? Int == 0o600)
            }
        }
    }

    @Test func `records and history survive reopening`() async throws {
        try await withFolder { folder in
            let path = folder + "/records.db"
            for revision in UInt64(0)..<3 {
                let store = try SQLiteStore(path: path, schema: Contract.schema)
                #expect(try await store.read(Contract.key(1))?.revision ?? 0 == revision)
                let row = Contract.row([1], revision + 1)
                let outcome = try await Contract.put(
                    Contract.key(1),
                    over: revision,
                    history: [row],
                    in: store
                )
                #expect(outcome == .committed)
                await store.close()
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 1)
            }
            let store = try SQLiteStore(path: path, schema: Contract.schema)
            #expect(try await store.history([1], after: 0, limit: 9).count == 3)
            await store.close()
        }
    }

    @Test func `a kind that is new in the schema gets its table`() async throws {
        try await withStore { store, path in
            _ = try await Contract.put(Contract.key(1), over: 0, in: store)
            await store.close()
            let sale = RecordKind("sale", keyBytes: 1...1)
            let kinds = Contract.schema.kinds + [sale]
            let newer = RecordSchema(party: "contract", version: 2, kinds: kinds)
            let next = try SQLiteStore(path: path, schema: newer)
            #expect(try await next.read(Contract.key(1))?.revision == 1)
            #expect(
                try await Contract.put(RecordKey(sale, [1]), over: 0, in: next) == .committed
            )
            await next.close()
            #expect(throws: StoreFailure.newerVersion(found: 2, supported: 1)) {
                try SQLiteStore(path: path, schema: Contract.schema)
            }
        }
    }

    @Test func `a store that is closed is unavailable`() async throws {
        try await withStore { store, _ in
            await store.close()
            await store.close()
            let failure = StoreFailure.unavailable("the store is closed")
            await #expect(throws: failure) { try await store.read(Contract.key(1)) }
            await #expect(throws: failure) { try await store.count(Contract.card) }
            await #expect(throws: failure) { try await store.commit(Transition(writes: [])) }
        }
    }

    @Test func `closing commits what waits`() async throws {
        try await withStore { store, path in
            let outcomes = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in UInt8(0)..<200 {
                    group.addTask {
                        do throws(StoreFailure) {
                            let write = RecordWrite.put(
                                Contract.key(number),
                                expectedRevision: 0,
                                body: []
                            )
                            return try await store.commit(Transition(writes: [write]))
                                == .committed
                        } catch .unavailable {
                            return false
                        }
                    }
                }
                group.addTask {
                    await store.close()
                    return false
                }
                return try await group.reduce(into: 0) { if $1 { $0 += 1 } }
            }
            let next = try SQLiteStore(path: path, schema: Contract.schema)
            #expect(try await next.count(Contract.card) == outcomes)
            await next.close()
        }
    }

    @Test func `a store opened for reading sees commits and makes none`() async throws {
        try await withStore { store, path in
            let audit = try SQLiteStore(readingAt: path, schema: Contract.schema)
            #expect(try await audit.count(Contract.card) == 0)
            _ = try await Contract.put(Contract.key(1), over: 0, in: store)
            #expect(try await audit.read(Contract.key(1))?.revision == 1)
            await #expect(throws: StoreFailure.unavailable("the store was opened for reading")) {
                try await Contract.put(Contract.key(1), over: 1, in: audit)
            }
            await audit.close()
            #expect(try await store.read(Contract.key(1))?.revision == 1)
        }
    }

    @Test func `a closed database can be opened for reading`() async throws {
        try await withStore { store, path in
            _ = try await Contract.put(Contract.key(1), over: 0, in: store)
            await store.close()
            let audit = try SQLiteStore(readingAt: path, schema: Contract.schema)
            #expect(try await audit.read(Contract.key(1))?.revision == 1)
            await audit.close()
        }
    }

    @Test func `constraints and history hold against SQL from outside`() async throws {
        try await withStore { store, path in
            let row = Contract.row([1], 1)
            _ = try await Contract.put(Contract.key(1), over: 0, history: [row], in: store)
            let other = try DatabaseQueue(path: path)
            for sql in [
                "UPDATE history SET body = x'00'",
                "DELETE FROM history",
                "INSERT OR REPLACE INTO history VALUES (x'01', 1, zeroblob(32), x'00')",
                "UPDATE card SET revision = 0",
                "UPDATE card SET open = 2",
                "UPDATE card SET body = 'text'",
                "INSERT INTO card VALUES (zeroblob(9), 1, 0, x'', x'')",
                "INSERT INTO card VALUES (x'02', 1, 0, zeroblob(262145), x'')",
            ] {
                #expect(throws: DatabaseError.self, "\(sql)") {
                    try other.writeWithoutTransaction { db in try db.execute(sql: sql) }
                }
            }
            try other.close()
            #expect(try await store.history([1], after: 0, limit: 9) == [row])
        }
    }

    @Test func `open records are found by their index`() async throws {
        try await withStore { _, path in
            let other = try DatabaseQueue(path: path)
            let plan = try await other.read { db in
                let sql = "SELECT key FROM card WHERE open = 1 AND key > x'01' ORDER BY key"
                return try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql)
                    .map { $0["detail"] as String }
            }
            #expect(plan.count == 1 && plan[0].contains("card_open"))
            try other.close()
        }
    }
}
