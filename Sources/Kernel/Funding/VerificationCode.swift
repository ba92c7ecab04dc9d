// SPDX-License-Identifier: Apache-2.0

/// CVV2: goes to the network with one authorisation, and is forgotten. It is never stored, as the
/// card schemes demand, and never prints.
package struct VerificationCode: Sendable {
    /// 3 or 4 digits, for the message to the network alone.
    package let digits: String

    package static let digitsRange = 3...4

    package init?(_ digits: String) {
        guard VerificationCode.digitsRange.contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        self.digits = digits
    }
}

extension VerificationCode: CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    package var description: String { "(CVV2)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
