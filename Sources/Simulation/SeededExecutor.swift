// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

/// Runs one job at a time and lets the seed choose which of the waiting ones comes next. With it
/// the steps of parties that work at the same time interleave differently for each seed, and in
/// the same way for the same seed. When no job waits, its clock goes to the next alarm.
package final class SeededExecutor: TaskExecutor {
    private struct Waiting {
        var jobs: [UnownedJob] = []
        var generator: SplitMix64
        var isWorking = false
        /// Called between two jobs, when nobody else does anything.
        var pause: @Sendable () -> Void = {}
    }

    private let queue = DispatchQueue(label: "opal.simulation")
    private let waiting: Mutex<Waiting>
    private let clock: VirtualClock?

    package init(seed: UInt64, clock: VirtualClock? = nil) {
        waiting = Mutex(Waiting(generator: SplitMix64(seed: seed)))
        self.clock = clock
    }

    /// From now on, `pause` is called between two jobs.
    func callBetweenJobs(_ pause: @escaping @Sendable () -> Void) {
        waiting.withLock { $0.pause = pause }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isIdle = waiting.withLock { waiting in
            waiting.jobs.append(job)
            defer { waiting.isWorking = true }
            return !waiting.isWorking
        }
        if isIdle { queue.async { self.work() } }
    }

    /// Works until no job waits and no alarm is set.
    private func work() {
        while true {
            if let (job, pause) = next() {
                unsafe job.runSynchronously(on: asUnownedTaskExecutor())
                pause()
            } else if clock?.moveToNextAlarm() != true, rests() {
                return
            }
        }
    }

    private func next() -> (UnownedJob, pause: @Sendable () -> Void)? {
        waiting.withLock { waiting in
            guard !waiting.jobs.isEmpty else { return nil }
            let chosen = waiting.generator.below(waiting.jobs.count)
            waiting.jobs.swapAt(chosen, waiting.jobs.count - 1)
            return waiting.jobs.popLast().map { ($0, waiting.pause) }
        }
    }

    private func rests() -> Bool {
        waiting.withLock { waiting in
            waiting.isWorking = !waiting.jobs.isEmpty
            return !waiting.isWorking
        }
    }

    /// Starts a task on this executor that nobody waits for.
    func start(_ work: @escaping @Sendable () async -> Void) {
        Task(executorPreference: self) { await work() }
    }

    /// Does work that waits for nothing but itself, now, while every job of this executor waits.
    static func doNow<Value: Sendable>(
        _ work: @escaping @Sendable () async -> Value
    ) -> Value {
        let executor = InlineExecutor()
        let result = Mutex<Value?>(nil)
        Task(executorPreference: executor) {
            let value = await work()
            result.withLock { $0 = value }
        }
        executor.work()
        guard let value = result.withLock({ $0 }) else {
            preconditionFailure("The work waits for somebody else.")
        }
        return value
    }
}

/// Runs its jobs in the thread that asks for it.
private final class InlineExecutor: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
    }

    func work() {
        while let job = jobs.withLock({ $0.popLast() }) {
            unsafe job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
