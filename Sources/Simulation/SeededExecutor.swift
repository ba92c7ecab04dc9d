// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

/// Runs one job at a time and lets the seed choose which of the waiting ones comes next. With it
/// the steps of parties that work at the same time interleave differently for each seed, and in
/// the same way for the same seed.
package final class SeededExecutor: TaskExecutor {
    private struct Waiting {
        var jobs: [UnownedJob] = []
        var generator: SplitMix64
    }

    private let queue = DispatchQueue(label: "opal.simulation")
    private let waiting: Mutex<Waiting>

    package init(seed: UInt64) {
        waiting = Mutex(Waiting(generator: SplitMix64(seed: seed)))
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        waiting.withLock { $0.jobs.append(job) }
        queue.async { self.runOne() }
    }

    /// There are as many calls of this as jobs.
    private func runOne() {
        let job = waiting.withLock { waiting in
            waiting.jobs.remove(at: waiting.generator.below(waiting.jobs.count))
        }
        unsafe job.runSynchronously(on: asUnownedTaskExecutor())
    }
}
