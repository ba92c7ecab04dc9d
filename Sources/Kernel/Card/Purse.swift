// SPDX-License-Identifier: Apache-2.0

/// One purse of a card: value in one currency at one exponent. The purse of a programme knows of
/// its points when they expire; their sum is its balance.
package struct Purse: Equatable, Sendable {
    package let currency: Currency
    package let exponent: Exponent
    package private(set) var balance: UInt64
    /// BALMAX: no load may take the balance above it.
    package let balanceMax: UInt64
    /// The points of a programme by the day on which they expire; empty in a purse of money.
    package private(set) var points: PointsTranches

    /// `balance`: of points, what does not expire.
    package init(currency: Currency, exponent: Exponent, balance: UInt64, balanceMax: UInt64) {
        self.currency = currency
        self.exponent = exponent
        self.balance = balance
        self.balanceMax = balanceMax
        points = PointsTranches()
        if currency.isProgramme { points.put(balance, until: PointsTranche.never) }
    }

    /// The purse of a programme.
    package init(
        currency: Currency,
        exponent: Exponent,
        points: PointsTranches,
        balanceMax: UInt64
    ) {
        precondition(currency.isProgramme)
        self.currency = currency
        self.exponent = exponent
        balance = points.total
        self.balanceMax = balanceMax
        self.points = points
    }

    /// Takes value out, of points those that expire first. The caller has asked
    /// ``Card/completion(ofDebit:at:)`` before.
    ///
    /// - Returns: which points were taken; none for money.
    @discardableResult
    package mutating func take(_ amount: UInt64) -> [PointsTranche] {
        let (rest, isOverdrawn) = balance.subtractingReportingOverflow(amount)
        precondition(!isOverdrawn, "A purse is never overdrawn.")
        balance = rest
        return currency.isProgramme ? points.take(amount) : []
    }

    /// Puts loaded value in. The caller has asked ``Card/completion(ofLoad:from:at:now:)`` before.
    ///
    /// `expiry`: the last day of points; money has none.
    package mutating func put(_ amount: UInt64, until expiry: CardDate = PointsTranche.never) {
        let (sum, isTooLarge) = balance.addingReportingOverflow(amount)
        precondition(!isTooLarge && sum <= balanceMax, "A load stays within the maximum balance.")
        balance = sum
        guard currency.isProgramme, amount > 0 else { return }
        precondition(points.hasRoom(for: expiry), "A load finds a place for its day.")
        points.put(amount, until: expiry)
    }

    /// Puts back what a debit took. It may exceed the maximum if the card was loaded in between:
    /// recovered value is never refused.
    ///
    /// `taken`: which points they were; their sum is the amount.
    package mutating func restore(_ amount: UInt64, _ taken: [PointsTranche], at moment: Instant) {
        let (sum, isTooLarge) = balance.addingReportingOverflow(amount)
        precondition(!isTooLarge, "What comes back was taken before.")
        balance = sum
        guard currency.isProgramme else { return }
        points.restore(taken, at: moment)
        precondition(points.total == balance, "The points that come back were taken before.")
    }

    /// Whether it holds points that have expired.
    package func isDue(at time: CardTime) -> Bool { points.isDue(at: time) }

    /// Takes out the points that have expired.
    ///
    /// - Returns: how many those were.
    package mutating func expire(at time: CardTime) -> UInt64 {
        let expired = points.expire(at: time)
        balance = points.total
        return expired
    }
}
