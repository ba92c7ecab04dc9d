// SPDX-License-Identifier: Apache-2.0

package import Records
package import SecurityModule

/// Why the loyalty server does not do what it is asked about benefits; nothing has changed. In the
/// order in which the reasons are looked for; that a step was taken before comes before all.
package enum BenefitFailure: Error, Equatable, Sendable {
    /// The same transaction with another benefit or another member.
    case termsDiffer
    case unknownBenefit
    case unknownRedemption
    /// A stored record does not open or is not readable as one: somebody changed it.
    case damaged
    /// The member is one of another programme.
    case otherProgramme
    /// The programme no longer gives it.
    case withdrawn
    /// Nothing is left of it. No points and no money were taken.
    case soldOut
    /// More pieces than ``BenefitLimits/stockMax``.
    case stockTooLarge
    /// Less than what is reserved and handed out.
    case stockTooSmall
    /// Others changed the same benefit at the same time, again and again.
    case busy
    case store(StoreFailure)
    case module(ModuleFailure)

    /// Whether the same request may succeed later without anybody's help.
    package var isTransient: Bool {
        switch self {
        case .busy: true
        case .store(let failure): failure.isTransient
        case .module(.unavailable): true
        default: false
        }
    }
}
