// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// Asks the funding network whether an account belongs to the person who signs up: a zero-value
/// authorisation with address verification.
package protocol FundingAccountCheck: Sendable {
    func check(
        _ account: FundingAccount,
        _ verificationValue: CardVerificationValue,
        _ address: BillingAddress
    ) async -> FundingAccountAnswer
}

package enum FundingAccountAnswer: Equatable, Sendable {
    case accepted
    case refused(FundingAccountRefusal)
    /// No answer; the person may try again later.
    case unavailable
}

package enum FundingAccountRefusal: Equatable, Sendable {
    case unknownAccount
    case expired
    case verificationValueWrong
    case addressWrong
    /// The network gives no reason.
    case declined
}
