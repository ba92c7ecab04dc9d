// SPDX-License-Identifier: Apache-2.0

package import Kernel

extension CollectedSale {
    /// The sale that a security card counts of a debit: what the card said before, what it was
    /// told, and what it answered. S3 covers number and balance, so that the answer's are right.
    package init(_ draw: CardDraw, _ command: DebitIEP, _ answer: DebitAnswer) {
        let initialized = draw.initializeAnswer
        self.init(
            transaction: command.transaction,
            merchant: command.merchant,
            time: command.time,
            amount: command.amount,
            card: initialized.card,
            cardExpiry: initialized.expiry,
            keyVersion: initialized.purchaseKeyVersion,
            number: answer.number,
            balance: answer.balance,
            securityCard: command.securityCard,
            securityCardNumber: command.securityCardNumber,
            issuerProof: answer.issuerProof
        )
    }
}
