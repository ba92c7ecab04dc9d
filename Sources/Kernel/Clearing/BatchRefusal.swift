// SPDX-License-Identifier: Apache-2.0

/// Why a batch is not taken. It stays with who sent it.
package enum BatchRefusal: UInt8, Error, CaseIterable, Sendable {
    /// Security card or acquirer are not known here.
    case unknownSecurityCard = 1
    /// SB is not that of this security card.
    case signatureWrong = 2
    /// Another batch has this name.
    case nameTaken = 3
    /// The sales do not come to the digest or the totals of the header.
    case contentsDiffer = 4
    /// A batch before it is missing: they are taken in the order of their numbers.
    case gap = 5
    /// No offer came before the part.
    case notOffered = 6
}
