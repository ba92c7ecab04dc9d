// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import Synchronization
import Wire

/// What happened in a run, in a few words for each step, and what people were told.
package final class Story: Sendable {
    /// What somebody was told of one transaction and card.
    struct Claim: Hashable {
        let transaction: TransactionIdentifier
        let card: CardIdentifier
    }

    private struct State {
        var lines: [String] = []
        var names: [TransactionIdentifier: Int] = [:]
        var told: [Claim: [PurchaseOutcome]] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    package var lines: [String] { state.withLock(\.lines) }
    var told: [Claim: [PurchaseOutcome]] { state.withLock(\.told) }

    func add(_ line: String) {
        state.withLock { $0.lines.append(line) }
    }

    /// `order 3`, so that nobody has to compare transaction identifiers by eye.
    func name(_ transaction: TransactionIdentifier) -> String {
        state.withLock { state in
            let number = state.names[transaction] ?? state.names.count + 1
            state.names[transaction] = number
            return "order \(number)"
        }
    }

    /// Notes what a person was told, and says it in a word.
    func tell(_ outcome: PurchaseOutcome, _ page: OrderPage, _ card: CardIdentifier) -> String {
        let claim = Claim(transaction: page.terms.transaction, card: card)
        state.withLock { $0.told[claim, default: []].append(outcome) }
        return switch outcome {
        case .paid: "paid"
        case .pending: "pending"
        case .refused(let refusal): "refused (\(refusal.word))"
        }
    }
}
