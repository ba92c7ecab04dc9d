// SPDX-License-Identifier: Apache-2.0

/// One account in the books of the clearing house, in one currency.
package struct LedgerAccount: Hashable, Sendable {
    package enum Owner: Hashable, Sendable {
        /// The clearing house's account at its bank.
        case bank
        /// What an issuer has paid in for the value on its cards, less what its cards have paid.
        case pool(IssuerIdentifier)
        /// What an acquirer is owed: its merchants' fees.
        case acquirer(UInt32)
        /// What a merchant is owed.
        case merchant(MerchantIdentifier)
        /// Sales that could not be cleared, by the acquirer that sent them.
        case suspense(UInt32)
        /// Value of expired cards that nobody has claimed, by its issuer.
        case expired(IssuerIdentifier)
        /// Paid out, and not yet on a bank statement.
        case inTransit
    }

    package let owner: Owner
    package let currency: Currency

    package init(_ owner: Owner, _ currency: Currency) {
        self.owner = owner
        self.currency = currency
    }
}
