// SPDX-License-Identifier: Apache-2.0

/// An amount in the books of the clearing house, with its sign, in trillionths of a currency's
/// major unit: any amount at any exponent, times any fee in millionths, is such a number. Nothing
/// is rounded before it is paid out.
package struct ExactAmount: Hashable, Sendable {
    /// 10^-12 of the major unit.
    package let trillionths: Int128

    package static let zero = ExactAmount(trillionths: 0)
    /// Decimals of the smallest amount.
    package static let decimals: UInt8 = 12
    /// Far above what all banks of the world hold; sums of as many stay below 128 bits.
    package static let max = ExactAmount(trillionths: 1 << 120)

    package init(trillionths: Int128) {
        self.trillionths = trillionths
    }

    /// An amount as cards count it.
    package init(_ money: Money) {
        self.init(minorUnits: money.minorUnits, money.exponent)
    }

    package init(minorUnits: UInt64, _ exponent: Exponent) {
        trillionths = Int128(minorUnits) * ExactAmount.unit(exponent)
    }

    /// Parses digits with a point and decimals, or without: `12`, `0.001`.
    ///
    /// - Returns: nil for anything else, also for a sign, for more than ``decimals`` decimals, and
    ///   beyond ``max``.
    package init?(decimal text: String) {
        let parts = text.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
        let part = parts.count == 2 ? parts[1] : "".utf8[...]
        guard parts.count == 1 || parts.count == 2 && !part.isEmpty, !parts[0].isEmpty,
            part.count <= Int(ExactAmount.decimals)
        else { return nil }
        var value: Int128 = 0
        let zeros = repeatElement(UInt8(0x30), count: Int(ExactAmount.decimals) - part.count)
        for digit in Array(parts[0]) + Array(part) + Array(zeros) {
            guard (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + Int128(digit - 0x30)
            guard value <= ExactAmount.max.trillionths else { return nil }
        }
        trillionths = value
    }

    /// Trillionths in one minor unit.
    package static func unit(_ exponent: Exponent) -> Int128 {
        (0..<decimals - exponent.decimals).reduce(1) { unit, _ in unit * 10 }
    }

    /// The whole minor units in it, and what is left: less than one of them, with the sign of the
    /// amount.
    package func split(at exponent: Exponent) -> (minorUnits: Int128, rest: ExactAmount) {
        let unit = ExactAmount.unit(exponent)
        let (quotient, remainder) = trillionths.quotientAndRemainder(dividingBy: unit)
        return (quotient, ExactAmount(trillionths: remainder))
    }

    /// All its decimals, without zeros at the end: `-12.345`.
    package var decimal: String { text(decimals: 0) }

    /// All its decimals, and at least so many of them: `-12.30`.
    package func text(decimals: UInt8) -> String {
        let unit = ExactAmount.unit(.units).magnitude
        let (whole, part) = trillionths.magnitude.quotientAndRemainder(dividingBy: unit)
        let digits = String(part)
        let zeros = String(repeating: "0", count: Int(ExactAmount.decimals) - digits.utf8.count)
        var text = Array((zeros + digits).utf8)
        while text.count > Int(decimals), text.last == 0x30 { text.removeLast() }
        let point = text.isEmpty ? "" : "."
        let sign = isNegative ? "-" : ""
        return "\(sign)\(whole)\(point)\(String(decoding: text, as: UTF8.self))"
    }

    package var isNegative: Bool { trillionths < 0 }

    package static prefix func - (amount: ExactAmount) -> ExactAmount {
        ExactAmount(trillionths: -amount.trillionths)
    }

    /// - Returns: nil beyond ``max``.
    package func adding(_ other: ExactAmount) -> ExactAmount? {
        let (sum, isTooLarge) = trillionths.addingReportingOverflow(other.trillionths)
        guard !isTooLarge, sum.magnitude <= ExactAmount.max.trillionths.magnitude else {
            return nil
        }
        return ExactAmount(trillionths: sum)
    }
}

extension ExactAmount: Comparable {
    package static func < (one: ExactAmount, two: ExactAmount) -> Bool {
        one.trillionths < two.trillionths
    }
}
