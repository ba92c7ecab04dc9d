// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// How a load ended for the person.
package enum CardLoadOutcome: Equatable, Sendable {
    /// The value is on the card. The sealed result goes to the bank, as soon as it is there; if the
    /// browser brings none, the bank asks for it.
    case loaded(LoadReceipt)
    /// The card was not loaded. With a receipt it never will be for this transaction, and the bank
    /// gives its hold up; where the result is there, the browser brings it to the bank at once.
    /// Without one, nothing was begun, and the same page may be tried again.
    case refused(LoadRefusal, LoadReceipt?)
    /// Whether the card was loaded is not known yet; it ends as one of the others.
    case pending(LoadReceipt)
}

/// What the person gets.
package struct LoadReceipt: Equatable, Sendable {
    package let terms: LoadTerms
    package let card: CardIdentifier
    /// The bank, for the person.
    package let bankName: String
    /// The balance right after the credit; nil where the card was not credited.
    package let balance: UInt64?
    /// The Load Result for the bank in compact form; empty while the load server has not told it.
    package let forBank: [UInt8]

    package init(
        terms: LoadTerms,
        card: CardIdentifier,
        bankName: String,
        balance: UInt64?,
        forBank: [UInt8]
    ) {
        self.terms = terms
        self.card = card
        self.bankName = bankName
        self.balance = balance
        self.forBank = forBank
    }
}
