// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Synchronization

/// What people of a run were told of loads from accounts on file.
final class FundingStory: Sendable {
    private struct State {
        var names: [TransactionIdentifier: Int] = [:]
        var told: [TransactionIdentifier: [AccountLoadOutcome]] = [:]
        var unseen: Set<TransactionIdentifier> = []
    }

    private let state = Mutex(State())

    var told: [TransactionIdentifier: [AccountLoadOutcome]] { state.withLock(\.told) }
    /// Where an answer was not seen.
    var unseen: Set<TransactionIdentifier> { state.withLock(\.unseen) }

    /// `account load 3`.
    func name(_ transaction: TransactionIdentifier) -> String {
        state.withLock { state in
            let number = state.names[transaction] ?? state.names.count + 1
            state.names[transaction] = number
            return "account load \(number)"
        }
    }

    /// Notes what a person was told, or that nobody saw the answer, and says it in a word.
    func tell(_ outcome: AccountLoadOutcome?, _ transaction: TransactionIdentifier) -> String {
        guard let outcome else {
            state.withLock { _ = $0.unseen.insert(transaction) }
            return "no answer"
        }
        state.withLock { $0.told[transaction, default: []].append(outcome) }
        return switch outcome {
        case .loaded: "loaded"
        case .pending: "pending"
        case .refused(let refusal): "not loaded (\(refusal))"
        case .throttled: "too many tries"
        }
    }
}

/// What people were told of loads from accounts and is not true, once everything has come to its
/// end.
struct FundingFalsehoods {
    let story: FundingStory
    let ledger: Ledger

    var violations: [Violation] {
        var found: [Violation] = []
        for (transaction, outcomes) in story.told { found += violations(transaction, outcomes) }
        return found
    }

    private func violations(
        _ transaction: TransactionIdentifier,
        _ outcomes: [AccountLoadOutcome]
    ) -> [Violation] {
        let load = ledger.funding.loads[transaction]
        let isLoaded = load?.state.isLoaded == true
        var found: [Violation] = []
        var (isPending, wasToldEnd) = (false, false)
        for outcome in outcomes {
            switch outcome {
            case .loaded:
                wasToldEnd = true
                if !isLoaded { found.append(.toldLoaded(transaction)) }
            case .refused(let refusal) where refusal == load?.refusal: wasToldEnd = true
            // Nothing was begun, or the load could not be looked up: it may be tried again.
            case .refused(let refusal) where refusal.mayLeaveNoTrace:
                if isLoaded, outcomes.count == 1, !story.unseen.contains(transaction) {
                    found.append(.toldNotLoaded(transaction))
                }
            case .refused:
                wasToldEnd = true
                if isLoaded { found.append(.toldNotLoaded(transaction)) }
            case .pending: isPending = true
            case .throttled: break
            }
        }
        // Where the store answers neither a commit nor the look after it, pending is all that can
        // be told.
        if isPending, !wasToldEnd, !story.unseen.contains(transaction),
            !ledger.unread.contains(AccountLoadRecord.key(transaction)),
            !ledger.accountMails.contains(where: { $0.transaction == transaction })
        {
            found.append(.receipts(transaction, count: 0))
        }
        return found
    }
}

extension AccountLoadRefusal {
    /// Whether it may have been told before anything was durable.
    fileprivate var mayLeaveNoTrace: Bool {
        switch self {
        case .transactionReused, .transactionForged, .noFundingAccount, .accountExpired,
            .notAllowed, .unknownCard, .cardDamaged, .cardBlocked, .cardExpired, .currencyNotHeld,
            .belowMinimum, .aboveMaximum, .numbersUsedUp, .busy, .storeUnavailable:
            true
        case .refusedByLimit, .declined, .insufficientFunds, .accountUnknown, .limitExceeded,
            .accountRestricted, .notPermitted, .issuerUnavailable, .addressMismatch,
            .verificationValueMismatch, .cardSignatureWrong, .loadModuleSignatureWrong,
            .gatewayRefused, .gatewaySilent:
            false
        }
    }
}
