// SPDX-License-Identifier: Apache-2.0

import ClientCode
package import Kernel
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
        var ends: [TransactionIdentifier: [CardPaymentEnd]] = [:]
        var unseenEnds: Set<TransactionIdentifier> = []
        var handedOut: [TransactionIdentifier: Int] = [:]
        var sights: Set<Sight> = []
    }

    /// What was told of loads.
    let loads = LoadStory()
    let funding = FundingStory()
    private let state = Mutex(State())
    private let clock: VirtualClock
    private let start: Instant

    /// `start`: when the story begins.
    package init(_ clock: VirtualClock, since start: Instant = VirtualClock.noon) {
        self.clock = clock
        self.start = start
    }

    package var lines: [String] { state.withLock(\.lines) }
    /// What people were told, where they saw all answers.
    var told: [Claim: [PurchaseOutcome]] { state.withLock(\.told) }
    /// Where an answer was not seen, so that what was told may have been overtaken.
    var unseen: Set<Claim> { state.withLock(\.unseen) }

    /// What a client terminal with a card in its reader said.
    var ends: [TransactionIdentifier: [CardPaymentEnd]] { state.withLock(\.ends) }
    /// Where a client terminal has said nothing, or not everything.
    var unseenEnds: Set<TransactionIdentifier> { state.withLock(\.unseenEnds) }
    /// Orders whose goods somebody has got, with how often the shop said that it is the first time.
    var handedOut: [TransactionIdentifier: Int] { state.withLock(\.handedOut) }
    /// What was seen, as far as the databases do not say it.
    var sights: Set<Sight> { state.withLock(\.sights) }

    func note(_ sight: Sight) { state.withLock { _ = $0.sights.insert(sight) } }

    /// Notes that goods were handed out.
    func note(_ delivery: MerchantModule.Delivery) {
        state.withLock {
            $0.handedOut[delivery.order.transaction, default: 0] += delivery.isFirst ? 1 : 0
        }
    }

    /// Adds a line, led by the time since the beginning.
    func add(_ line: String) {
        let passed = clock.now.milliseconds - start.milliseconds
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
        if case .pending = outcome { note(.pending) }
        return switch outcome {
        case .paid: "paid"
        case .pending: "pending"
        case .refused(let refusal): "refused (\(refusal.word))"
        case .refusedByLimit(let refusal): "refused by a limit (\(refusal.word))"
        }
    }

    /// Notes what a client terminal said, or that nobody saw it, and says it in a word.
    func tell(_ end: CardPaymentEnd?, of transaction: TransactionIdentifier) -> String {
        guard let end else {
            state.withLock { _ = $0.unseenEnds.insert(transaction) }
            return "no answer"
        }
        state.withLock { $0.ends[transaction, default: []].append(end) }
        switch end {
        case .paid:
            note(.readerPaid)
            return "paid"
        case .notTaken(let problem): return "not taken (\(problem))"
        case .putBack:
            note(.readerPutBack)
            return "put back"
        case .pending(_, let problem): return "pending (\(problem))"
        }
    }
}
