// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// What may be shown of an authorisation.
package struct Authorization: Equatable, Sendable {
    package let name: AuthorizationName
    package let state: FundsAuthorizationState
    /// Nil while the answer is awaited, and where it was cancelled in that time or before.
    package let outcome: AuthorizationOutcome?
    /// Nil, as all below, where it was cancelled before it was heard of.
    package let amount: Money?
    /// Of the account's number.
    package let accountLastFour: String?
    /// STAN of the request.
    package let traceNumber: String?
    /// RRN: by this the network names the transaction, too.
    package let retrievalReference: String?
    package let askedAt: Instant?
    /// How the network last refused an advice or a reversal that is still sent; nil where it did
    /// not.
    package let refusedWith: NetworkResponse?

    init(_ record: AuthorizationRecord) {
        name = record.name
        state = record.state
        outcome = record.outcome
        amount = record.terms?.amount
        accountLastFour = record.terms?.accountLastFour
        traceNumber = record.terms?.trace.number
        retrievalReference = record.terms?.trace.retrievalReference
        askedAt = record.terms?.askedAt
        refusedWith = record.refusedWith
    }
}
