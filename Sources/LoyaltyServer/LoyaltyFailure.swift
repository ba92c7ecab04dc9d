// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
package import Wire

/// Why the loyalty server does not do what it is asked; nothing has changed. In the order in which
/// the reasons are looked for; a repeat is recognised before all of them.
package enum LoyaltyFailure: Error, Equatable, Sendable {
    // The programme.
    case programmeExists
    case unknownProgramme
    /// Exponent and home of a programme stay: points are counted in them.
    case programmeFixed
    /// It takes no new members, and purchases earn nothing.
    case programmeClosed
    // The transaction.
    /// The same transaction with another content.
    case transactionMismatch
    /// The purchase is said to have been sold and to have been recovered.
    case transactionContradicts
    /// The points of this transaction have been given back, or it was given up before it came.
    case transactionEnded
    // The member.
    case unknownMember
    /// The card has another number of this programme.
    case alreadyEnrolled(MemberNumber)
    /// The number is that of another card.
    case numberTaken
    // The points.
    /// They are on the card and are not debited here.
    case pointsOnCard
    /// No points are asked for.
    case nothingAsked
    /// There were enough, and some have expired; the amount is what can be used.
    case pointsExpired(UInt64)
    /// The amount is what can be used.
    case notEnough(UInt64)
    /// A sum would not fit into 64 bits, or a purchase earns more than a rule may give.
    case amountTooLarge
    // The earn file.
    case headerUnreadable
    case fileNameUnreadable
    case tooManyLines
    case unknownBatch
    /// The same file was begun with another number of lines.
    case batchDiffers
    /// The lines do not begin where the file goes on; the number is how many are behind it.
    case positionDiffers(UInt64)
    // The world.
    /// A stored record does not open or is not readable as one: somebody changed it.
    case damaged
    case opalServerSilent(LinkFailure)
    case opalServerRefused(PointsRefusal)
    /// What the OPAL server answered is no answer to the question.
    case answerUnreadable
    /// Others changed the same records at the same time, again and again.
    case busy
    case store(StoreFailure)
    case module(ModuleFailure)

    /// Whether the same request may succeed later without anybody's help.
    package var isTransient: Bool {
        switch self {
        case .busy, .opalServerSilent: true
        case .opalServerRefused(let refusal): refusal.isTransient
        case .store(let failure): failure.isTransient
        case .module(.unavailable): true
        default: false
        }
    }
}
