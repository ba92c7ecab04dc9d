// SPDX-License-Identifier: Apache-2.0

/// A sale as its security card has counted it, with all that the issuer needs to check S6: what an
/// acquirer is paid for (purse profile, "Signatures").
package struct CollectedSale: Equatable, Sendable {
    package let transaction: TransactionIdentifier
    package let merchant: MerchantIdentifier
    /// DTHR.
    package let time: CardTime
    package let amount: Money
    package let card: CardIdentifier
    /// DEXP.
    package let cardExpiry: CardDate
    /// VKP.
    package let keyVersion: UInt8
    /// NT.
    package let number: UInt32
    /// BAL afterwards.
    package let balance: UInt64
    package let securityCard: SecurityCardIdentifier
    /// NTPSAM.
    package let securityCardNumber: UInt32
    /// S6.
    package let issuerProof: Signature

    package init(
        transaction: TransactionIdentifier,
        merchant: MerchantIdentifier,
        time: CardTime,
        amount: Money,
        card: CardIdentifier,
        cardExpiry: CardDate,
        keyVersion: UInt8,
        number: UInt32,
        balance: UInt64,
        securityCard: SecurityCardIdentifier,
        securityCardNumber: UInt32,
        issuerProof: Signature
    ) {
        self.transaction = transaction
        self.merchant = merchant
        self.time = time
        self.amount = amount
        self.card = card
        self.cardExpiry = cardExpiry
        self.keyVersion = keyVersion
        self.number = number
        self.balance = balance
        self.securityCard = securityCard
        self.securityCardNumber = securityCardNumber
        self.issuerProof = issuerProof
    }
}
