// SPDX-License-Identifier: Apache-2.0

import Synchronization

// One at a time asks for the same.
extension FundingGateway {
    /// Waits until nobody else in this process asks for the same.
    func enter(_ name: AuthorizationName) async {
        await withCheckedContinuation { newcomer in
            let isFirst = memory.withLock { memory in
                guard memory.asking[name] != nil else {
                    memory.asking[name] = []
                    return true
                }
                memory.asking[name]?.append(newcomer)
                return false
            }
            if isFirst { newcomer.resume() }
        }
    }

    /// Lets the next one in.
    func leave(_ name: AuthorizationName) {
        let next = memory.withLock { memory -> CheckedContinuation<Void, Never>? in
            guard var waiting = memory.asking[name], !waiting.isEmpty else {
                memory.asking[name] = nil
                return nil
            }
            defer { memory.asking[name] = waiting }
            return waiting.removeFirst()
        }
        next?.resume()
    }

    /// Whether the network is being asked, so that its answer may still come.
    func isAsking(_ name: AuthorizationName) -> Bool {
        memory.withLock { $0.asking[name] != nil }
    }
}
