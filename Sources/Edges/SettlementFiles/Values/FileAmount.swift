// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// An amount as banks write it: whole minor units of a currency, 18 digits at most.
package struct FileAmount: Hashable, Sendable {
    package let minorUnits: UInt64
    package let currency: ISOCurrency

    /// - Throws: `.amountTooLarge`.
    package init(
        minorUnits: UInt64,
        currency: ISOCurrency
    ) throws(SettlementFileFailure) {
        guard minorUnits <= SettlementLimits.minorUnitsMax else { throw .amountTooLarge }
        self.minorUnits = minorUnits
        self.currency = currency
    }

    /// An amount at any number of decimals, brought to the currency's own without rounding.
    ///
    /// - Parameters:
    ///   - units: at `decimals`.
    ///   - decimals: 2 where `units` are hundredths.
    ///   - currency: its decimals are those of the result.
    /// - Throws: `.notInMinorUnits`, `.amountTooLarge`.
    package init(
        units: UInt64,
        decimals: UInt8,
        currency: ISOCurrency
    ) throws(SettlementFileFailure) {
        var minorUnits = units
        for _ in currency.decimals..<max(decimals, currency.decimals) where minorUnits > 0 {
            guard minorUnits.isMultiple(of: 10) else {
                throw .notInMinorUnits(currency: currency.code)
            }
            minorUnits /= 10
        }
        for _ in decimals..<max(decimals, currency.decimals) {
            let (tenfold, overflow) = minorUnits.multipliedReportingOverflow(by: 10)
            guard !overflow else { throw .amountTooLarge }
            minorUnits = tenfold
        }
        try self.init(minorUnits: minorUnits, currency: currency)
    }

    /// What a purse counts, as a bank pays it.
    ///
    /// - Throws: `.unknownCurrency`, `.notInMinorUnits`, `.amountTooLarge`.
    package init(_ money: Money) throws(SettlementFileFailure) {
        try self.init(
            units: money.minorUnits,
            decimals: money.exponent.decimals,
            currency: ISOCurrency(money.currency)
        )
    }

    /// As an amount stands in a message: `1.50`, `-0.05`, `150`.
    static func text(_ minorUnits: Int64, decimals: UInt8) -> String {
        let sign = minorUnits < 0 ? "-" : ""
        return sign + text(minorUnits.magnitude, decimals: decimals)
    }

    static func text(_ minorUnits: UInt64, decimals: UInt8) -> String {
        let digits = String(minorUnits)
        let count = Int(decimals)
        guard count > 0 else { return digits }
        let padded = String(repeating: "0", count: max(0, count + 1 - digits.count)) + digits
        return "\(padded.dropLast(count)).\(padded.suffix(count))"
    }

    /// As it stands in a message, without the currency.
    package var text: String { FileAmount.text(minorUnits, decimals: currency.decimals) }
}
