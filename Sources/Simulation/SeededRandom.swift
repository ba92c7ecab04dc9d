// SPDX-License-Identifier: Apache-2.0

import Kernel
import Synchronization

/// A source of randomness that gives the same for the same seed, for all parties of a ``World``.
package final class SeededRandom: RandomSource {
    private let generator: Mutex<SplitMix64>

    package init(seed: UInt64) {
        generator = Mutex(SplitMix64(seed: seed))
    }

    package func bytes(_ count: Int) -> [UInt8] {
        generator.withLock { generator in
            (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        }
    }

    /// A number from 0 to `bound` - 1.
    package func below(_ bound: Int) -> Int {
        generator.withLock { $0.below(bound) }
    }

    /// True once in `count` times, on average.
    package func isOne(in count: Int) -> Bool { below(count) == 0 }

    /// A seed for a generator of its own, so that what it decides does not depend on how often
    /// others ask.
    package func seed() -> UInt64 {
        generator.withLock { $0.next() }
    }
}
