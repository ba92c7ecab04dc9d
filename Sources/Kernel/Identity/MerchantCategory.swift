// SPDX-License-Identifier: Apache-2.0

/// What a merchant sells, as the four digits of ISO 18245, for instance 5812 for restaurants.
package struct MerchantCategory: Hashable, Comparable, Sendable {
    /// The digits as they stand in a message.
    package let bcd: UInt16

    /// - Returns: nil where a digit is not decimal.
    package init?(bcd: UInt16) {
        guard BCD.isDecimal(UInt64(bcd)) else { return nil }
        self.bcd = bcd
    }

    /// - Parameter digits: four decimal digits.
    package init?(_ digits: String) {
        guard let bcd = BCD.parse(digits, count: 4) else { return nil }
        self.bcd = UInt16(bcd)
    }

    package var digits: String { BCD.digits(UInt64(bcd), count: 4) }

    package static func < (left: MerchantCategory, right: MerchantCategory) -> Bool {
        left.bcd < right.bcd
    }
}
