// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What came of a sweep, or would come of it.
package struct SweepReport: Equatable, Sendable {
    /// Why value that is due stays on its card.
    package enum Left: CaseIterable, Sendable {
        /// The card is blocked: somebody has to look at it first.
        case blocked
        /// The card was used meanwhile, or takes no change.
        case changed
    }

    /// What was moved of one issuer, in one unit, for one reason.
    package struct Name: Hashable, Sendable {
        package let unit: FloatReport.Unit
        package let reason: SweepReason
    }

    package private(set) var swept: [Name: FloatReport.Line] = [:]
    /// How many cards.
    package private(set) var left: [Left: Int] = [:]
    /// Cards whose record does not open; their value is not looked at.
    package internal(set) var damaged = 0

    mutating func add(_ due: DueValue) {
        let name = Name(unit: FloatReport.Unit(due.card.issuer, due.amount), reason: due.reason)
        swept[name, default: FloatReport.Line()].add(due.amount.minorUnits)
    }

    mutating func leave(_ reason: Left) { left[reason, default: 0] += 1 }
}
