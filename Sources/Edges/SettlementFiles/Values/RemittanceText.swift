// SPDX-License-Identifier: Apache-2.0

/// What a payment is for: 1 to 140 of the characters that banks take.
package struct RemittanceText: Hashable, Sendable {
    package let text: String

    /// - Parameter text: in any script; it is transliterated.
    /// - Throws: `.empty`, `.tooLong`, `.unwritable`, each of `.remittance`.
    package init(_ text: String) throws(SettlementFileFailure) {
        self.text = try LatinText.transliterated(
            text,
            for: .remittance,
            max: SettlementLimits.remittanceMax
        )
    }
}
