// SPDX-License-Identifier: Apache-2.0

/// How purchases earn points in a programme, as data: so many points for so much money, rounded
/// once for each purchase, more on bonus days, pending for a while, spent until a day.
package struct EarnRule: Equatable, Sendable {
    /// Minor units of points…
    package let points: UInt64
    /// …for so much money. A purchase in another currency, or with another exponent, earns nothing.
    package let per: Money
    package let rounding: EarnRounding
    /// The highest multiplier of a day counts.
    package let bonus: [BonusDays]
    /// Days from the purchase until its points can be used.
    package let pendingDays: UInt16
    package let expiry: EarnExpiry

    package static let bonusMax = 32
    package static let pendingDaysMax: UInt16 = 366
    /// The largest purchase, in minor units of its currency.
    package static let purchaseMax: UInt64 = 1_000_000_000_000
    /// The most that one purchase, or one line of an earn file, earns, in minor units of points.
    package static let earnedMax: UInt64 = 1_000_000_000_000_000

    /// - Throws: `.empty`, `.tooManyBonusDays`, `.pendingTooLong`, `.expiryTooFar`; `.overflow`
    ///   where the largest purchase on the best of the bonus days would earn too much.
    package init(
        points: UInt64,
        per: Money,
        rounding: EarnRounding,
        bonus: [BonusDays] = [],
        pendingDays: UInt16,
        expiry: EarnExpiry
    ) throws(EarnRuleRefusal) {
        guard points > 0, per.minorUnits > 0, !per.currency.isProgramme else { throw .empty }
        guard bonus.count <= EarnRule.bonusMax else { throw .tooManyBonusDays }
        guard pendingDays <= EarnRule.pendingDaysMax else { throw .pendingTooLong }
        guard expiry.isValid else { throw .expiryTooFar }
        self.points = points
        self.per = per
        self.rounding = rounding
        self.bonus = bonus
        self.pendingDays = pendingDays
        self.expiry = expiry
        _ = try earned(EarnRule.purchaseMax, tenths: bonus.map(\.tenths).max() ?? 10)
    }

    /// What a purchase earns, in minor units of points.
    ///
    /// - Throws: `.overflow` for a purchase above ``purchaseMax`` that would earn too much.
    package func earned(by amount: Money, at moment: Instant) throws(EarnRuleRefusal) -> UInt64 {
        guard amount.isComparable(to: per) else { return 0 }
        let day = max(0, moment.day)
        let tenths = bonus.lazy.filter { $0.contains(day) }.map(\.tenths).max() ?? 10
        return try earned(amount.minorUnits, tenths: tenths)
    }

    private func earned(
        _ minorUnits: UInt64,
        tenths: UInt16
    ) throws(EarnRuleRefusal) -> UInt64 {
        // Two factors of 64 bits fit into 128; the third may not.
        let product = UInt128(minorUnits) * UInt128(points)
        let (dividend, isTooLarge) = product.multipliedReportingOverflow(by: UInt128(tenths))
        guard !isTooLarge else { throw .overflow }
        let sum = rounding.quotient(dividend, by: UInt128(per.minorUnits) * 10)
        guard sum <= UInt128(EarnRule.earnedMax) else { throw .overflow }
        return UInt64(sum)
    }

    /// When the points of a purchase at this moment can be used.
    package func matures(_ moment: Instant) -> Instant {
        min(moment.adding(.seconds(Int64(pendingDays) * 86_400)), EarnRule.lastMoment)
    }

    /// The end of 9999-12-31: messages and records know no later one.
    private static let lastMoment = Instant(milliseconds: 253_402_300_799_999)
}

/// Why a rule is none, in the order in which the reasons are looked for.
package enum EarnRuleRefusal: Error, CaseIterable, Sendable {
    /// It gives no points, for no money, or for points.
    case empty
    case tooManyBonusDays
    case pendingTooLong
    case expiryTooFar
    /// The points of one purchase could be more than ``EarnRule/earnedMax``.
    case overflow
}
