// SPDX-License-Identifier: Apache-2.0

package import Records
import Synchronization

/// A store whose commits fail as told: before they are made, or after.
package final class CrashingStore: RecordStoreLayer {
    package enum Fault: Sendable, CaseIterable {
        case before
        case after
    }

    package let inner: any RecordStore
    private let plan = Mutex<(commits: Int, fault: Fault?, isDead: Bool)>((0, nil, false))
    private let counter = Mutex(0)

    package init(_ inner: any RecordStore) {
        self.inner = inner
    }

    /// Dies with the commit behind so many others; nothing works from then on.
    package func crash(after commits: Int, _ fault: Fault) {
        plan.withLock { $0 = (commits, fault, false) }
    }

    package var isDead: Bool { plan.withLock(\.isDead) }
    package var commits: Int { counter.withLock { $0 } }

    package func admit() throws(StoreFailure) {
        if isDead { throw .unavailable("crashed") }
    }

    package func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
        try admit()
        counter.withLock { $0 += 1 }
        let fault = plan.withLock { plan -> Fault? in
            guard let fault = plan.fault else { return nil }
            if plan.commits > 0 {
                plan.commits -= 1
                return nil
            }
            plan.isDead = true
            return fault
        }
        if fault == .before { throw .unavailable("crashed before a commit") }
        let outcome = try await inner.commit(transition)
        if fault == .after { throw .unavailable("crashed after a commit") }
        return outcome
    }
}
