// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// How a payment with a card in a reader ended, or where the value is while it has not.
package enum CardPaymentEnd: Equatable, Sendable {
    /// Sold. The payment is remembered until its result has been brought to the shop.
    case paid(CardReceipt)
    /// No value left the card.
    case notTaken(CardPaymentProblem)
    /// Value left the card and was put back; the balance is that afterwards, nil where the card
    /// had put it back before.
    case putBack(CardIdentifier, balance: Money?)
    /// The card was debited, or perhaps was; the payment is remembered.
    case pending(CardIdentifier, CardPaymentProblem)
}

/// What is known of a debit that is sold.
package struct CardReceipt: Equatable, Sendable {
    package let card: CardIdentifier
    package let terms: OrderTerms
    /// The balance after the debit.
    package let balance: Money
    /// Debit Result M, for the shop alone.
    package let resultForMerchant: [UInt8]

    package init(
        card: CardIdentifier,
        terms: OrderTerms,
        balance: Money,
        resultForMerchant: [UInt8]
    ) {
        self.card = card
        self.terms = terms
        self.balance = balance
        self.resultForMerchant = resultForMerchant
    }
}

/// Why a payment with a card in a reader does not go on.
package enum CardPaymentProblem: Error, Equatable, Sendable {
    /// The card, or the payment server, refuses.
    case refused(Refusal)
    /// There is no card in the reader, or the reader failed.
    case reader(ChannelFailure)
    /// The card answers what no card of the profile answers here.
    case cardNotUnderstood
    /// Not the card that is needed.
    case otherCard(expected: CardIdentifier)
    /// The person did not agree.
    case notAgreed
    /// What must not be forgotten could not be written down.
    case notRemembered(PaymentMemoryFailure)
    /// No answer of the payment server.
    case paymentServerSilent
    /// What answers is not the payment server of this order.
    case resultNotGenuine
    /// The card says that it did not debit.
    case notDebited
    /// The card does not put the value back.
    case notPutBack(StatusWord)

    init(_ failure: ClientFailure) {
        self =
            switch failure {
            case .refused(let refusal): .refused(refusal)
            case .channel(let failure): .reader(failure)
            case .status(.memoryFailure): .refused(.storeUnavailable)
            case .status, .wire: .cardNotUnderstood
            }
    }
}
