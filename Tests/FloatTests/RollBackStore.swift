// SPDX-License-Identifier: Apache-2.0

import Records
import Synchronization

/// A store that can be set back as a whole, as a back-up does it: to what it was after so many
/// commits, with each revision, each row and each seal of then.
final class RollBackStore: RecordStoreLayer {
    private struct State {
        var store = MemoryStore()
        var log: [Transition] = []
    }

    private let state = Mutex(State())

    var inner: any RecordStore { state.withLock { $0.store } }

    /// A moment to which it can be set back.
    var mark: Int { state.withLock { $0.log.count } }

    func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
        let outcome = try await inner.commit(transition)
        if outcome == .committed { state.withLock { $0.log.append(transition) } }
        return outcome
    }

    func rollBack(to mark: Int) async throws(StoreFailure) {
        let log = state.withLock { Array($0.log.prefix(mark)) }
        let store = MemoryStore()
        for transition in log { _ = try await store.commit(transition) }
        state.withLock { $0 = State(store: store, log: log) }
    }

    func delete(_ key: RecordKey) async throws(StoreFailure) {
        guard let record = try await read(key) else { return }
        let write = RecordWrite.delete(key, expectedRevision: record.revision)
        _ = try await commit(Transition(writes: [write]))
    }
}
