// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Synchronization

/// The clock of a ``World``: it stands still until somebody moves it.
package final class VirtualClock: Sendable {
    private let instant: Mutex<Instant>

    /// 2026-06-01 12:00 UTC.
    package static let noon = Instant(milliseconds: 1_780_315_200_000)

    package init(at start: Instant = VirtualClock.noon) {
        instant = Mutex(start)
    }

    package var now: Instant { instant.withLock { $0 } }

    package func advance(by duration: Duration) {
        instant.withLock { $0 = $0.adding(duration) }
    }
}
