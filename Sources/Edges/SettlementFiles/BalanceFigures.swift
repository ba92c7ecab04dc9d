// SPDX-License-Identifier: Apache-2.0

/// The sums of an account over a statement, in minor units; below zero is a debit balance.
package struct BalanceFigures: Equatable, Sendable {
    package let currency: ISOCurrency
    package let opening: Int64
    package let credits: Int64
    package let debits: Int64
    package let closing: Int64

    package init(
        currency: ISOCurrency,
        opening: Int64,
        credits: Int64,
        debits: Int64,
        closing: Int64
    ) {
        self.currency = currency
        self.opening = opening
        self.credits = credits
        self.debits = debits
        self.closing = closing
    }

    /// Whether opening + credits − debits = closing. A sum beyond 64 bits is none.
    package var addUp: Bool {
        let (more, over) = opening.addingReportingOverflow(credits)
        let (rest, under) = more.subtractingReportingOverflow(debits)
        return !over && !under && rest == closing
    }
}
