// SPDX-License-Identifier: Apache-2.0

package import Records
package import SecurityModule
package import Wire

/// Why the payment gateway does not do what it is asked; nothing has changed. In the order in which
/// the reasons are looked for.
package enum GatewayFailure: Error, Equatable, Sendable {
    /// Something else was asked for under this transaction before.
    case transactionMismatch
    /// The currency, with its exponent, is none that the network is asked for.
    case currencyNotTaken
    /// More than ``GatewayLimits/amountMax``.
    case amountTooLarge
    /// An element of the message cannot hold its value; the path names it.
    case notEncodable(WireFailure)
    /// There is no such authorisation.
    case unknownTransaction
    /// The answer to the request is still awaited, or was lost by a restart: then it is reversed.
    case inProgress
    /// The stored authorisation does not open or is not readable as one: somebody changed it.
    case damaged
    /// Others changed the authorisation at the same time, again and again.
    case busy
    /// The network could not be asked, or did not answer.
    case networkSilent(LinkFailure)
    /// What the network answered is no answer to the question.
    case answerUnreadable
    /// The network refused a sign-on, an echo or a key check.
    case networkRefused(NetworkResponse)
    /// The network has another key.
    case keyCheckFailed
    case store(StoreFailure)
    case module(ModuleFailure)

    /// Whether the same request may succeed later without anybody's help.
    package var isTransient: Bool {
        switch self {
        case .inProgress, .busy, .networkSilent: true
        case .networkRefused(let response): response.isTransient
        case .store(let failure): failure.isTransient
        case .module(.unavailable): true
        default: false
        }
    }
}
