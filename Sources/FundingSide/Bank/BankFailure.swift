// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
package import Wire

/// Why the bank does not do what it is asked; nothing has changed. In the order in which the
/// reasons are looked for.
package enum BankFailure: Error, Equatable, Sendable {
    case unknownAccount
    case accountExists
    /// The name of an owner is empty, too long, or holds a control character.
    case ownerUnreadable
    /// There is no such question about a card, or it is of another account.
    case unknownInquiry
    case unknownLoad
    /// A stored record does not open or is not readable as one: somebody changed it.
    case damaged
    /// A result, or a card's information, does not open: it was forged, changed, or is for another
    /// load.
    case resultForged
    /// It opens, and says another transaction, bank, card, issuer, amount or currency.
    case resultMismatch
    /// The load had ended before, in another way than this result says.
    case resultContradicts
    /// Another load was begun with this answer of the card.
    case alreadyBegun(TransactionIdentifier)
    /// The card's information has not come yet.
    case notAnswered
    /// It came too long ago; ask again.
    case informationTooOld
    /// The load is no longer open, so that it has no page.
    case notOpen(HoldState)
    /// The load was begun too long ago to be carried out.
    case tooOld
    /// The card does not hold the currency of the account.
    case currencyDiffers
    /// Less than the bank loads; the amount is the least.
    case belowMinimum(UInt64)
    /// More than the card can take (FIG. 18A, step 873); the amount is the most.
    case aboveMaximum(UInt64)
    /// The bank has no funds pool of the card's issuer.
    case issuerUnknown
    /// More than the account has; the amount is what can be used.
    case insufficientFunds(UInt64)
    /// A sum would not fit into 64 bits.
    case amountTooLarge
    /// The load server could not be asked, or did not answer.
    case loadServerSilent(LinkFailure)
    /// The load server refused the question.
    case loadServerRefused(LoadRefusal)
    /// What the load server answered is no answer to the question.
    case answerUnreadable
    /// Others changed the same records at the same time, again and again.
    case busy
    case store(StoreFailure)
    case module(ModuleFailure)

    /// Whether the same request may succeed later without anybody's help.
    package var isTransient: Bool {
        switch self {
        case .busy, .loadServerSilent: true
        case .loadServerRefused(let refusal): refusal.isTransient
        case .store(let failure): failure.isTransient
        case .module(.unavailable): true
        default: false
        }
    }
}
