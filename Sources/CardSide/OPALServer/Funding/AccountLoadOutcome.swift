// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What somebody, or a standing order, wants to be loaded.
package struct AccountLoadRequest: Sendable {
    /// Made before the person confirms, so that a second click is the same load.
    package let transaction: TransactionIdentifier
    /// Whose account pays.
    package let payer: UserKey
    package let card: CardIdentifier
    package let amount: Money
    package let purpose: AccountLoadPurpose
    /// Typed by the person this one time, or none.
    package let verificationValue: CardVerificationValue?
    /// Shows that this server has made the transaction, for this load and no other: 32 bytes
    /// (``AccountLoads/proposal(by:onto:of:purpose:verificationValue:)``).
    package let proof: [UInt8]

    /// A request as it came back from the person, who can change all of it.
    package init(
        transaction: TransactionIdentifier,
        proof: [UInt8],
        payer: UserKey,
        card: CardIdentifier,
        amount: Money,
        purpose: AccountLoadPurpose,
        verificationValue: CardVerificationValue? = nil
    ) {
        self.transaction = transaction
        self.payer = payer
        self.card = card
        self.amount = amount
        self.purpose = purpose
        self.verificationValue = verificationValue
        self.proof = proof
    }
}

/// What is told of a load from a funding account.
package enum AccountLoadOutcome: Equatable, Sendable {
    /// The value is on the card.
    case loaded(AccountLoadReceipt)
    /// The value is not on the card; the account is not charged, or what was approved is given
    /// back.
    case refused(AccountLoadRefusal)
    /// Nobody knows yet. It ends by itself as one of the above, and a mail tells how.
    case pending(AccountLoadReceipt)
    /// Too many loads were begun that came to nothing: no new one before this moment.
    case throttled(until: Instant)
}

/// What the person gets.
package struct AccountLoadReceipt: Equatable, Sendable {
    package let transaction: TransactionIdentifier
    package let purpose: AccountLoadPurpose
    package let card: CardIdentifier
    package let amount: Money
    package let account: AccountOnFile?
    package let begunAt: Instant
    /// The balance right after the load; nil while pending.
    package let balance: UInt64?

    init(_ load: AccountLoadRecord) {
        transaction = load.transaction
        purpose = load.purpose
        card = load.card
        amount = load.amount
        account = load.account
        begunAt = load.begunAt
        balance = load.state.isLoaded ? load.balance : nil
    }
}

extension AccountLoadRecord {
    /// What is told of it now.
    package var outcome: AccountLoadOutcome {
        switch state {
        case .credited, .completed: .loaded(AccountLoadReceipt(self))
        case .authorizing: .pending(AccountLoadReceipt(self))
        // Once it is given up the card is never credited: that is certain and no failure untold.
        case .cancelling, .cancelled, .declined: .refused(refusal ?? .gatewaySilent)
        }
    }
}
