// SPDX-License-Identifier: Apache-2.0

/// A moment of a clock that only goes forward, whatever is done to the wall clock: microseconds
/// since a start that one process has for itself. It is a parameter like ``Instant``, and is never
/// stored: after a restart it says nothing.
package struct Uptime: Hashable, Comparable, Sendable {
    package let microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// For who has one clock only, that nobody sets: a virtual one.
    package init(_ instant: Instant) {
        microseconds = instant.milliseconds * 1000
    }

    package static func < (left: Uptime, right: Uptime) -> Bool {
        left.microseconds < right.microseconds
    }

    /// How long ago a moment was.
    package func since(_ earlier: Uptime) -> Duration {
        .microseconds(microseconds - earlier.microseconds)
    }

    package func adding(_ duration: Duration) -> Uptime {
        Uptime(microseconds: microseconds + duration.milliseconds * 1000)
    }

    /// The moment that was this long ago; of a time that lies ahead, this moment.
    package func before(_ duration: Duration) -> Uptime {
        Uptime(microseconds: microseconds - max(duration.milliseconds, 0) * 1000)
    }
}

extension Instant {
    /// How long ago a moment was, by this clock; negative where it lies ahead.
    package func since(_ earlier: Instant) -> Duration {
        .milliseconds(milliseconds - earlier.milliseconds)
    }
}

/// How long each of several things has waited, by intervals of a clock that only goes forward.
///
/// The wall clock is asked once for each, when it is first seen: it may have been begun before a
/// restart. From then on nobody makes the wait longer or shorter by setting that clock.
package struct Waits<Key: Hashable & Sendable>: Sendable {
    private var begun: [Key: Uptime] = [:]

    package init() {}

    /// How long something has waited.
    ///
    /// - Parameters:
    ///   - key: what waits.
    ///   - begunAt: when that was begun, by the wall clock.
    ///   - now: the wall clock.
    ///   - uptime: the same moment by the clock that only goes forward.
    /// - Returns: the time waited.
    package mutating func age(
        of key: Key,
        begunAt: Instant,
        now: Instant,
        uptime: Uptime
    ) -> Duration {
        let start = begun[key] ?? uptime.before(now.since(begunAt))
        begun[key] = start
        return uptime.since(start)
    }

    /// Whether something was seen before.
    package func knows(_ key: Key) -> Bool { begun[key] != nil }

    package mutating func forget(_ key: Key) { begun[key] = nil }

    /// Forgets what waits no longer.
    package mutating func keep(only keys: Set<Key>) {
        begun = begun.filter { keys.contains($0.key) }
    }
}
