// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Synchronization
import Wire

/// Cards whose answers are not what their security module made: says which debit meets that, and
/// remembers which did.
package final class CardForger: Sendable {
    private struct State {
        var forged: [TransactionIdentifier: Forgery] = [:]
        var notice: @Sendable (DebitIEP, CardIdentifier, Forgery) -> Void = { _, _, _ in }
    }

    package let plan = FaultPlan<Forgery>()
    private let state = Mutex(State())

    /// What was changed, by transaction.
    var forged: [TransactionIdentifier: Forgery] { state.withLock(\.forged) }

    /// Tells `notice` of each answer that is changed.
    func tell(_ notice: @escaping @Sendable (DebitIEP, CardIdentifier, Forgery) -> Void) {
        state.withLock { $0.notice = notice }
    }

    /// The step as it leaves the card.
    func step(_ step: CardStep, to command: DebitIEP, of card: CardIdentifier) -> CardStep {
        guard step.response.status == .done, let answer = try? DebitAnswer(step.response.data),
            answer.completion == .done, let forgery = plan.next()
        else { return step }
        let notice = state.withLock { state in
            state.forged[command.transaction] = forgery
            return state.notice
        }
        notice(command, card, forgery)
        return CardStep(
            ResponseAPDU(data: forgery.applied(to: answer).bytes, status: .done),
            dialogue: step.dialogue,
            change: step.change
        )
    }
}
