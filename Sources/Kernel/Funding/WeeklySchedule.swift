// SPDX-License-Identifier: Apache-2.0

/// A moment of each week: a full hour of one of its days, by a clock on the wall.
package struct WeeklySchedule: Hashable, Sendable {
    package let weekday: Weekday
    /// 0 to 23.
    package let hour: Int
    package let offset: LocalOffset

    /// - Returns: nil for an hour that a day lacks.
    package init?(weekday: Weekday, hour: Int, offset: LocalOffset) {
        guard (0...23).contains(hour) else { return nil }
        self.weekday = weekday
        self.hour = hour
        self.offset = offset
    }

    /// The last such moment that does not lie ahead.
    package func latest(at now: Instant) -> Instant {
        let day = offset.day(of: now)
        let daysBehind = (Weekday(day: day).rawValue - weekday.rawValue + 7) % 7
        let moment = offset.moment(ofDay: day - Int64(daysBehind), hour: hour)
        return moment <= now ? moment : moment.subtracting(WeeklySchedule.week)
    }

    /// The first such moment that lies ahead.
    package func next(after now: Instant) -> Instant {
        latest(at: now).adding(WeeklySchedule.week)
    }

    private static let week = Duration.seconds(7 * 86_400)
}
