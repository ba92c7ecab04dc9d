// SPDX-License-Identifier: Apache-2.0

/// What was spent in the present day, week and month, and how often.
///
/// It moves on with the moment and never back: a clock that is set back counts on in the period
/// that was reached before, so that no period is opened twice.
package struct SpendingUsage: Equatable, Sendable {
    /// What was spent in one period.
    package struct Total: Equatable, Sendable {
        /// Which one (``SpendingPeriod/number(at:_:)``).
        package let number: Int64
        /// NT that the first debit of this period has or will have. A debit with it or a later
        /// one was counted here, and nowhere else what is put back is given back.
        package let firstTransaction: UInt32
        package fileprivate(set) var minorUnits: UInt64
        package fileprivate(set) var purchases: UInt32

        package init(
            number: Int64,
            firstTransaction: UInt32,
            minorUnits: UInt64 = 0,
            purchases: UInt32 = 0
        ) {
            self.number = number
            self.firstTransaction = firstTransaction
            self.minorUnits = minorUnits
            self.purchases = purchases
        }
    }

    package private(set) var day: Total
    package private(set) var week: Total
    package private(set) var month: Total

    package init(day: Total, week: Total, month: Total) {
        self.day = day
        self.week = week
        self.month = month
    }

    /// Nothing was spent yet; `nextTransaction` is the NT of the first debit that will be counted.
    package init(at moment: Instant, _ offset: LocalOffset, nextTransaction: UInt32) {
        func total(_ period: SpendingPeriod) -> Total {
            Total(number: period.number(at: moment, offset), firstTransaction: nextTransaction)
        }
        self.init(day: total(.day), week: total(.week), month: total(.month))
    }

    package private(set) subscript(period: SpendingPeriod) -> Total {
        get {
            switch period {
            case .day: day
            case .week: week
            case .month: month
            }
        }
        set {
            switch period {
            case .day: day = newValue
            case .week: week = newValue
            case .month: month = newValue
            }
        }
    }

    /// What was spent in the period that is the present one at a moment: nothing where that is a
    /// later one than was seen before.
    package func total(
        of period: SpendingPeriod,
        at moment: Instant,
        _ offset: LocalOffset
    ) -> Total {
        let number = period.number(at: moment, offset)
        let last = self[period]
        return number > last.number ? Total(number: number, firstTransaction: .max) : last
    }

    /// Counts a debit.
    ///
    /// `transaction`: its NT.
    package mutating func add(
        _ minorUnits: UInt64,
        transaction: UInt32,
        at moment: Instant,
        _ offset: LocalOffset
    ) {
        for period in SpendingPeriod.allCases {
            var total = self[period]
            let number = period.number(at: moment, offset)
            if number > total.number {
                total = Total(number: number, firstTransaction: transaction)
            }
            let (sum, isTooLarge) = total.minorUnits.addingReportingOverflow(minorUnits)
            total.minorUnits = isTooLarge ? .max : sum
            total.purchases += total.purchases == .max ? 0 : 1
            self[period] = total
        }
    }

    /// Takes back a debit whose value was put back (RECOVER VALUE): in each period in which it was
    /// counted and that no later one has followed.
    package mutating func giveBack(_ minorUnits: UInt64, transaction: UInt32) {
        for period in SpendingPeriod.allCases
        where transaction >= self[period].firstTransaction {
            self[period].minorUnits -= min(minorUnits, self[period].minorUnits)
            self[period].purchases -= self[period].purchases == 0 ? 0 : 1
        }
    }
}
