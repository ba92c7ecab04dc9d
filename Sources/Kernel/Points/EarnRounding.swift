// SPDX-License-Identifier: Apache-2.0

/// How a fraction of a minor unit of points is rounded, once for each purchase.
package enum EarnRounding: UInt8, CaseIterable, Sendable {
    case down = 1
    /// A half goes up.
    case nearest = 2
    case up = 3

    /// The quotient, rounded.
    func quotient(_ dividend: UInt128, by divisor: UInt128) -> UInt128 {
        let (quotient, rest) = dividend.quotientAndRemainder(dividingBy: divisor)
        let isUp =
            switch self {
            case .down: false
            case .nearest: rest >= divisor - rest
            case .up: rest > 0
            }
        // A rest means that the divisor is at least 2, so that one more fits.
        return isUp && rest > 0 ? quotient + 1 : quotient
    }
}
