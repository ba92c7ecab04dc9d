// SPDX-License-Identifier: Apache-2.0

/// One entry of double-entry book-keeping: what it takes from accounts it gives to others, in one
/// currency.
package struct LedgerEntry: Equatable, Sendable {
    package struct Leg: Equatable, Sendable {
        package let account: LedgerAccount
        /// Positive where the account is owed more afterwards.
        package let amount: ExactAmount

        package init(_ account: LedgerAccount, _ amount: ExactAmount) {
            self.account = account
            self.amount = amount
        }
    }

    /// Each account once; none of nothing.
    package let legs: [Leg]

    /// Nil where the legs do not balance to zero, are in several currencies, or a sum is too large;
    /// also where nothing is left.
    ///
    /// - Parameter legs: those of one account are added up.
    package init?(_ legs: [Leg]) {
        var sums: [(account: LedgerAccount, amount: ExactAmount)] = []
        var total = ExactAmount.zero
        for leg in legs {
            guard leg.account.currency == legs[0].account.currency,
                let sum = total.adding(leg.amount)
            else { return nil }
            total = sum
            if let index = sums.firstIndex(where: { $0.account == leg.account }) {
                guard let amount = sums[index].amount.adding(leg.amount) else { return nil }
                sums[index].amount = amount
            } else {
                sums.append((leg.account, leg.amount))
            }
        }
        self.legs = sums.filter { $0.amount != .zero }.map { Leg($0.account, $0.amount) }
        guard total == .zero, !self.legs.isEmpty else { return nil }
    }

    package var currency: Currency { legs[0].account.currency }
}
