// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What an issuer owes its cardholders, at one moment: by issuer and unit, by how long ago cards
/// were last used, and by the month in which they expire. Its size does not depend on how many
/// cards there are.
package struct FloatReport: Equatable, Sendable {
    /// One BIN in one currency at one exponent, programmes included.
    package struct Unit: Hashable, Sendable {
        package let issuer: IssuerIdentifier
        package let currency: Currency
        package let exponent: Exponent

        init(_ issuer: IssuerIdentifier, _ amount: Money) {
            self.issuer = issuer
            currency = amount.currency
            exponent = amount.exponent
        }
    }

    /// Whole months since the last load, debit, recovery or move.
    package enum Age: Int, CaseIterable, Sendable {
        case underOne = 0
        case underThree = 1
        case underSix = 3
        case underTwelve = 6
        case underTwentyFour = 12
        case underThirtySix = 24
        case older = 36
        /// Nothing was ever loaded or paid.
        case never = -1

        /// `months`: nil where there was no movement.
        init(months: Int?) {
            guard let months else {
                self = .never
                return
            }
            self = Age.allCases.last { $0 != .never && $0.rawValue <= months } ?? .underOne
        }
    }

    /// Purses, and what is in them.
    package struct Line: Equatable, Sendable {
        /// Of a unit each card has one purse.
        package private(set) var cards: Int
        /// Minor units.
        package private(set) var value: UInt64

        package init(cards: Int = 0, value: UInt64 = 0) {
            self.cards = cards
            self.value = value
        }

        mutating func add(_ value: UInt64) {
            cards += 1
            // What was loaded fits into 64 bits, for all cards together.
            self.value &+= value
        }
    }

    /// The sums of one unit.
    package struct Sums: Equatable, Sendable {
        package var all = Line()
        package var byAge: [Age: Line] = [:]
        /// By year × 100 + month of DEXP.
        package var byExpiry: [Int: Line] = [:]
        /// Value without a movement for as long as the issuer's rule says, on cards that are valid.
        package var dormant = Line()
        /// Value on cards that have expired.
        package var expired = Line()
    }

    package let at: Instant
    package internal(set) var sums: [Unit: Sums] = [:]
    /// The rules that applied.
    package internal(set) var rules: [IssuerIdentifier: DormancyRule] = [:]
    /// Cards whose record does not open: they are in no sum, and in the findings of the audit.
    package internal(set) var damaged = 0

    init(at moment: Instant) {
        at = moment
    }
}

/// Money that the rule of its issuer gives up: what is to be moved to the account of expired value.
package struct DueValue: Equatable, Sendable {
    package let card: CardIdentifier
    package let amount: Money
    package let reason: SweepReason
    /// Of the card, when this was found.
    package let revision: UInt64
    package let isBlocked: Bool
}
