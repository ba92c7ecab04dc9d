// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Tells each alarm once, as long as the process runs.
package final class BatchAlarms: Sendable {
    private let receiver: @Sendable (BatchAlarm) -> Void
    private let told = Mutex<Set<BatchAlarm>>([])

    /// Alarms that are remembered; behind that all may come once more.
    private static let toldMax = 10_000

    package init(_ receiver: @escaping @Sendable (BatchAlarm) -> Void) {
        self.receiver = receiver
    }

    package func tell(_ alarm: BatchAlarm) {
        let isNew = told.withLock { told in
            if told.count >= BatchAlarms.toldMax { told = [] }
            return told.insert(alarm).inserted
        }
        if isNew { receiver(alarm) }
    }
}
