// SPDX-License-Identifier: Apache-2.0

/// Names a message, a payment or an entry: 1 to 35 of the characters that banks take. It comes back
/// as it was given, so it is never changed to fit.
package struct FileIdentifier: Hashable, Sendable {
    package let text: String

    /// - Throws: `.empty`, `.tooLong`, `.unwritable`, each of `.identifier`.
    package init(_ text: String) throws(SettlementFileFailure) {
        self.text = try LatinText.exact(
            text,
            for: .identifier,
            max: SettlementLimits.identifierMax
        )
    }
}
