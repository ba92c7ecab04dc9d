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
    }

    package let terminals: [Terminal]
    private let pool: Mutex<Pool>

    package init(_ terminals: [Terminal]) {
        precondition(Set(terminals.map(\.identifier)).count == terminals.count)
        self.terminals = terminals
        pool = Mutex(Pool(free: terminals.reversed()))
    }

    /// A free terminal, or nil where all are busy.
    package func lease() -> Terminal? {
        pool.withLock { pool in
            guard let terminal = pool.free.popLast() else { return nil }
            pool.leased.insert(terminal.identifier)
            return terminal
        }
    }

    /// The terminal with this security card, or nil where it is busy or not here.
    package func lease(_ identifier: SecurityCardIdentifier) -> Terminal? {
        pool.withLock { pool in
            guard let index = pool.free.firstIndex(where: { $0.identifier == identifier }) else {
                return nil
            }
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
