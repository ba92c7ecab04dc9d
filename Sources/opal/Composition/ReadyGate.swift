// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Calls `ready` when every listener listens. All of them are named before the first one starts.
final class ReadyGate: Sendable {
    private let ready: @Sendable () async -> Void
    private let waiting = Mutex(0)

    init(_ ready: @escaping @Sendable () async -> Void) {
        self.ready = ready
    }

    /// One more to wait for; call what is returned when it listens.
    func listener() -> @Sendable () async -> Void {
        waiting.withLock { $0 += 1 }
        return {
            let isLast = self.waiting.withLock { waiting in
                waiting -= 1
                return waiting == 0
            }
            if isLast { await self.ready() }
        }
    }
}
