// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Something that happens the first time and never again.
final class OneTime: Sendable {
    private let deed: @Sendable () async -> Void
    private let isDone = Mutex(false)

    init(_ deed: @escaping @Sendable () async -> Void) {
        self.deed = deed
    }

    func happen() async {
        let isFirst = isDone.withLock { isDone in
            defer { isDone = true }
            return !isDone
        }
        if isFirst { await deed() }
    }
}
