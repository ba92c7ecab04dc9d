// SPDX-License-Identifier: Apache-2.0

import Kernel
import Synchronization

/// Counts what somebody does within a window of time, for instance orders by address. It is kept
/// in memory, because a restart that forgets it harms nobody.
final class RateLimit: Sendable {
    private struct Window {
        let end: Instant
        var count: Int
    }

    private let countMax: Int
    private let window: Duration
    private let namesMax: Int
    private let windows = Mutex<[String: Window]>([:])

    /// The count of all names for which there is no room.
    private static let others = ""

    /// - Parameters:
    ///   - countMax: acts within one window.
    ///   - window: how long a window is; it begins with the first act.
    ///   - namesMax: names that are counted apart; all others share one count.
    init(countMax: Int, window: Duration, namesMax: Int) {
        self.countMax = countMax
        self.window = window
        self.namesMax = namesMax
    }

    /// Counts one act before it is done.
    ///
    /// - Returns: nil where it may be done, else when there may be another one; then nothing was
    ///   counted.
    func admit(_ name: String, at now: Instant) -> Instant? {
        windows.withLock { windows in
            if windows[name] == nil, windows.count >= namesMax {
                windows = windows.filter { now < $0.value.end }
            }
            let isKnown = windows[name] != nil || windows.count < namesMax
            let key = isKnown ? name : RateLimit.others
            var current = windows[key] ?? Window(end: now.adding(window), count: 0)
            if current.end <= now { current = Window(end: now.adding(window), count: 0) }
            guard current.count < countMax else { return current.end }
            current.count += 1
            windows[key] = current
            return nil
        }
    }

    /// Takes one act back, where it turned out not to count.
    func takeBack(_ name: String) {
        windows.withLock { windows in
            guard var current = windows[name] else { return }
            current.count -= 1
            windows[name] = current.count > 0 ? current : nil
        }
    }
}
