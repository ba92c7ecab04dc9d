// SPDX-License-Identifier: Apache-2.0

/// An amount: minor units of a currency at an exponent. 1.50 EUR at exponent 2 is 150 minor units.
package struct Money: Hashable, Sendable {
    package let minorUnits: UInt64
    package let currency: Currency
    package let exponent: Exponent

    package init(minorUnits: UInt64, currency: Currency, exponent: Exponent) {
        self.minorUnits = minorUnits
        self.currency = currency
        self.exponent = exponent
    }

    /// So much of the same currency, at the same exponent.
    package init(minorUnits: UInt64, as other: Money) {
        self.init(minorUnits: minorUnits, currency: other.currency, exponent: other.exponent)
    }

    /// What a proof of identity is of: nothing, in no currency.
    package static let proof = Money(minorUnits: 0, currency: .nothing, exponent: .units)

    /// Whether both count the same thing in the same unit, so that they may be compared.
    package func isComparable(to other: Money) -> Bool {
        currency == other.currency && exponent == other.exponent
    }
}

/// CEXP: the number of decimals of an amount, 0 for points, 2 for cents, 6 for micro-units.
package struct Exponent: Hashable, Sendable {
    package static let max: UInt8 = 6

    package let decimals: UInt8

    /// - Returns: nil above ``max``.
    package init?(_ decimals: UInt8) {
        guard decimals <= Exponent.max else { return nil }
        self.decimals = decimals
    }

    private init(known decimals: UInt8) {
        self.decimals = decimals
    }

    package static let units = Exponent(known: 0)
    package static let cents = Exponent(known: 2)
    package static let tenThousandths = Exponent(known: 4)
    package static let micros = Exponent(known: 6)
}
