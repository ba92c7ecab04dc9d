// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

/// Why the clearing house does not do what it is asked; nothing has changed.
package enum ClearingFailure: Error, Equatable, Sendable {
    // What is on file.
    /// Terms have not been set yet.
    case noTerms
    /// The minor unit of a currency stays: payouts are counted in it.
    case currencyFixed(Currency)
    case unknownCurrency(Currency)
    case unknownIssuer
    case unknownAcquirer
    case unknownMerchant
    case unknownPayout
    case unknownSale
    case unknownBatch
    /// The merchant is that of another acquirer.
    case otherAcquirer(UInt32)
    /// The merchant has no account in the currency.
    case notPaidIn(Currency)
    // Fees and terms.
    /// Sales of the day have been charged; the first day on which a fee can change, nil where there
    /// is none.
    case feeTooEarly(BusinessDay?)
    /// No rule ends on the day, or nothing begins or ends on it.
    case noFee
    /// There is room for no more rules.
    case tooManyFees
    case termsOutOfRange
    /// A settlement is under way.
    case settlementRuns
    /// One of the old and the new cut-off has passed today, and the other one has not.
    case cutOffBetween
    /// Somebody else has changed the same in between.
    case changedMeanwhile
    // Suspense.
    case notSuspended
    /// It was released or rejected before.
    case suspenseEnded
    /// What kept the sale from being cleared still does.
    case stillSuspended(SuspenseReason)
    // The bank statement.
    case unknownStatement
    /// The same statement was begun with other figures.
    case statementDiffers
    /// The lines do not begin where the statement goes on; the number is how many are behind it.
    case positionDiffers(UInt32)
    case tooManyLines
    case unknownLine
    case lineEnded
    /// The same payment came in with another line.
    case paidInBefore
    /// The line is of no payout that was given back to its account.
    case payoutNotGivenBack
    // Settlement.
    /// A bank statement shows that the payout was made.
    case payoutPaid
    /// A day that lies ahead was settled, when the clock was wrong.
    case settledAhead(BusinessDay)
    // The world.
    /// A sum of the books would be too large.
    case amountTooLarge
    /// A stored record does not open or is not readable as one: somebody changed it.
    case damaged(String)
    case issuerSilent(IssuerIdentifier)
    /// Others changed the same records at the same time, again and again.
    case busy
    case store(StoreFailure)
    case module(ModuleFailure)

    /// Whether the same request may succeed later without anybody's help.
    package var isTransient: Bool {
        switch self {
        case .busy, .issuerSilent: true
        case .store(let failure): failure.isTransient
        case .module(.unavailable): true
        default: false
        }
    }
}
