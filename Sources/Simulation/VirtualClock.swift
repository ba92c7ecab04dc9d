// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Synchronization

/// The clock of a ``World``: it stands still until somebody moves it. A ``SeededExecutor`` moves it
/// to the next alarm when nothing else is left to do, so that hours pass in no time.
package final class VirtualClock: Sendable {
    /// Names an alarm.
    struct Alarm: Hashable {
        fileprivate let number: UInt64
    }

    private struct Waiting {
        let alarm: Alarm
        let due: Instant
        let ring: @Sendable () -> Void
    }

    private struct State {
        var now: Instant
        var waiting: [Waiting] = []
        var lastNumber: UInt64 = 0
    }

    private let state: Mutex<State>

    /// 2026-06-01 12:00 UTC.
    package static let noon = Instant(milliseconds: 1_780_315_200_000)

    package init(at start: Instant = VirtualClock.noon) {
        state = Mutex(State(now: start))
    }

    package var now: Instant { state.withLock(\.now) }

    package func advance(by duration: Duration) {
        ring { $0.adding(duration) }
    }

    /// Moves to the next alarm and rings all that are due then.
    ///
    /// - Returns: false where there is none.
    func moveToNextAlarm() -> Bool {
        guard let next = state.withLock({ $0.waiting.map(\.due).min() }) else { return false }
        ring { max($0, next) }
        return true
    }

    private func ring(_ move: (Instant) -> Instant) {
        let due = state.withLock { state in
            state.now = move(state.now)
            let now = state.now
            let due = state.waiting.filter { $0.due <= now }
            if !due.isEmpty { state.waiting.removeAll { $0.due <= now } }
            return due
        }
        for waiting in due { waiting.ring() }
    }

    /// Calls `ring` once, after a time.
    @discardableResult
    func setAlarm(after time: Duration, _ ring: @escaping @Sendable () -> Void) -> Alarm {
        state.withLock { state in
            state.lastNumber += 1
            let alarm = Alarm(number: state.lastNumber)
            state.waiting.append(
                Waiting(alarm: alarm, due: state.now.adding(time), ring: ring)
            )
            return alarm
        }
    }

    func cancel(_ alarm: Alarm) {
        state.withLock { $0.waiting.removeAll { $0.alarm == alarm } }
    }

    func sleep(for time: Duration) async {
        await withCheckedContinuation { sleeper in
            _ = setAlarm(after: time) { sleeper.resume() }
        }
    }
}
