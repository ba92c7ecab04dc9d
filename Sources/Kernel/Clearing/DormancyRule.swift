// SPDX-License-Identifier: Apache-2.0

/// What an issuer does with value that nobody uses, as data: law and contract differ by country.
package struct DormancyRule: Equatable, Sendable {
    package enum Consequence: UInt8, CaseIterable, Sendable {
        /// The float report shows it; the card keeps it.
        case reported = 0
        /// It is due to be moved to the issuer's account of expired value.
        case moved = 1
    }

    /// Whole calendar months without a movement, after which value is dormant.
    package let months: Int
    /// Whole calendar months, behind DEXP and behind the last movement, in which a card can be
    /// renewed before its value is due.
    package let monthsExpired: Int
    package let dormant: Consequence
    /// Of value on a card that has expired, dormant or not.
    package let expired: Consequence

    package static let monthsRange = 1...600
    package static let monthsExpiredRange = 0...600
    /// Where an issuer says nothing else.
    package static let monthsExpiredStandard = 12
    /// Where an issuer has none of its own.
    package static let standard = DormancyRule(
        known: 24,
        monthsExpiredStandard,
        .reported,
        .reported
    )

    private init(
        known months: Int,
        _ monthsExpired: Int,
        _ dormant: Consequence,
        _ expired: Consequence
    ) {
        self.months = months
        self.monthsExpired = monthsExpired
        self.dormant = dormant
        self.expired = expired
    }

    /// - Returns: nil for months outside of ``monthsRange`` or ``monthsExpiredRange``.
    package init?(
        months: Int,
        monthsExpired: Int = monthsExpiredStandard,
        dormant: Consequence,
        expired: Consequence
    ) {
        guard DormancyRule.monthsRange.contains(months),
            DormancyRule.monthsExpiredRange.contains(monthsExpired)
        else { return nil }
        self.init(known: months, monthsExpired, dormant, expired)
    }

    /// Why value on a card is not used, whatever becomes of it.
    ///
    /// - Parameters:
    ///   - expiry: DEXP of the card.
    ///   - lastUse: its last load, debit, recovery or move; nil where there was none.
    ///   - moment: now.
    /// - Returns: nil where it is neither dormant nor expired.
    package func state(
        onCardExpiring expiry: CardDate,
        lastUsed lastUse: Instant?,
        at moment: Instant
    ) -> SweepReason? {
        if expiry.isPast(at: CardTime(moment)) { return .expired }
        let isDormant = lastUse.map { Self.months(from: $0, to: moment) >= months } ?? false
        return isDormant ? .dormant : nil
    }

    /// Why value is due to be moved. Parameters as of ``state(onCardExpiring:lastUsed:at:)``.
    ///
    /// - Returns: nil where nothing is due, or it is reported only.
    package func due(
        onCardExpiring expiry: CardDate,
        lastUsed lastUse: Instant?,
        at moment: Instant
    ) -> SweepReason? {
        switch state(onCardExpiring: expiry, lastUsed: lastUse, at: moment) {
        case .dormant: return dormant == .moved ? .dormant : nil
        case .expired:
            // What came back onto an expired card has its time, too.
            let end = Instant(milliseconds: expiry.civilDate.day * 86_400_000)
            let months = Self.months(from: max(end, lastUse ?? end), to: moment)
            return expired == .moved && months >= monthsExpired ? .expired : nil
        case nil: return nil
        }
    }

    /// Whole calendar months from one moment to a later one; 0 where it is not later.
    package static func months(from earlier: Instant, to later: Instant) -> Int {
        let (one, two) = (CivilDate(day: earlier.day), CivilDate(day: later.day))
        let months = (two.year - one.year) * 12 + two.month - one.month
        // The 31st is over on the last day of a shorter month.
        let lastDay = CivilDate.lastDay(of: two.month, in: two.year)
        let isShort = two.dayOfMonth < min(one.dayOfMonth, lastDay)
        return max(0, isShort ? months - 1 : months)
    }
}
