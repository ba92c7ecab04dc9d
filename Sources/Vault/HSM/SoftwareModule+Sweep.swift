// SPDX-License-Identifier: Apache-2.0

import Kernel
package import SecurityModule
import Wire

// Value that nobody uses.
extension SoftwareModule {
    package func sweep(
        _ sweep: CardSweep,
        of sealed: SealedCard,
        context: CardContext
    ) async throws(ModuleFailure) -> CardMoveStep {
        var session = try session(on: sealed, context)
        let (card, amount) = (session.record.card, sweep.amount)
        let refusal = card.refusal(
            toSweep: amount,
            sweep.reason,
            at: CardTime(context.now)
        )
        if let refusal { return .refused(refusal) }
        session.record.card.moveOut(amount)
        let swept = SweptValue(
            amount: amount,
            transaction: sweep.transaction,
            reason: sweep.reason,
            number: sweep.number,
            lastNumber: card.lastNumber,
            balance: session.record.card.balance(amount.currency, amount.exponent)
        )
        return .moved(try session.change(.swept(swept)))
    }
}
