// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Wire

/// An echo that knows how many requests it had at once at most.
final class Counter: LinkService {
    private let state = Mutex((now: 0, most: 0))

    var most: Int { state.withLock { $0.most } }

    func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        state.withLock { state in
            state.now += 1
            state.most = max(state.most, state.now)
        }
        await Task.yield()
        try? await Task.sleep(for: .milliseconds(1))
        state.withLock { $0.now -= 1 }
        return request
    }
}
