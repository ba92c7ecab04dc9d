// SPDX-License-Identifier: Apache-2.0

import Kernel

/// The clock by which days and hours are meant, as a person chooses it.
enum ClockChoice {
    /// Full hours, and the half and quarter ones that are in use somewhere.
    private static let minutes: [Int] =
        (Array(stride(from: -720, through: 840, by: 60))
        + [-570, -210, 210, 270, 330, 345, 390, 525, 570, 630, 765]).sorted()

    /// `Option`s of the templates.
    static func options(selected: String) -> [[String: Any]] {
        var all = minutes
        if let own = Int(selected), LocalOffset(minutes: own) != nil, !all.contains(own) {
            all = (all + [own]).sorted()
        }
        return all.map { minutes in
            EntryProblems.option(String(minutes), text(minutes), selected)
        }
    }

    static func offset(_ typed: String) -> LocalOffset? {
        Int(typed).flatMap { LocalOffset(minutes: $0) }
    }

    static func text(_ offset: LocalOffset) -> String { text(offset.minutes) }

    /// `UTC`, `UTC+02:00`, `UTC−03:30`.
    private static func text(_ minutes: Int) -> String {
        guard minutes != 0 else { return "UTC" }
        let (sign, size) = (minutes < 0 ? "−" : "+", abs(minutes))
        return "UTC\(sign)\(DateWords.two(size / 60)):\(DateWords.two(size % 60))"
    }
}

extension Weekday {
    /// Its English name.
    var name: String {
        switch self {
        case .monday: "Monday"
        case .tuesday: "Tuesday"
        case .wednesday: "Wednesday"
        case .thursday: "Thursday"
        case .friday: "Friday"
        case .saturday: "Saturday"
        case .sunday: "Sunday"
        }
    }
}
