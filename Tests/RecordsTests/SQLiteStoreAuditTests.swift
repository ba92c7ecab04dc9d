// SPDX-License-Identifier: Apache-2.0

import GRDB
import Records
import RecordsSQLite
import Testing

/// What an audit asks of the file.
@Suite struct SQLiteStoreAuditTests {
    private typealias Contract = RecordStoreContract

    @Test func `streams are listed once each, in order and page by page`() async throws {
        try await withStore { store, _ in
            #expect(try await store.streams(after: nil, limit: 9) == [])
            let rows = [[9], [2, 1], [2], [2, 1, 0]].flatMap { stream in
                (1...3).map { Contract.row(stream, $0) }
            }
            _ = try await Contract.put(Contract.key(1), over: 0, history: rows, in: store)
            let all: [[UInt8]] = [[2], [2, 1], [2, 1, 0], [9]]
            #expect(try await store.streams(after: nil, limit: 9) == all)
            #expect(try await store.streams(after: nil, limit: 2) == [[2], [2, 1]])
            #expect(try await store.streams(after: [2, 1], limit: 2) == [[2, 1, 0], [9]])
            #expect(try await store.streams(after: [9], limit: 2) == [])
        }
    }

    @Test func `a sound file has no problems`() async throws {
        try await withStore { store, path in
            _ = try await Contract.put(Contract.key(1), over: 0, in: store)
            #expect(try await store.problems() == [])
            let beside = try SQLiteStore(readingAt: path, schema: Contract.schema)
            #expect(try await beside.problems() == [])
            await beside.close()
        }
    }

    /// Whoever can write to the file can switch its constraints off.
    @Test(arguments: [
        "UPDATE card SET revision = 0", "UPDATE card SET open = 2",
        "UPDATE card SET reply = zeroblob(262145)",
    ])
    func `a row that breaks the constraints of its table is told`(sql: String) async throws {
        try await withStore { store, path in
            _ = try await Contract.put(Contract.key(5), over: 0, in: store)
            #expect(try await store.impossibleRows() == [])
            try await change(path, sql)
            let found = try await store.impossibleRows()
            #expect(found.map(\.table) == ["card"] && found.map(\.key) == [[5]])
        }
    }

    @Test func `a row of history that breaks the constraints is told`() async throws {
        try await withStore { store, path in
            let row = Contract.row([3], 1)
            _ = try await Contract.put(Contract.key(5), over: 0, history: [row], in: store)
            #expect(try await store.impossibleRows() == [])
            try await change(path, "DROP TRIGGER history_in_order")
            try await change(path, "INSERT INTO history VALUES (x'04', -1, zeroblob(32), x'')")
            try await change(path, "INSERT INTO history VALUES (x'04', 2, x'00', x'')")
            #expect(
                try await store.impossibleRows() == [
                    SQLiteStore.ImpossibleRow(table: "history", key: [4], number: -1),
                    SQLiteStore.ImpossibleRow(table: "history", key: [4], number: 2),
                ]
            )
        }
    }

    private func change(_ path: String, _ sql: String) async throws {
        let other = try DatabaseQueue(path: path)
        try await other.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA ignore_check_constraints = ON")
            try db.execute(sql: sql)
        }
        try other.close()
    }
}
