// SPDX-License-Identifier: Apache-2.0

/// When the payment server has security cards close their batches. An empty one is never closed.
package struct BatchPolicy: Equatable, Sendable {
    /// A batch with so many sales is closed, at least 1.
    package let count: UInt32
    /// A batch is closed whose first sale is so old.
    package let age: Duration

    package init(count: UInt32, age: Duration) {
        precondition(count >= 1)
        self.count = count
        self.age = age
    }

    /// Each batch with a sale is closed: by order of the operator, or at cut-off.
    package static let byOrder = BatchPolicy(count: 1, age: .zero)
    /// Once a day, or before a batch takes long to send.
    package static let daily = BatchPolicy(count: 10_000, age: .seconds(24 * 60 * 60))
}
