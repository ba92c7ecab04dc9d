// SPDX-License-Identifier: Apache-2.0

package import Wire

/// What the network said to a request for funds. Only after `.approved` may a card be credited.
package enum AuthorizationOutcome: Equatable, Sendable {
    /// The funds are held.
    case approved(code: String)
    case declined(NetworkResponse)
    /// The billing address is not that of the account. Where the network held the funds all the
    /// same, they are reversed.
    case addressMismatch(AddressResult)
    /// The CVV2 is not that of the account; likewise.
    case codeMismatch
    /// No answer, or none that can be believed: whatever is held is reversed.
    case unknown
    /// The network was not reached, and holds nothing.
    case notSent
}
