// SPDX-License-Identifier: Apache-2.0

/// Whom a bank pays or asks: 1 to 70 of the characters that banks take.
package struct PartyName: Hashable, Sendable {
    package let text: String

    /// - Parameter name: in any script; it is transliterated.
    /// - Throws: `.empty`, `.tooLong`, `.unwritable`, each of `.name`.
    package init(_ name: String) throws(SettlementFileFailure) {
        text = try LatinText.transliterated(name, for: .name, max: SettlementLimits.nameMax)
    }
}
