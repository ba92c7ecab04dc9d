// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Records
import RecordsSQLite
import Testing

@Suite struct SQLiteStoreFailureTests {
    private typealias Contract = RecordStoreContract

    @Test func `data of another party are refused`() async throws {
        try await withStore { store, path in
            await store.close()
            let other = RecordSchema(party: "other", version: 1, kinds: [])
            let failure = StoreFailure.otherParty(found: "contract", expected: "other")
            #expect(throws: failure) { try SQLiteStore(path: path, schema: other) }
            #expect(throws: failure) { try SQLiteStore(readingAt: path, schema: other) }
        }
    }

    @Test func `a newer layout is refused`() async throws {
        try await withStore { store, path in
            await store.close()
            let other = try DatabaseQueue(path: path)
            try await other.write { db in try db.execute(sql: "PRAGMA user_version = 99") }
            try other.close()
            #expect(throws: StoreFailure.newerVersion(found: 99, supported: 1)) {
                try SQLiteStore(path: path, schema: Contract.schema)
            }
        }
    }

    @Test func `older data are not read before they are brought up`() async throws {
        try await withStore { store, path in
            await store.close()
            let newer = RecordSchema(party: "contract", version: 2, kinds: Contract.schema.kinds)
            #expect {
                try SQLiteStore(readingAt: path, schema: newer)
            } throws: {
                isUnavailable($0)
            }
        }
    }

    @Test func `a file that is not a database is damaged and stays as it is`() async throws {
        try await withFolder { folder in
            let path = folder + "/records.db"
            let text = Data(repeating: 0x41, count: 5000)
            try text.write(to: URL(filePath: path))
            #expect {
                try SQLiteStore(path: path, schema: Contract.schema)
            } throws: {
                isDamaged($0)
            }
            #expect(try Data(contentsOf: URL(filePath: path)) == text)
        }
    }

    @Test func `a database of another program is refused and stays as it is`() async throws {
        try await withFolder { folder in
            let path = folder + "/records.db"
            let other = try DatabaseQueue(path: path)
            try await other.write { db in try db.execute(sql: "CREATE TABLE t (a)") }
            try other.close()
            let before = try Data(contentsOf: URL(filePath: path))
            #expect {
                try SQLiteStore(path: path, schema: Contract.schema)
            } throws: {
                isDamaged($0)
            }
            #expect(try Data(contentsOf: URL(filePath: path)) == before)
        }
    }

    @Test func `a damaged page is told when it is read`() async throws {
        try await withStore { store, path in
            for number in UInt8(0)..<200 {
                let body = [UInt8](repeating: number, count: 900)
                _ = try await Contract.put(Contract.key(number), over: 0, body: body, in: store)
            }
            await store.close()
            var data = try Data(contentsOf: URL(filePath: path))
            for page in stride(from: 5 * 4096, to: data.count, by: 4096) {
                data.replaceSubrange(page..<page + 64, with: Data(repeating: 0xFF, count: 64))
            }
            try data.write(to: URL(filePath: path))
            let next = try SQLiteStore(path: path, schema: Contract.schema)
            await #expect {
                try await next.list(Contract.card, after: nil, limit: 999, order: .ascending)
            } throws: {
                isDamaged($0)
            }
            await next.close()
        }
    }

    @Test func `a folder that does not exist makes the store unavailable`() async throws {
        try await withFolder { folder in
            let path = folder + "/none/records.db"
            #expect {
                try SQLiteStore(path: path, schema: Contract.schema)
            } throws: {
                isUnavailable($0)
            }
            #expect {
                try SQLiteStore(readingAt: path, schema: Contract.schema)
            } throws: {
                isUnavailable($0)
            }
        }
    }

    @Test func `a lock of another program is told, and work goes on after it`() async throws {
        try await withStore { store, path in
            _ = try await Contract.put(Contract.key(1), over: 0, in: store)
            var configuration = Configuration()
            // A transaction that stays open between two calls.
            configuration.allowsUnsafeTransactions = true
            let other = try DatabaseQueue(path: path, configuration: configuration)
            var locked: (any Error)?
            // The lock is held until the store has answered.
            try await other.writeWithoutTransaction { db in
                try db.execute(sql: "BEGIN EXCLUSIVE")
            }
            do {
                _ = try await Contract.put(Contract.key(1), over: 1, in: store)
            } catch {
                locked = error
            }
            #expect(locked as? StoreFailure == .locked)
            #expect(try await store.read(Contract.key(1))?.revision == 1)
            try await other.writeWithoutTransaction { db in try db.execute(sql: "ROLLBACK") }
            try other.close()
            #expect(try await Contract.put(Contract.key(1), over: 1, in: store) == .committed)
        }
    }

    @Test func `a full disk stores nothing, and work goes on when there is room`() async throws {
        try await withStore { store, _ in
            let big = [UInt8](repeating: 1, count: RecordLimits.bodyBytesMax)
            _ = try await Contract.put(Contract.key(1), over: 0, in: store)
            try store.boundFile(toPages: 40)
            let answers = await withTaskGroup(of: Result<CommitOutcome, StoreFailure>.self) {
                for number in UInt8(2)..<10 {
                    $0.addTask {
                        do throws(StoreFailure) {
                            let write = RecordWrite.put(
                                Contract.key(number),
                                expectedRevision: 0,
                                body: big
                            )
                            return .success(try await store.commit(Transition(writes: [write])))
                        } catch {
                            return .failure(error)
                        }
                    }
                }
                return await $0.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0 == .failure(.diskFull) })
            #expect(try await store.count(Contract.card) == 1)
            // What needs no new page is still written.
            #expect(try await Contract.put(Contract.key(1), over: 1, in: store) == .committed)
            try store.boundFile(toPages: nil)
            #expect(
                try await Contract.put(Contract.key(2), over: 0, body: big, in: store)
                    == .committed
            )
        }
    }

    private func isDamaged(_ error: any Error) -> Bool {
        guard case .damaged = error as? StoreFailure else { return false }
        return true
    }

    private func isUnavailable(_ error: any Error) -> Bool {
        guard case .unavailable = error as? StoreFailure else { return false }
        return true
    }
}
