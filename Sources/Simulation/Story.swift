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
        var unseen: Set<Claim> = []
    }

    private let state = Mutex(State())
    private let clock: VirtualClock

    package init(_ clock: VirtualClock) {
        self.clock = clock
    }

    package var lines: [String] { state.withLock(\.lines) }
    /// What people were told, where they saw all answers.
    var told: [Claim: [PurchaseOutcome]] { state.withLock(\.told) }
    /// Where an answer was not seen, so that what was told may have been overtaken.
    var unseen: Set<Claim> { state.withLock(\.unseen) }

    /// Adds a line, led by the time since the beginning.
    func add(_ line: String) {
        let passed = clock.now.milliseconds - VirtualClock.noon.milliseconds
        let (minutes, rest) = (passed / 60_000, passed % 60_000)
        let (seconds, milliseconds) = (rest / 1000, rest % 1000)
        func padded(_ number: Int64, _ digits: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        let time = "\(padded(minutes, 2)):\(padded(seconds, 2)).\(padded(milliseconds, 3))"
        state.withLock { $0.lines.append("\(time)  \(line)") }
    }

    /// `order 3`, so that nobody has to compare transaction identifiers by eye.
    func name(_ transaction: TransactionIdentifier) -> String {
        state.withLock { state in
            let number = state.names[transaction] ?? state.names.count + 1
            state.names[transaction] = number
            return "order \(number)"
        }
    }

    /// Notes what a person was told, or that nobody saw the answer, and says it in a word.
    func tell(_ outcome: PurchaseOutcome?, _ page: OrderPage, _ card: CardIdentifier) -> String {
        let claim = Claim(transaction: page.terms.transaction, card: card)
        guard let outcome else {
            state.withLock { _ = $0.unseen.insert(claim) }
            return "no answer"
        }
        state.withLock { $0.told[claim, default: []].append(outcome) }
        return switch outcome {
        case .paid: "paid"
        case .pending: "pending"
        case .refused(let refusal): "refused (\(refusal.word))"
        case .refusedByLimit(let refusal): "refused by a limit (\(refusal.word))"
        }
    }
}
