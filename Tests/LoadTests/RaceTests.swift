// SPDX-License-Identifier: Apache-2.0

import Bank
import Kernel
import OPALServer
import Records
import Simulation
import Synchronization
import Testing

/// Two that end the same load at the bank at the same time: the browser brings the result while the
/// bank asks for it, or twice.
@Suite struct RaceTests {
    /// A store in which something happens before a certain read.
    private final class InterruptedStore: RecordStore {
        private struct Interruption: Sendable {
            var readsLeft: Int
            let happen: @Sendable () async -> Void
        }

        private let inner = MemoryStore()
        private let waiting = Mutex<Interruption?>(nil)

        /// Before the `number`-th read from now on, counted from 1.
        func interrupt(read number: Int, _ happen: @escaping @Sendable () async -> Void) {
            waiting.withLock { $0 = Interruption(readsLeft: number, happen: happen) }
        }

        var isInterrupted: Bool { waiting.withLock { $0 == nil } }

        func read(_ key: RecordKey) async throws(StoreFailure) -> Record? {
            let due = waiting.withLock { waiting -> Interruption? in
                waiting?.readsLeft -= 1
                guard waiting?.readsLeft == 0 else { return nil }
                defer { waiting = nil }
                return waiting
            }
            await due?.happen()
            return try await inner.read(key)
        }

        func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
            try await inner.commit(transition)
        }

        func list(
            _ kind: RecordKind,
            after cursor: [UInt8]?,
            limit: Int,
            order: RecordOrder
        ) async throws(StoreFailure) -> [Record] {
            try await inner.list(kind, after: cursor, limit: limit, order: order)
        }

        func listOpen(
            _ kind: RecordKind,
            after cursor: [UInt8]?,
            limit: Int
        ) async throws(StoreFailure) -> [Record] {
            try await inner.listOpen(kind, after: cursor, limit: limit)
        }

        func history(
            _ stream: [UInt8],
            after number: UInt64,
            limit: Int
        ) async throws(StoreFailure) -> [HistoryRow] {
            try await inner.history(stream, after: number, limit: limit)
        }

        func count(_ kind: RecordKind) async throws(StoreFailure) -> Int {
            try await inner.count(kind)
        }
    }

    /// Whichever two reads the other one comes between: a hold that was read before it and an
    /// account that was read behind it do not fit each other.
    @Test(arguments: 1...4)
    func `a load that somebody else ends between two reads ends once`(read: Int) async throws {
        let store = InterruptedStore()
        var stores = LoadWorld.Stores()
        stores.bank = store
        let world = try await LoadWorld(stores: stores)
        let page = try await world.begin(2_500)
        let outcome = await world.load(page)
        #expect(outcome.isLoaded)
        store.interrupt(read: read) { _ = try? await world.bring(outcome, page) }
        #expect(try await world.bring(outcome, page).state == .loaded)
        #expect(store.isInterrupted)
        try await world.expectSound(loaded: 2_500)
    }
}
