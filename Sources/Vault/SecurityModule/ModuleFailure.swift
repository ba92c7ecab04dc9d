// SPDX-License-Identifier: Apache-2.0

/// Why a security module did not do what it was asked. It says no more than this, so that a
/// failure teaches nobody about keys or contents.
package enum ModuleFailure: Error, Equatable, Sendable {
    /// A sealed record, row or message does not open: it was changed, or belongs elsewhere.
    case sealBroken
    /// No keys for this issuer, key version, merchant or key name.
    case keyUnknown
    /// The key version of the card has ended: nothing is drawn from it any more.
    case keyEnded
    /// The module cannot be reached, or is not ready; the text is for the log.
    case unavailable(String)
}
