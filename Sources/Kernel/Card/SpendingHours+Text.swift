// SPDX-License-Identifier: Apache-2.0

// Hours of the week in words that people and programs write: `mon-fri 7-20, sat 9-12`.
extension SpendingHours {
    /// `always`, `never`, or days and full hours: `mon-fri 7-20, sat 9-12` is from 7:00 to 20:00
    /// on five days and from 9:00 to 12:00 on one.
    ///
    /// - Returns: nil where it is none of these, or has more than ``partsMax`` parts.
    package init?(_ text: String) {
        switch text {
        case "always": self = .always
        case "never": self = .never
        default:
            let parts = text.split(separator: ",", omittingEmptySubsequences: false)
            guard parts.count <= SpendingHours.partsMax else { return nil }
            self = .never
            for part in parts {
                let words = part.split(separator: " ")
                guard words.count == 2, let days = SpendingHours.days(words[0]),
                    let hours = SpendingHours.hours(words[1])
                else { return nil }
                for day in days { insert(day, hours: hours) }
            }
        }
    }

    /// Every second hour of each day.
    private static let partsMax = 7 * 12

    /// The shortest text that says these hours, day by day.
    package var text: String {
        if self == .always { return "always" }
        if self == .never { return "never" }
        var parts: [String] = []
        var first = 0
        while first < days.count {
            let bits = self.days[first]
            let last = self.days[first...].prefix { $0 == bits }.endIndex - 1
            let name = Weekday.allCases[first].word
            let days = first == last ? name : "\(name)-\(Weekday.allCases[last].word)"
            parts += SpendingHours.ranges(bits).map { "\(days) \($0.lowerBound)-\($0.upperBound)" }
            first = last + 1
        }
        return parts.joined(separator: ", ")
    }

    private static func ranges(_ bits: UInt32) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        for hour in 0..<24 where bits >> UInt32(hour) & 1 == 1 {
            if let last = ranges.last, last.upperBound == hour {
                ranges[ranges.count - 1] = last.lowerBound..<hour + 1
            } else {
                ranges.append(hour..<hour + 1)
            }
        }
        return ranges
    }

    private static func days(_ text: Substring) -> ArraySlice<Weekday>? {
        let names = text.split(separator: "-", omittingEmptySubsequences: false)
        let found = names.compactMap { name in Weekday.allCases.firstIndex { $0.word == name } }
        guard (1...2).contains(names.count), found.count == names.count,
            let first = found.first, let last = found.last, first <= last
        else { return nil }
        return Weekday.allCases[first...last]
    }

    private static func hours(_ text: Substring) -> Range<Int>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let from = hour(ends[0]), let to = hour(ends[1]), from < to else {
            return nil
        }
        return from..<to
    }

    /// 0 to 24, in one or two digits.
    private static func hour(_ text: Substring) -> Int? {
        guard (1...2).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let hour = Int(text), hour <= 24
        else { return nil }
        return hour
    }
}

extension Weekday {
    /// Three letters of its English name.
    package var word: String {
        switch self {
        case .monday: "mon"
        case .tuesday: "tue"
        case .wednesday: "wed"
        case .thursday: "thu"
        case .friday: "fri"
        case .saturday: "sat"
        case .sunday: "sun"
        }
    }
}
