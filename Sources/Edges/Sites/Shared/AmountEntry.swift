// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// An amount that a person typed: digits, and behind a point or a comma at most as many digits as
/// the currency has decimals. Blanks and a currency sign around it are passed over.
package enum AmountEntry {
    /// - Returns: minor units; nil for anything else, or where it does not fit into 64 bits.
    package static func minorUnits(_ typed: String, _ exponent: Exponent) -> UInt64? {
        let text = typed.filter { !$0.isWhitespace && $0 != "€" && $0 != "$" && $0 != "£" }
        let parts = text.split(omittingEmptySubsequences: false) { $0 == "." || $0 == "," }
        let decimals = Int(exponent.decimals)
        guard (1...2).contains(parts.count), let whole = parts.first, !whole.isEmpty,
            parts.count == 1 || (1...max(1, decimals)).contains(parts[1].utf8.count),
            parts.count == 1 || decimals > 0
        else { return nil }
        let fraction = parts.count == 2 ? String(parts[1]) : ""
        let zeros = String(repeating: "0", count: decimals - fraction.utf8.count)
        let digits = whole + fraction + zeros
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return UInt64(digits)
    }
}

extension AmountEntry {
    /// The same in the other direction: with a point, without groups and sign, for an entry.
    package static func text(_ minorUnits: UInt64, _ exponent: Exponent) -> String {
        let decimals = Int(exponent.decimals)
        let digits = String(minorUnits)
        let zeros = String(repeating: "0", count: max(0, decimals + 1 - digits.utf8.count))
        let padded = zeros + digits
        guard decimals > 0 else { return padded }
        return "\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
    }
}
