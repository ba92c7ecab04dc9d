// SPDX-License-Identifier: Apache-2.0

package import Kernel

// Bonus days as people type them.
extension BonusDays {
    /// `sunday=2.0`, `2026-12-01:2026-12-24=1.5`, `friday/2026-12-01:2026-12-24=3.0`.
    package init?(typed text: String) {
        let parts = text.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, let tenths = Self.tenths(parts[1]) else { return nil }
        var weekday: Weekday?
        var dates: ClosedRange<CivilDate>?
        for part in parts[0].split(separator: "/", omittingEmptySubsequences: false) {
            if let day = Weekday.allCases.first(where: { "\($0)" == part }) {
                guard weekday == nil else { return nil }
                weekday = day
            } else {
                let ends = part.split(separator: ":", omittingEmptySubsequences: false)
                guard dates == nil, ends.count == 2,
                    let first = DateWords.date(String(ends[0])),
                    let last = DateWords.date(String(ends[1])), first <= last
                else { return nil }
                dates = first...last
            }
        }
        self.init(weekday: weekday, dates: dates, tenths: tenths)
    }

    /// `2` or `2.5`, in tenths.
    private static func tenths(_ text: Substring) -> UInt16? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = UInt16(parts[0]), whole <= 1000,
            let tenth = parts.count == 2 ? UInt16(parts[1]) : 0, tenth <= 9
        else { return nil }
        return whole * 10 + tenth
    }
}
