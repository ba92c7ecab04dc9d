// SPDX-License-Identifier: Apache-2.0

/// A standing top-up: when the balance is below X, load Y, at most Z in a calendar month. All in
/// minor units of one purse.
package struct TopUpRule: Hashable, Sendable {
    /// X.
    package let threshold: UInt64
    /// Y.
    package let amount: Money
    /// Z.
    package let monthMax: UInt64
    /// By whose clock months begin.
    package let offset: LocalOffset

    /// - Returns: nil unless 0 < X, 0 < Y ≤ Z.
    package init?(threshold: UInt64, amount: Money, monthMax: UInt64, offset: LocalOffset) {
        guard threshold > 0, amount.minorUnits > 0, amount.minorUnits <= monthMax else {
            return nil
        }
        self.threshold = threshold
        self.amount = amount
        self.monthMax = monthMax
        self.offset = offset
    }

    /// Whether value is to be loaded now.
    ///
    /// - Parameters:
    ///   - balance: of the purse.
    ///   - loaded: what this rule has loaded in the present month.
    /// - Returns: true where the amount is to be loaded.
    package func isDue(balance: UInt64, loadedThisMonth loaded: UInt64) -> Bool {
        let (sum, isTooLarge) = loaded.addingReportingOverflow(amount.minorUnits)
        return balance < threshold && !isTooLarge && sum <= monthMax
    }

    /// Whether a purse can hold what is loaded, whenever the rule applies.
    package func fits(balanceMax: UInt64) -> Bool {
        // The balance is at most one less than X then.
        let (sum, isTooLarge) = (threshold - 1).addingReportingOverflow(amount.minorUnits)
        return !isTooLarge && sum <= balanceMax
    }

    /// The calendar month of a moment, counted from the year 0.
    package func month(of moment: Instant) -> UInt32 {
        let date = CivilDate(day: offset.day(of: moment))
        return UInt32(date.year * 12 + date.month - 1)
    }
}
