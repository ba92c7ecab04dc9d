// SPDX-License-Identifier: Apache-2.0

import Records
import Synchronization

/// A store whose commits fail as it is told; all else is passed on.
final class FaultyStore: RecordStoreLayer {
    let inner: any RecordStore = MemoryStore()
    private let state = Mutex<StoreFailure?>(nil)

    func fail(with failure: StoreFailure?) {
        state.withLock { $0 = failure }
    }

    func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
        if let failure = state.withLock({ $0 }) { throw failure }
        return try await inner.commit(transition)
    }
}
