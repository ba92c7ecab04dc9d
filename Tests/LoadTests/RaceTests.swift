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
    private final class InterruptedStore: RecordStoreLayer {
        private struct Interruption: Sendable {
            var readsLeft: Int
            let happen: @Sendable () async -> Void
        }

        let inner: any RecordStore = MemoryStore()
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
