// SPDX-License-Identifier: Apache-2.0

package import Records
import Synchronization

/// A store in which things go wrong, in the ways that the port allows.
package final class FaultyStore: RecordStoreLayer {
    package enum Fault: Sendable {
        /// Nothing is written.
        case refuse(StoreFailure)
        /// The commit is made, and the store says that it is unavailable.
        case loseAnswer
        /// Nothing is written; the caller is told that somebody else was first.
        case conflict
    }

    /// The store without faults.
    package let inner: any RecordStore
    /// What happens to commits.
    package let commits = FaultPlan<Fault>()
    /// What happens to single reads.
    package let reads = FaultPlan<StoreFailure>()

    private let committed = Mutex(0)
    private let missed = Mutex<Set<RecordKey>>([])
    private let notice = Mutex<@Sendable (String) -> Void>({ _ in })

    /// Tells `notice` of each fault.
    func tell(_ notice: @escaping @Sendable (String) -> Void) {
        self.notice.withLock { $0 = notice }
    }

    private func tell(_ what: String) {
        notice.withLock { $0 }(what)
    }

    /// Which records could not be read at some time.
    var unread: Set<RecordKey> { missed.withLock { $0 } }

    /// How many transitions became durable.
    var commitCount: Int { committed.withLock { $0 } }

    package init(_ inner: any RecordStore) {
        self.inner = inner
    }

    package func clear() {
        commits.clear()
        reads.clear()
    }

    package func read(_ key: RecordKey) async throws(StoreFailure) -> Record? {
        if let failure = reads.next() {
            missed.withLock { _ = $0.insert(key) }
            tell("cannot be read")
            throw failure
        }
        return try await inner.read(key)
    }

    package func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
        switch commits.next() {
        case .refuse(let failure):
            tell("refuses a commit")
            throw failure
        case .conflict:
            tell("says that somebody was first")
            return .conflict
        case .loseAnswer:
            tell("makes a commit and does not say so")
            _ = try await commitNow(transition)
            throw .unavailable("the answer was lost")
        case nil: return try await commitNow(transition)
        }
    }

    private func commitNow(
        _ transition: Transition
    ) async throws(StoreFailure) -> CommitOutcome {
        let outcome = try await inner.commit(transition)
        if outcome == .committed { committed.withLock { $0 += 1 } }
        return outcome
    }
}
