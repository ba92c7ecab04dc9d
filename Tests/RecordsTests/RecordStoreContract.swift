// SPDX-License-Identifier: Apache-2.0

import Records
import Testing

/// What every store must hold, as rules that run on a new and empty store of ``schema``. A test of
/// a store takes ``rules`` as its arguments.
enum RecordStoreContract {
    static let card = RecordKind("card", keyBytes: 1...8)
    /// Named like a word of SQL, which must not matter.
    static let order = RecordKind("order", keyBytes: 4...4)
    static let schema = RecordSchema(party: "contract", version: 1, kinds: [card, order])

    static let rules: [Rule] =
        recordRules + conflictRules + historyRules + listRules + loadRules

    struct Rule: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let check: @Sendable (any RecordStore) async throws -> Void

        init(_ rule: String, _ check: @escaping @Sendable (any RecordStore) async throws -> Void) {
            testDescription = rule
            self.check = check
        }
    }

    static func key(_ bytes: UInt8...) -> RecordKey {
        RecordKey(card, bytes)
    }

    static func row(_ stream: [UInt8], _ number: UInt64) -> HistoryRow {
        let hash = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 32)
        return HistoryRow(stream: stream, number: number, hash: hash, body: [1, 2, 3])
    }

    /// Commits one put.
    static func put(
        _ key: RecordKey,
        over revision: UInt64,
        body: [UInt8] = [],
        isOpen: Bool = false,
        history: [HistoryRow] = [],
        in store: any RecordStore
    ) async throws -> CommitOutcome {
        let write = RecordWrite.put(key, expectedRevision: revision, body: body, isOpen: isOpen)
        return try await store.commit(Transition(writes: [write], history: history))
    }
}

extension RecordStoreContract {
    private static let recordRules: [Rule] = [
        Rule("a record that was never written is nil") { store async throws in
            #expect(try await store.read(key(1)) == nil)
            #expect(try await store.count(card) == 0)
        },
        Rule("a record reads back as it was put, with revision 1") { store async throws in
            let write = RecordWrite.put(
                key(1),
                expectedRevision: 0,
                body: [1, 2],
                reply: [3],
                isOpen: true
            )
            #expect(try await store.commit(Transition(writes: [write])) == .committed)
            #expect(
                try await store.read(key(1))
                    == Record(key: key(1), revision: 1, isOpen: true, body: [1, 2], reply: [3])
            )
        },
        Rule("each put adds 1 to the revision") { store async throws in
            for revision in UInt64(0)..<5 {
                #expect(try await put(key(1), over: revision, in: store) == .committed)
                #expect(try await store.read(key(1))?.revision == revision + 1)
            }
        },
        Rule("empty and zero bytes read back as such") { store async throws in
            let write = RecordWrite.put(key(0), expectedRevision: 0, body: [0, 0], reply: [])
            _ = try await store.commit(Transition(writes: [write]))
            #expect(try await store.read(key(0))?.body == [0, 0])
            #expect(try await store.read(key(0))?.reply == [])
            #expect(try await store.read(key(0, 0)) == nil)
        },
        Rule("the same key of another kind is another record") { store async throws in
            _ = try await put(RecordKey(card, [1, 2, 3, 4]), over: 0, in: store)
            #expect(try await store.read(RecordKey(order, [1, 2, 3, 4])) == nil)
            #expect(
                try await put(RecordKey(order, [1, 2, 3, 4]), over: 0, in: store) == .committed
            )
        },
        Rule("a deleted record is gone and may begin again at 1") { store async throws in
            _ = try await put(key(1), over: 0, in: store)
            let delete = Transition(writes: [.delete(key(1), expectedRevision: 1)])
            #expect(try await store.commit(delete) == .committed)
            #expect(try await store.read(key(1)) == nil)
            #expect(try await store.commit(delete) == .conflict)
            #expect(try await put(key(1), over: 0, in: store) == .committed)
            #expect(try await store.read(key(1))?.revision == 1)
        },
        Rule("the largest body, reply and row are kept whole") { store async throws in
            let big = (0..<RecordLimits.bodyBytesMax).map {
                UInt8(truncatingIfNeeded: $0 &* 31)
            }
            let write = RecordWrite.put(key(1), expectedRevision: 0, body: big, reply: big)
            let hash = [UInt8](repeating: 7, count: RecordLimits.hashBytes)
            let row = HistoryRow(stream: [1], number: 1, hash: hash, body: big)
            let transition = Transition(writes: [write], history: [row])
            #expect(try await store.commit(transition) == .committed)
            let record = try await store.read(key(1))
            #expect(record?.body == big && record?.reply == big)
            #expect(try await store.history([1], after: 0, limit: 1) == [row])
        },
        Rule("a transition of nothing is committed") { store async throws in
            #expect(try await store.commit(Transition(writes: [])) == .committed)
        },
    ]

    private static let conflictRules: [Rule] = [
        Rule("a put over another revision is a conflict") { store async throws in
            #expect(try await put(key(1), over: 1, in: store) == .conflict)
            _ = try await put(key(1), over: 0, body: [1], in: store)
            for revision: UInt64 in [0, 2, UInt64(Int64.max), .max] {
                #expect(
                    try await put(key(1), over: revision, body: [2], in: store) == .conflict
                )
            }
            #expect(try await store.read(key(1))?.body == [1])
        },
        Rule("a conflict leaves all of its transition unwritten") { store async throws in
            _ = try await put(key(9), over: 0, history: [row([9], 1)], in: store)
            let first = RecordWrite.put(key(1), expectedRevision: 0, body: [])
            let conflicting = RecordWrite.put(key(9), expectedRevision: 0, body: [])
            for writes in [[first, conflicting], [conflicting, first]] {
                let transition = Transition(writes: writes, history: [row([1], 1)])
                #expect(try await store.commit(transition) == .conflict)
            }
            let gap = Transition(writes: [first], history: [row([1], 1), row([9], 1)])
            #expect(try await store.commit(gap) == .conflict)
            #expect(try await store.read(key(1)) == nil)
            #expect(try await store.read(key(9))?.revision == 1)
            #expect(try await store.history([1], after: 0, limit: 9) == [])
        },
        Rule("writes of one transition follow each other") { store async throws in
            let new = RecordWrite.put(key(1), expectedRevision: 0, body: [1])
            let next = RecordWrite.put(key(1), expectedRevision: 1, body: [2])
            #expect(try await store.commit(Transition(writes: [new, new])) == .conflict)
            #expect(try await store.read(key(1)) == nil)
            #expect(try await store.commit(Transition(writes: [new, next])) == .committed)
            #expect(try await store.read(key(1))?.revision == 2)
            #expect(try await store.read(key(1))?.body == [2])
        },
        Rule("a conflict among others leaves the others untouched") { store async throws in
            _ = try await put(key(200), over: 0, in: store)
            let outcomes = try await outcomes(of: 100) { index in
                // Every third writes its own record first and then conflicts.
                let own = RecordWrite.put(key(index), expectedRevision: 0, body: [index])
                let stale = RecordWrite.put(key(200), expectedRevision: 7, body: [])
                let writes = index % 3 == 0 ? [own, stale] : [own]
                return Transition(writes: writes, history: [row([index], 1)])
            } on: {
                try await store.commit($0)
            }
            for index in UInt8(0)..<100 {
                let isStale = index % 3 == 0
                #expect(outcomes[index] == (isStale ? .conflict : .committed))
                #expect(try await store.read(key(index))?.body == (isStale ? nil : [index]))
                let rows = try await store.history([index], after: 0, limit: 9)
                #expect(rows.count == (isStale ? 0 : 1))
            }
        },
    ]

    private static let historyRules: [Rule] = [
        Rule("rows of one stream are numbered from 1 without a gap") { store async throws in
            for number: UInt64 in [2, 3, .max] {
                let transition = Transition(writes: [], history: [row([1], number)])
                #expect(try await store.commit(transition) == .conflict)
            }
            let two = Transition(writes: [], history: [row([1], 1), row([1], 2)])
            #expect(try await store.commit(two) == .committed)
            #expect(try await store.commit(two) == .conflict)
            let four = Transition(writes: [], history: [row([1], 3), row([1], 5)])
            #expect(try await store.commit(four) == .conflict)
            let rows = try await store.history([1], after: 0, limit: 9)
            #expect(rows == [row([1], 1), row([1], 2)])
        },
        Rule("streams do not know of each other") { store async throws in
            let rows = [row([1], 1), row([1, 0], 1), row([0], 1), row([1], 2)]
            #expect(try await store.commit(Transition(writes: [], history: rows)) == .committed)
            #expect(try await store.history([1], after: 0, limit: 9) == [rows[0], rows[3]])
            #expect(try await store.history([1, 0], after: 0, limit: 9) == [rows[1]])
            #expect(try await store.history([2], after: 0, limit: 9) == [])
        },
        Rule("history is read behind a number and up to a limit") { store async throws in
            let rows = (1...1100).map { row([1], $0) }
            _ = try await store.commit(Transition(writes: [], history: rows))
            #expect(try await store.history([1], after: 3, limit: 2) == Array(rows[3..<5]))
            #expect(try await store.history([1], after: 1099, limit: 9) == [rows[1099]])
            #expect(try await store.history([1], after: 1100, limit: 9) == [])
            #expect(try await store.history([1], after: .max, limit: 9) == [])
            #expect(try await store.history([1], after: 0, limit: 0) == [])
            let page = try await store.history([1], after: 0, limit: .max)
            #expect(page.count == RecordLimits.pageMax)
        },
    ]

    /// Runs what `make` makes for each number below `count`, all at once.
    static func outcomes(
        of count: UInt8,
        _ make: @escaping @Sendable (UInt8) -> Transition,
        on commit: @escaping @Sendable (Transition) async throws -> CommitOutcome
    ) async throws -> [UInt8: CommitOutcome] {
        try await withThrowingTaskGroup(of: (UInt8, CommitOutcome).self) { group in
            for index in 0..<count {
                group.addTask { (index, try await commit(make(index))) }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }
}
