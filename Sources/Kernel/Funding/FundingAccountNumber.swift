// SPDX-License-Identifier: Apache-2.0

/// The number of the account that funds a load (PAN). It never prints.
package struct FundingAccountNumber: Hashable, Sendable {
    /// For the message to the network and for sealed records, never for a log.
    package let digits: String

    package static let digitsRange = 12...19

    /// - Parameter digits: 12 to 19 decimal digits, the last one the check digit of
    ///   ISO/IEC 7812-1, annex B (Luhn).
    package init?(_ digits: String) {
        guard FundingAccountNumber.digitsRange.contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            FundingAccountNumber.hasRightCheckDigit(digits)
        else { return nil }
        self.digits = digits
    }

    package var lastFour: String { String(digits.suffix(4)) }

    /// The check digit of ISO/IEC 7812-1, annex B (Luhn).
    package static func hasRightCheckDigit(_ digits: String) -> Bool {
        var sum = 0
        for (position, character) in digits.utf8.reversed().enumerated() {
            let digit = Int(character) - 0x30
            let weighted = position.isMultiple(of: 2) ? digit : digit * 2
            sum += weighted > 9 ? weighted - 9 : weighted
        }
        return sum.isMultiple(of: 10)
    }
}

extension FundingAccountNumber: CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    package var description: String { "•••• \(lastFour)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
