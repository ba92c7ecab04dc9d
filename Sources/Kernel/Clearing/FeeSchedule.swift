// SPDX-License-Identifier: Apache-2.0

/// What is paid on which day: fee rules, each with the first day on which it applies. A sale pays
/// the rule of the day on which it was made, however late it is cleared, so that rules which have
/// passed are kept. Days are counted from 1970-01-01, by the clock of the scheme.
package struct FeeSchedule: Equatable, Sendable {
    package struct Entry: Equatable, Sendable {
        package let firstDay: Int64
        /// Nil where from this day on there is no rule here: what stands behind it holds.
        package let rule: FeeRule?

        package init(from firstDay: Int64, _ rule: FeeRule?) {
            self.firstDay = firstDay
            self.rule = rule
        }
    }

    /// By their first days, of which no two are the same.
    package private(set) var entries: [Entry]

    /// A change each month for ten years.
    package static let entriesMax = 120
    /// From the first day that a clock of the scheme shows to the end of 9999.
    package static let dayRange: ClosedRange<Int64> = 0...2_932_896

    /// One rule, from the beginning; without it a schedule that has none on any day.
    package init(_ rule: FeeRule? = nil) {
        entries = rule.map { [Entry(from: FeeSchedule.dayRange.lowerBound, $0)] } ?? []
    }

    /// - Returns: nil for too many entries, days out of range, or days that do not ascend.
    package init?(entries: [Entry]) {
        let days = entries.map(\.firstDay)
        guard entries.count <= FeeSchedule.entriesMax,
            days.allSatisfy(FeeSchedule.dayRange.contains),
            zip(days, days.dropFirst()).allSatisfy({ $0 < $1 })
        else { return nil }
        self.entries = entries
    }

    /// What applies on a day; nil before the first entry.
    package func entry(on day: Int64) -> Entry? { entries.last { $0.firstDay <= day } }

    /// The rule of a day; nil where there is none, and what stands behind it holds.
    package func rule(on day: Int64) -> FeeRule? { entry(on: day)?.rule }

    /// What begins or ends after a day.
    package func entries(after day: Int64) -> ArraySlice<Entry> {
        entries.drop { $0.firstDay <= day }
    }

    /// Lets a rule apply from a day to the next entry, in place of what began on that very day;
    /// with nil, none does.
    ///
    /// - Returns: false where there are ``entriesMax`` entries; then nothing has changed.
    package mutating func set(_ rule: FeeRule?, from day: Int64) -> Bool {
        precondition(FeeSchedule.dayRange.contains(day))
        let entry = Entry(from: day, rule)
        let place = entries.firstIndex { $0.firstDay >= day } ?? entries.endIndex
        if place < entries.endIndex, entries[place].firstDay == day {
            entries[place] = entry
            return true
        }
        guard entries.count < FeeSchedule.entriesMax else { return false }
        entries.insert(entry, at: place)
        return true
    }

    /// Takes out what begins or ends on a day.
    ///
    /// - Returns: false where nothing does.
    package mutating func withdraw(from day: Int64) -> Bool {
        guard let index = entries.firstIndex(where: { $0.firstDay == day }) else { return false }
        entries.remove(at: index)
        return true
    }

    /// The rules of this schedule, and those of another one on days on which it has none.
    package func fallingBack(to other: FeeSchedule) -> FeeSchedule {
        let days = Set((entries + other.entries).map(\.firstDay)).sorted()
        var merged = FeeSchedule()
        for day in days {
            let rule = rule(on: day) ?? other.rule(on: day)
            guard rule != merged.entries.last?.rule else { continue }
            merged.entries.append(Entry(from: day, rule))
        }
        return merged
    }
}
