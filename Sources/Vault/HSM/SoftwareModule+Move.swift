// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import SecurityModule
import Wire

// The value of a card that has expired, or that is renewed with newer keys.
extension SoftwareModule {
    package func moveOut(
        _ amount: Money,
        of sealed: SealedCard,
        to successor: CardIdentifier,
        transaction: TransactionIdentifier,
        context: CardContext
    ) async throws(ModuleFailure) -> CardMoveStep {
        var session = try session(on: sealed, context)
        let card = session.record.card
        // A card of an older key version is renewed before it expires: it moves what it would move
        // at the end of its days.
        let time = holdsNewer(than: card) ? CardTime.behindAllCards : CardTime(context.now)
        if let refusal = card.refusal(toMove: amount, at: time) { return .refused(refusal) }
        session.record.card.moveOut(amount)
        let move = CardMove(
            amount: amount,
            transaction: transaction,
            successor: successor,
            lastNumber: card.lastNumber,
            balance: session.record.card.balance(amount.currency, amount.exponent)
        )
        return .moved(try session.change(.moved(move)))
    }

    /// Whether there are keys of the card's issuer of a higher version than the card's.
    private func holdsNewer(than card: Card) -> Bool {
        guard card.purchaseKeyVersion < .max else { return false }
        return (card.purchaseKeyVersion + 1...UInt8.max).contains {
            holds(KeyName(issuer: card.identifier.issuer, version: $0))
        }
    }
}

extension CardTime {
    /// Behind each DEXP: 1 January 2100.
    fileprivate static let behindAllCards = CardTime(Instant(milliseconds: 4_102_444_800_000))
}
