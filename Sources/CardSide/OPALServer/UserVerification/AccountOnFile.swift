// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What may be shown of a funding account: the last four digits and the expiry.
package struct AccountOnFile: Equatable, Sendable {
    package let lastFour: String
    package let expiry: AccountExpiry

    package init(_ account: FundingAccount) {
        lastFour = account.lastFour
        expiry = account.expiry
    }

    /// `lastFour`: four digits.
    init(lastFour: String, expiry: AccountExpiry) {
        self.lastFour = lastFour
        self.expiry = expiry
    }
}
