// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How long things take in a ``World`` that runs on a ``SeededExecutor``: without it all is done at
/// once, and nothing comes between a read and the commit after it.
package struct Pace: Sendable {
    let clock: VirtualClock
    let executor: SeededExecutor
    private let random: SeededRandom

    init(_ clock: VirtualClock, _ executor: SeededExecutor, seed: UInt64) {
        self.clock = clock
        self.executor = executor
        random = SeededRandom(seed: seed)
    }

    /// One way of a message, in milliseconds.
    private static let wayMax = 60
    /// A read or a write, in milliseconds; one in so many waits for a disk that is busy.
    private static let diskMax = 8
    private static let busyDiskOneIn = 50
    private static let busyDiskMax = 3_000

    func way() async {
        await clock.sleep(for: .milliseconds(random.below(Pace.wayMax)))
    }

    func disk() async {
        let bound = random.isOne(in: Pace.busyDiskOneIn) ? Pace.busyDiskMax : Pace.diskMax
        await clock.sleep(for: .milliseconds(random.below(bound)))
    }

    /// A number of seconds from 0 to `bound` - 1.
    func seconds(below bound: Int) -> Duration { .seconds(random.below(bound)) }

    func isOne(in count: Int) -> Bool { random.isOne(in: count) }
}
