// SPDX-License-Identifier: Apache-2.0

import Records
import Testing

extension RecordStoreContract {
    static let listRules: [Rule] = [
        Rule("records are listed by their key bytes, both ways") { store async throws in
            let keys = try await fill(store)
            let ascending = try await store.list(card, after: nil, limit: 99, order: .ascending)
            #expect(ascending.map(\.key) == keys)
            let descending = try await store.list(
                card,
                after: nil,
                limit: 99,
                order: .descending
            )
            #expect(descending == ascending.reversed())
            #expect(try await store.count(card) == keys.count)
            #expect(try await store.count(order) == 1)
        },
        Rule("a list goes on behind its cursor") { store async throws in
            let keys = try await fill(store)
            for order in [RecordOrder.ascending, .descending] {
                var seen: [RecordKey] = []
                while true {
                    let page = try await store.list(
                        card,
                        after: seen.last?.bytes,
                        limit: 2,
                        order: order
                    )
                    #expect(page.count <= 2)
                    if page.isEmpty { break }
                    seen += page.map(\.key)
                }
                #expect(seen == (order == .ascending ? keys : keys.reversed()))
            }
        },
        Rule("a cursor need not be a record") { store async throws in
            _ = try await fill(store)
            let behind = try await store.list(
                card,
                after: [1, 128],
                limit: 1,
                order: .ascending
            )
            #expect(behind.map(\.key) == [key(2)])
            let before = try await store.list(
                card,
                after: [1, 128],
                limit: 1,
                order: .descending
            )
            #expect(before.map(\.key) == [key(1, 1)])
            let all = try await store.list(card, after: [], limit: 99, order: .ascending)
            #expect(all.first?.key == key(0))
        },
        Rule("a page holds no more than its limit and the largest page") { store async throws in
            let writes = (0..<1100).map { number in
                RecordWrite.put(
                    key(UInt8(number / 256), UInt8(number % 256)),
                    expectedRevision: 0,
                    body: [],
                    isOpen: true
                )
            }
            #expect(try await store.commit(Transition(writes: writes)) == .committed)
            for (limit, count) in [(0, 0), (1, 1), (1000, 1000), (5000, RecordLimits.pageMax)] {
                for order in [RecordOrder.ascending, .descending] {
                    let page = try await store.list(
                        card,
                        after: nil,
                        limit: limit,
                        order: order
                    )
                    #expect(page.count == count)
                }
                #expect(try await store.listOpen(card, after: nil, limit: limit).count == count)
            }
            #expect(try await store.count(card) == 1100)
        },
        Rule("open records are listed until they are closed or deleted") { store async throws in
            let keys = try await fill(store)
            for key in keys { _ = try await put(key, over: 1, isOpen: true, in: store) }
            var open = try await store.listOpen(card, after: nil, limit: 99)
            #expect(open.map(\.key) == keys)
            #expect(open.allSatisfy { $0.isOpen && $0.revision == 2 })
            _ = try await put(keys[1], over: 2, in: store)
            let delete = RecordWrite.delete(keys[2], expectedRevision: 2)
            _ = try await store.commit(Transition(writes: [delete]))
            open = try await store.listOpen(card, after: nil, limit: 99)
            #expect(open.map(\.key) == [keys[0]] + keys[3...])
            let behind = try await store.listOpen(card, after: keys[2].bytes, limit: 1)
            #expect(behind.map(\.key) == [keys[3]])
        },
    ]

    static let loadRules: [Rule] = [
        Rule("64 callers on one record commit as often as its revision") { store async throws in
            let committed = try await withThrowingTaskGroup(of: Int.self) { group in
                for caller in UInt8(0)..<64 {
                    group.addTask {
                        var committed = 0
                        for _ in 0..<20 {
                            let revision = try await store.read(key(1))?.revision ?? 0
                            let outcome = try await put(
                                key(1),
                                over: revision,
                                body: [caller],
                                history: [row([1], revision + 1)],
                                in: store
                            )
                            if outcome == .committed { committed += 1 }
                        }
                        return committed
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(committed >= 20)
            #expect(try await store.read(key(1))?.revision == UInt64(committed))
            let last = try await store.history([1], after: UInt64(committed - 1), limit: 9)
            #expect(last == [row([1], UInt64(committed))])
        },
        Rule("what was answered is seen by the next read") { store async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for caller in UInt8(0)..<32 {
                    group.addTask {
                        for revision in UInt64(0)..<20 {
                            let outcome = try await put(key(caller), over: revision, in: store)
                            #expect(outcome == .committed)
                            let record = try await store.read(key(caller))
                            #expect(record?.revision == revision + 1)
                        }
                    }
                }
                try await group.waitForAll()
            }
        },
    ]

    /// Puts records whose keys have different lengths, and one of another kind.
    ///
    /// - Returns: The keys of the cards in ascending order.
    private static func fill(_ store: any RecordStore) async throws -> [RecordKey] {
        let keys = [key(0), key(1), key(1, 0), key(1, 1), key(2), key(128), key(255, 255)]
        for key in [keys[3], keys[6], keys[0], keys[5], keys[2], keys[1], keys[4]] {
            _ = try await put(key, over: 0, in: store)
        }
        _ = try await put(RecordKey(order, [1, 1, 1, 1]), over: 0, isOpen: true, in: store)
        return keys
    }
}
