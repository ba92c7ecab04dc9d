// SPDX-License-Identifier: Apache-2.0

/// Packed decimal digits, four bits each, the first digit in the highest position in use.
package enum BCD {
    /// Whether every group of four bits is a decimal digit.
    package static func isDecimal(_ packed: UInt64) -> Bool {
        var rest = packed
        while rest != 0 {
            if rest & 0xF > 9 { return false }
            rest >>= 4
        }
        return true
    }

    /// The value of packed digits; call it on decimal digits only.
    package static func value(_ packed: UInt64) -> UInt64 {
        var result: UInt64 = 0
        for shift in stride(from: 60, through: 0, by: -4) {
            result = result &* 10 &+ ((packed >> UInt64(shift)) & 0xF)
        }
        return result
    }

    /// Packs a value, at most 16 digits.
    package static func pack(_ value: UInt64) -> UInt64 {
        precondition(value <= 9_999_999_999_999_999)
        var result: UInt64 = 0
        var rest = value
        var shift: UInt64 = 0
        while rest != 0 {
            result |= (rest % 10) << shift
            rest /= 10
            shift += 4
        }
        return result
    }

    /// The last `count` digits as text.
    package static func digits(_ packed: UInt64, count: Int) -> String {
        var text = ""
        for position in stride(from: count - 1, through: 0, by: -1) {
            text.append(String((packed >> UInt64(position * 4)) & 0xF))
        }
        return text
    }

    /// Packs decimal text of exactly `count` digits, at most 16.
    package static func parse(_ text: String, count: Int) -> UInt64? {
        guard text.utf8.count == count, count <= 16 else { return nil }
        var result: UInt64 = 0
        for character in text.utf8 {
            guard (0x30...0x39) ~= character else { return nil }
            result = result << 4 | UInt64(character - 0x30)
        }
        return result
    }
}
