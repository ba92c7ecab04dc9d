// SPDX-License-Identifier: Apache-2.0

import Records
import Synchronization

/// Commits each transition to a second store as well, and measures that.
final class TwinStore: RecordStoreLayer {
    let inner: any RecordStore
    private let bare: any RecordStore
    private let time = Mutex(Duration.zero)

    init(_ inner: any RecordStore, _ bare: any RecordStore) {
        self.inner = inner
        self.bare = bare
    }

    var bareTime: Duration { time.withLock { $0 } }
    func reset() { time.withLock { $0 = .zero } }

    func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
        let outcome = try await inner.commit(transition)
        let clock = ContinuousClock()
        let start = clock.now
        if outcome == .committed { _ = try await bare.commit(transition) }
        let elapsed = clock.now - start
        time.withLock { $0 += elapsed }
        return outcome
    }
}
