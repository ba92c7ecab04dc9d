// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Synchronization

/// Terminal interface 230: the pool of terminals. A terminal serves one sale at a time, from the
/// draw request until the card's answer was compared (FIG. 5).
package final class TerminalInterface: Sendable {
    private struct Pool {
        /// Free terminals, the one that was free longest last.
        var free: [Terminal]
        var leased: Set<SecurityCardIdentifier> = []
        /// Terminals that a drawn sale waits for: no new sale gets them before.
        var wanted: Set<SecurityCardIdentifier> = []
    }

    package let terminals: [Terminal]
    /// Terminals that were taken out of service: they end the sales that they began, and begin
    /// none.
    private let retired: Set<SecurityCardIdentifier>
    private let pool: Mutex<Pool>

    package init(_ terminals: [Terminal], retired: [Terminal] = []) {
        let all = terminals + retired
        precondition(Set(all.map(\.identifier)).count == all.count)
        self.terminals = all
        self.retired = Set(retired.map(\.identifier))
        pool = Mutex(Pool(free: all.reversed()))
    }

    /// A free terminal, or nil where all are busy.
    package func lease() -> Terminal? {
        pool.withLock { pool in
            let index = pool.free.lastIndex {
                !retired.contains($0.identifier) && !pool.wanted.contains($0.identifier)
            }
            guard let index else { return nil }
            let terminal = pool.free.remove(at: index)
            pool.leased.insert(terminal.identifier)
            return terminal
        }
    }

    /// The terminal with this security card, for a sale that it drew; nil where it is busy or not
    /// here. A busy one is kept for the next who asks for it.
    package func lease(_ identifier: SecurityCardIdentifier) -> Terminal? {
        pool.withLock { pool in
            guard let index = pool.free.firstIndex(where: { $0.identifier == identifier }) else {
                if pool.leased.contains(identifier) { pool.wanted.insert(identifier) }
                return nil
            }
            pool.wanted.remove(identifier)
            let terminal = pool.free.remove(at: index)
            pool.leased.insert(identifier)
            return terminal
        }
    }

    package func release(_ terminal: Terminal) {
        pool.withLock { pool in
            if pool.leased.remove(terminal.identifier) != nil {
                pool.free.insert(terminal, at: 0)
            }
        }
    }

    /// The terminals that serve a sale now.
    package var leased: Set<SecurityCardIdentifier> { pool.withLock(\.leased) }
}
