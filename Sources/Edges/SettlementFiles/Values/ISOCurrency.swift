// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// A currency of ISO 4217, as banks name it.
package struct ISOCurrency: Hashable, Sendable {
    /// Three letters, for example `EUR`.
    package let code: String
    /// Three digits, for example 978.
    package let number: UInt16
    /// Decimals of its smallest unit: 2 for cents, 0 for yen.
    package let decimals: UInt8

    /// - Throws: `.unknownCurrency`.
    package init(code: String) throws(SettlementFileFailure) {
        guard let known = ISOCurrency.byCode[code] else { throw .unknownCurrency(code) }
        self = known
    }

    /// The currency that a purse counts.
    ///
    /// - Throws: `.unknownCurrency` for points, and for what is no currency.
    package init(_ currency: Currency) throws(SettlementFileFailure) {
        guard let known = ISOCurrency.byDigits[currency.digits] else {
            throw .unknownCurrency(currency.digits)
        }
        self = known
    }

    private init(known code: String, number: UInt16, decimals: UInt8) {
        self.code = code
        self.number = number
        self.decimals = decimals
    }

    /// All that have decimals, in the order of their codes.
    package static let all: [ISOCurrency] = ISOCurrencyTable.text.split(separator: ",").compactMap {
        let cells = $0.split { $0.isWhitespace }
        guard cells.count == 3, let number = UInt16(cells[1]), let decimals = UInt8(cells[2]) else {
            return nil
        }
        return ISOCurrency(known: String(cells[0]), number: number, decimals: decimals)
    }

    private static let byCode = Dictionary(uniqueKeysWithValues: all.map { ($0.code, $0) })
    private static let byDigits = Dictionary(
        uniqueKeysWithValues: all.map { currency in
            let digits = String(currency.number)
            return (String(repeating: "0", count: 4 - digits.count) + digits, currency)
        }
    )
}
