// SPDX-License-Identifier: Apache-2.0

import Kernel
import Synchronization

/// How long this process has known the orders that are open, by intervals of a clock that only goes
/// forward. The wall clock has no say: giving an order up too early would contradict a sale, giving
/// it up later costs nothing. So an order that is older than the process begins anew.
final class OrderAges: Sendable {
    private let waits = Mutex(Waits<TransactionIdentifier>())
    private let uptime: (@Sendable () -> Uptime)?

    /// `uptime`: nil where nobody sets the wall clock.
    init(_ uptime: (@Sendable () -> Uptime)?) {
        self.uptime = uptime
    }

    /// How long an order is known; it is from now on.
    func age(of transaction: TransactionIdentifier, now: Instant) -> Duration {
        let uptime = uptime?() ?? Uptime(now)
        return waits.withLock {
            $0.age(of: transaction, begunAt: now, now: now, uptime: uptime)
        }
    }

    /// An order has ended.
    func forget(_ transaction: TransactionIdentifier) {
        waits.withLock { $0.forget(transaction) }
    }

    /// A round has seen all that are open.
    func keep(only transactions: Set<TransactionIdentifier>) {
        waits.withLock { $0.keep(only: transactions) }
    }
}
