// SPDX-License-Identifier: Apache-2.0

/// The name of what a purchase earned: a merchant may be partner of several programmes.
package struct Earning: Hashable, Sendable {
    /// TRX of the purchase.
    package let transaction: TransactionIdentifier
    /// CURR of the programme.
    package let programme: Currency

    package init(_ transaction: TransactionIdentifier, _ programme: Currency) {
        self.transaction = transaction
        self.programme = programme
    }
}
