// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What was seen on its way.
final class Seen<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)

    var last: Value? { value.withLock { $0 } }
    func note(_ new: Value?) { value.withLock { $0 = new } }
}
