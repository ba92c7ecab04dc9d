// SPDX-License-Identifier: Apache-2.0

/// How far a clock on the wall is ahead of UTC, in minutes. It is fixed: nothing here knows when
/// summer time begins.
package struct LocalOffset: Hashable, Sendable {
    /// From UTC−12 to UTC+14.
    package static let range = -720...840
    package static let utc = LocalOffset(known: 0)

    package let minutes: Int

    /// - Returns: nil outside of ``range``.
    package init?(minutes: Int) {
        guard LocalOffset.range.contains(minutes) else { return nil }
        self.minutes = minutes
    }

    private init(known minutes: Int) {
        self.minutes = minutes
    }

    /// Milliseconds that this clock shows since 1970-01-01 00:00. What lies before, or behind the
    /// year 9999, is taken for the first or the last of them, so that every moment has a period.
    private func reading(at moment: Instant) -> Int64 {
        let shift = Int64(minutes) * 60_000
        let most = LocalOffset.readingMax
        // Before the sum, which cannot overflow then.
        let clamped = min(max(moment.milliseconds, -most), most)
        return min(max(clamped + shift, 0), most)
    }

    /// The end of 9999-12-31.
    private static let readingMax: Int64 = 253_402_300_799_999

    /// Days since 1970-01-01 by this clock.
    package func day(of moment: Instant) -> Int64 { reading(at: moment) / 86_400_000 }

    /// The hour of the day by this clock, 0 to 23.
    package func hour(of moment: Instant) -> Int {
        Int(reading(at: moment) % 86_400_000 / 3_600_000)
    }

    /// The moment at which this clock shows the full hour of a day.
    package func moment(ofDay day: Int64, hour: Int = 0) -> Instant {
        Instant(
            milliseconds: day * 86_400_000 + Int64(hour) * 3_600_000 - Int64(minutes) * 60_000
        )
    }

    /// The moment at which the next week begins by this clock.
    package func weekEnd(of moment: Instant) -> Instant {
        let day = day(of: moment)
        return self.moment(ofDay: day + Int64(7 - Weekday(day: day).rawValue))
    }
}

/// A day of the week; weeks begin on Monday (ISO 8601).
package enum Weekday: Int, CaseIterable, Sendable {
    case monday, tuesday, wednesday, thursday, friday, saturday, sunday

    /// - Parameter day: days since 1970-01-01, which was a Thursday; not before.
    package init(day: Int64) {
        precondition(day >= 0)
        self = Weekday.allCases[Int((day + 3) % 7)]
    }
}
