// SPDX-License-Identifier: Apache-2.0

import Bank
import Kernel
import OPALServer
import Synchronization
import Wire

/// What people of a run were told of loads.
final class LoadStory: Sendable {
    private struct State {
        var names: [TransactionIdentifier: Int] = [:]
        var told: [Story.Claim: [CardLoadOutcome]] = [:]
        var unseen: Set<Story.Claim> = []
        var toldAtBank: [TransactionIdentifier: Set<HoldState>] = [:]
    }

    private let state = Mutex(State())

    /// At the OPAL server, by load and card.
    var told: [Story.Claim: [CardLoadOutcome]] { state.withLock(\.told) }
    /// Where an answer was not seen.
    var unseen: Set<Story.Claim> { state.withLock(\.unseen) }
    /// At the bank.
    var toldAtBank: [TransactionIdentifier: Set<HoldState>] { state.withLock(\.toldAtBank) }

    /// `load 3`.
    func name(_ transaction: TransactionIdentifier) -> String {
        state.withLock { state in
            let number = state.names[transaction] ?? state.names.count + 1
            state.names[transaction] = number
            return "load \(number)"
        }
    }

    /// Whether this is the transaction of a load that was named.
    func isKnown(_ transaction: TransactionIdentifier) -> Bool {
        state.withLock { $0.names[transaction] != nil }
    }

    /// Notes what a person was told, or that nobody saw the answer, and says it in a word.
    func tell(_ outcome: CardLoadOutcome?, _ page: LoadPage, _ card: CardIdentifier) -> String {
        let claim = Story.Claim(transaction: page.terms.transaction, card: card)
        guard let outcome else {
            state.withLock { _ = $0.unseen.insert(claim) }
            return "no answer"
        }
        state.withLock { $0.told[claim, default: []].append(outcome) }
        return switch outcome {
        case .loaded: "loaded"
        case .pending: "pending"
        case .refused(let refusal, let receipt):
            "not loaded (\(refusal))" + (receipt == nil ? ", may try again" : "")
        }
    }

    /// Notes what the bank said.
    func tell(_ hold: HoldView) -> String {
        state.withLock { _ = $0.toldAtBank[hold.transaction, default: []].insert(hold.state) }
        return "\(hold.state)"
    }
}

/// What people were told of loads and is not true, once everything has come to its end.
struct LoadFalsehoods {
    let story: LoadStory
    let ledger: Ledger

    var violations: [Violation] {
        var found: [Violation] = []
        for (claim, outcomes) in story.told { found += violations(claim, outcomes) }
        for (transaction, states) in story.toldAtBank {
            let hold = ledger.loads.holds[transaction]?.state
            if states.contains(.loaded), hold != .loaded { found.append(.toldLoaded(transaction)) }
            if states.contains(.released), hold != .released {
                found.append(.toldNotLoaded(transaction))
            }
        }
        return found
    }

    /// Who is told that a card is loaded has the value; who is told that it is not, and never will
    /// be, has not; and who is told that nothing was begun has begun nothing.
    private func violations(_ claim: Story.Claim, _ outcomes: [CardLoadOutcome]) -> [Violation] {
        let load = ledger.loads.loads[claim.transaction]
        let isLoaded = load?.state == .loaded
        let isOwn = isLoaded && load?.card == claim.card
        var found: [Violation] = []
        var wasToldNothing = true
        for outcome in outcomes {
            switch outcome {
            case .loaded:
                wasToldNothing = false
                if !isOwn { found.append(.toldLoaded(claim.transaction)) }
            case .refused(_, .some):
                if isLoaded { found.append(.toldNotLoaded(claim.transaction)) }
            case .refused(.loadInProgress, nil), .refused(.alreadyLoaded, nil):
                wasToldNothing = false
            case .refused(_, nil): break
            case .pending: wasToldNothing = false
            }
        }
        if isOwn, wasToldNothing, !story.unseen.contains(claim) {
            found.append(.toldNotLoaded(claim.transaction))
        }
        return found
    }
}
