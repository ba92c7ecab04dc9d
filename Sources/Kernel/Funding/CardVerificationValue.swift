// SPDX-License-Identifier: Apache-2.0

/// CVV2: given to the funding network once and forgotten; it is never stored, as the card schemes
/// demand.
package struct CardVerificationValue: Equatable, Sendable {
    /// Digits printed on a card beside its number.
    package static let digits = 3...4

    /// 3 or 4 digits, for the message to the funding network.
    package let digits: String

    /// - Returns: nil unless there are 3 or 4 decimal digits.
    package init?(digits: String) {
        guard CardVerificationValue.digits.contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        self.digits = digits
    }
}

extension CardVerificationValue: CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    package var description: String { "(CVV2)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
