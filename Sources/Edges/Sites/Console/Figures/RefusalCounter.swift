// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Counts refusals, which leave no record, by the words of their reasons.
package final class RefusalCounter: Sendable {
    private let counts = Mutex<[String: UInt64]>([:])

    /// Different words; there are fewer refusals.
    private static let wordsMax = 200

    package init() {}

    package func note(_ word: String) {
        counts.withLock { counts in
            guard counts[word] != nil || counts.count < Self.wordsMax else { return }
            counts[word, default: 0] &+= 1
        }
    }

    /// What was counted since it was taken last.
    func take() -> [String: UInt64] {
        counts.withLock { counts in
            let taken = counts
            counts = [:]
            return taken
        }
    }

    /// It could not be kept.
    func putBack(_ taken: [String: UInt64]) {
        counts.withLock { $0.merge(taken) { $0 &+ $1 } }
    }
}
