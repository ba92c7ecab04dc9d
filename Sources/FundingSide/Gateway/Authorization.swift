// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// What may be shown of an authorisation.
package struct Authorization: Equatable, Sendable {
    package let transaction: TransactionIdentifier
    package let amount: Money
    /// Of the account's number.
    package let accountLastFour: String
    package let state: FundsAuthorizationState
    /// Nil while the answer is awaited.
    package let outcome: AuthorizationOutcome?
    /// STAN of the request.
    package let traceNumber: String
    /// RRN: by this the network names the transaction, too.
    package let retrievalReference: String
    package let askedAt: Instant
    /// How the network last refused an advice or a reversal that is still sent; nil where it did
    /// not.
    package let refusedWith: NetworkResponse?

    init(_ record: AuthorizationRecord) {
        transaction = record.transaction
        amount = record.amount
        accountLastFour = record.account.lastFour
        state = record.state
        outcome = record.outcome
        traceNumber = record.trace.number
        retrievalReference = record.trace.retrievalReference
        askedAt = record.askedAt
        refusedWith = record.refusedWith
    }
}
