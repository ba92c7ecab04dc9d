// SPDX-License-Identifier: Apache-2.0

/// DEXP: the last valid day of a card, BCD YYMMDD (3 bytes), UTC, in the years 2000 to 2099.
package struct CardDate: Hashable, Sendable {
    /// Six digits in the low 24 bits.
    package let bcd: UInt32

    /// - Returns: nil where it is not a day of the calendar.
    package init?(bcd: UInt32) {
        guard bcd <= 0x99_9999, BCD.isDecimal(UInt64(bcd)) else { return nil }
        self.bcd = bcd
        if civil == nil { return nil }
    }

    package init(_ date: CivilDate) {
        precondition((2000...2099).contains(date.year))
        bcd = UInt32(
            BCD.pack(UInt64((date.year - 2000) * 10_000 + date.month * 100 + date.dayOfMonth))
        )
    }

    private var civil: CivilDate? {
        let value = Int(BCD.value(UInt64(bcd)))
        return CivilDate(
            year: 2000 + value / 10_000,
            month: value / 100 % 100,
            dayOfMonth: value % 100
        )
    }

    /// The day of the calendar.
    package var civilDate: CivilDate {
        guard let civil else { preconditionFailure("A card date is a day of the calendar.") }
        return civil
    }

    /// Whether the card may no longer be used at this time.
    package func isPast(at time: CardTime) -> Bool {
        UInt64(0x20) << 24 | UInt64(bcd) < time.bcd >> 24
    }

    /// `MM/YY`, as on the front of a card.
    package var monthAndYear: String {
        let digits = BCD.digits(UInt64(bcd), count: 6)
        return "\(digits.dropFirst(2).prefix(2))/\(digits.prefix(2))"
    }
}

/// DTHR: date and time, BCD YYYYMMDDhhmmss (7 bytes), UTC.
package struct CardTime: Hashable, Sendable {
    /// Fourteen digits in the low 56 bits.
    package let bcd: UInt64

    /// - Returns: nil where it is not a second of the calendar.
    package init?(bcd: UInt64) {
        guard bcd <= 0x99_9999_9999_9999, BCD.isDecimal(bcd) else { return nil }
        let value = BCD.value(bcd)
        let date = Int(value / 1_000_000)
        let time = Int(value % 1_000_000)
        guard
            CivilDate(year: date / 10_000, month: date / 100 % 100, dayOfMonth: date % 100) != nil,
            time / 10_000 < 24, time / 100 % 100 < 60, time % 100 < 60
        else { return nil }
        self.bcd = bcd
    }

    package init(_ instant: Instant) {
        let date = CivilDate(day: instant.day)
        precondition((1...9999).contains(date.year))
        let second = (instant.milliseconds - instant.day * 86_400_000) / 1000
        let days = Int64(date.year) * 10_000 + Int64(date.month * 100 + date.dayOfMonth)
        let time = second / 3600 * 10_000 + second / 60 % 60 * 100 + second % 60
        bcd = BCD.pack(UInt64(days * 1_000_000 + time))
    }

    /// The moment of this second.
    package var instant: Instant {
        let value = BCD.value(bcd)
        let date = Int(value / 1_000_000)
        let time = Int64(value % 1_000_000)
        guard
            let civil = CivilDate(
                year: date / 10_000,
                month: date / 100 % 100,
                dayOfMonth: date % 100
            )
        else { preconditionFailure("A card time is a second of the calendar.") }
        let seconds = time / 10_000 * 3600 + time / 100 % 100 * 60 + time % 100
        return Instant(milliseconds: civil.day * 86_400_000 + seconds * 1000)
    }
}
