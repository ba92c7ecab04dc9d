// SPDX-License-Identifier: Apache-2.0

/// CURR: what a purse counts, as 4 BCD digits (2 bytes): `0` and an ISO 4217 number for money,
/// 9001…9999 for the points of a loyalty programme, 0999 for a proof without value.
package struct Currency: Hashable, Sendable {
    /// The digits as they stand in a message: 0x0978 is EUR.
    package let bcd: UInt16

    /// - Returns: nil where a digit is not decimal.
    package init?(bcd: UInt16) {
        guard BCD.isDecimal(UInt64(bcd)) else { return nil }
        self.bcd = bcd
    }

    private init(known bcd: UInt16) {
        self.bcd = bcd
    }

    package static let euro = Currency(known: 0x0978)
    package static let dollar = Currency(known: 0x0840)
    package static let pound = Currency(known: 0x0826)
    package static let franc = Currency(known: 0x0756)
    package static let yen = Currency(known: 0x0392)
    /// Authentication only: nothing is counted.
    package static let nothing = Currency(known: 0x0999)

    /// Whether this counts the points of a programme and not money.
    package var isProgramme: Bool { bcd > 0x9000 }

    /// Whether this counts money, which neither points nor proofs are.
    package var isMoney: Bool { !isProgramme && self != .nothing }

    /// The four digits, for example `0978`.
    package var digits: String { BCD.digits(UInt64(bcd), count: 4) }
}
