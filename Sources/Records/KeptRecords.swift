// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What a rule of retention is about: how much there is, and how much of it is over.
package struct KeptRecords: Equatable, Sendable {
    package private(set) var count = 0
    /// Of those, the ones whose time is over.
    package private(set) var due = 0
    /// When the first one was made.
    package private(set) var oldest: Instant?

    package init() {}

    /// Counts one.
    package mutating func add(_ madeAt: Instant, isDue: Bool) {
        count += 1
        due += isDue ? 1 : 0
        oldest = min(oldest ?? madeAt, madeAt)
    }
}
