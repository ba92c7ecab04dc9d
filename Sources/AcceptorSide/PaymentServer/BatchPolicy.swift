// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// When the payment server has security cards close their batches. An empty one is never closed.
package struct BatchPolicy: Equatable, Sendable {
    /// A batch with so many sales is closed, at least 1.
    package let count: UInt32
    /// A batch is closed whose first sale is so old.
    package let age: Duration
    /// A batch is closed whose first sale is not later than this, whatever its count and age: the
    /// last end of a day, or when the operator said so.
    package let cutOff: Instant?

    package init(count: UInt32, age: Duration, cutOff: Instant? = nil) {
        precondition(count >= 1)
        self.count = count
        self.age = age
        self.cutOff = cutOff
    }

    /// Each batch with a sale is closed: by order of the operator, or at cut-off.
    package static let byOrder = BatchPolicy(count: 1, age: .zero)
    /// Once a day, or before a batch takes long to send.
    package static let daily = BatchPolicy(count: 10_000, age: .seconds(24 * 60 * 60))

    /// The same, and what was ordered.
    func with(order: Instant?) -> BatchPolicy {
        BatchPolicy(count: count, age: age, cutOff: [cutOff, order].compactMap(\.self).max())
    }

    /// Whether a batch with this first sale is due, as far as time goes.
    func isDue(since first: Instant, at now: Instant) -> Bool {
        if now >= first.adding(age) { return true }
        return cutOff.map { first <= $0 } ?? false
    }
}
