// SPDX-License-Identifier: Apache-2.0

package import Metrics
package import Records

/// A store that counts and measures commits.
package struct MeteredStore: RecordStoreLayer {
    package let inner: any RecordStore
    private let time: Timer
    private let committed: Counter
    private let conflicts: Counter
    private let failures: Counter

    /// - Parameters:
    ///   - inner: the store behind.
    ///   - party: whose it is.
    ///   - factory: who keeps the figures.
    package init(_ inner: any RecordStore, of party: String, factory: any MetricsFactory) {
        self.inner = inner
        func commits(_ outcome: String) -> Counter {
            Counter(
                label: "opal_store_commits",
                dimensions: [("party", party), ("outcome", outcome)],
                factory: factory
            )
        }
        committed = commits("committed")
        conflicts = commits("conflict")
        failures = commits("failure")
        time = Timer(
            label: "opal_store_commit_seconds",
            dimensions: [("party", party)],
            factory: factory
        )
    }

    package func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
        let began = ContinuousClock.now
        defer { time.record(duration: began.duration(to: .now)) }
        do throws(StoreFailure) {
            let outcome = try await inner.commit(transition)
            (outcome == .committed ? committed : conflicts).increment()
            return outcome
        } catch {
            failures.increment()
            throw error
        }
    }
}
