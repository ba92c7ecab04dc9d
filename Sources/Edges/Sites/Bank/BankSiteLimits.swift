// SPDX-License-Identifier: Apache-2.0

/// The bounds of the bank's site.
package enum BankSiteLimits {
    /// Accounts of one customer that the site shows.
    package static let accountsMax = 16
    /// Rows of one page of a statement.
    package static let pageRows: UInt64 = 25
    /// Loads, and questions about cards, that one customer begins within ``loadWindow``: more than
    /// a person, less than a flood, because each of them stays in the store for a while.
    package static let loadsPerCustomer = 60
    package static let loadWindow = Duration.seconds(10 * 60)
    /// Customers that are counted apart.
    package static let customersMax = 20_000
    /// How often a pending page asks again, in seconds.
    package static let refreshSeconds = 3
    /// Amounts of the menu, in the major unit of the account's currency.
    package static let menu: [UInt64] = [10, 25, 50, 100]
    /// Of a typed amount, in bytes.
    static let amountBytesMax = 24
}
