// SPDX-License-Identifier: Apache-2.0

/// BIN: the issuer of a card, 6 BCD digits (3 bytes).
package struct IssuerIdentifier: Hashable, Sendable {
    /// The digits in the low 24 bits.
    package let bcd: UInt32

    /// - Returns: nil where a digit is not decimal or there are more than six.
    package init?(bcd: UInt32) {
        guard bcd <= 0x99_9999, BCD.isDecimal(UInt64(bcd)) else { return nil }
        self.bcd = bcd
    }

    package init?(_ digits: String) {
        guard let bcd = BCD.parse(digits, count: 6) else { return nil }
        self.bcd = UInt32(bcd)
    }

    package var digits: String { BCD.digits(UInt64(bcd), count: 6) }

    /// BIN, 3 bytes.
    package var bytes: [UInt8] { Array(bcd.bigEndianBytes.dropFirst()) }
}

/// BIN‖IEP: the OPAL card identifier, 16 BCD digits (8 bytes). It is a card number: it is printed
/// masked, everywhere but where its owner or the operator asks for the whole of it.
package struct CardIdentifier: Hashable, Sendable {
    /// All sixteen digits.
    package let bcd: UInt64

    /// - Returns: nil where a digit is not decimal.
    package init?(bcd: UInt64) {
        guard BCD.isDecimal(bcd) else { return nil }
        self.bcd = bcd
    }

    /// - Parameter digits: sixteen decimal digits.
    package init?(_ digits: String) {
        guard let bcd = BCD.parse(digits, count: 16) else { return nil }
        self.bcd = bcd
    }

    /// `number`: the IEP within the issuer, 0…9,999,999,999.
    package init(issuer: IssuerIdentifier, number: UInt64) {
        precondition(number <= CardIdentifier.numberMax)
        bcd = UInt64(issuer.bcd) << 40 | BCD.pack(number)
    }

    package static let numberMax: UInt64 = 9_999_999_999

    /// The 6 digits of the issuer.
    package var issuer: IssuerIdentifier {
        guard let issuer = IssuerIdentifier(bcd: UInt32(bcd >> 40)) else {
            preconditionFailure("The digits of a card identifier are decimal.")
        }
        return issuer
    }

    /// The 8 bytes that lead the card's rows in the database.
    package var bytes: [UInt8] { bcd.bigEndianBytes }

    /// All sixteen digits: for the operator's explicit request and for messages, never for a log.
    package var digits: String { BCD.digits(bcd, count: 16) }

    /// The last four digits behind twelve dots.
    package var masked: String { "•••• •••• •••• " + BCD.digits(bcd, count: 4) }
}

extension CardIdentifier: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { masked }
    package var debugDescription: String { masked }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension FixedWidthInteger {
    /// The bytes of this integer, most significant first.
    package var bigEndianBytes: [UInt8] {
        (0..<Self.bitWidth / 8).map {
            UInt8(truncatingIfNeeded: self >> (Self.bitWidth - 8 - $0 * 8))
        }
    }
}
