// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What is asked of a funding account: so much, for the load of a card.
package struct FundingRequest: Sendable {
    /// Of the load; the same one is authorised once.
    package let transaction: TransactionIdentifier
    package let amount: Money
    package let account: FundingAccountNumber
    package let expiry: ExpiryMonth
    /// Nil where no address is compared.
    package let address: AddressVerification?
    /// For this one message; it is not stored.
    package let code: VerificationCode?

    package init(
        transaction: TransactionIdentifier,
        amount: Money,
        account: FundingAccountNumber,
        expiry: ExpiryMonth,
        address: AddressVerification? = nil,
        code: VerificationCode? = nil
    ) {
        self.transaction = transaction
        self.amount = amount
        self.account = account
        self.expiry = expiry
        self.address = address
        self.code = code
    }
}
