// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import SecurityModule
import Wire

// The value of a card that has expired.
extension SoftwareModule {
    package func moveOut(
        _ amount: Money,
        of sealed: SealedCard,
        to successor: CardIdentifier,
        transaction: TransactionIdentifier,
        context: CardContext
    ) async throws(ModuleFailure) -> CardMoveStep {
        var session = CardSession(
            record: try open(sealed),
            revision: sealed.revision,
            dialogue: nil,
            context: context,
            module: self
        )
        let card = session.record.card
        if let refusal = card.refusal(toMove: amount, at: CardTime(context.now)) {
            return .refused(refusal)
        }
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
}
