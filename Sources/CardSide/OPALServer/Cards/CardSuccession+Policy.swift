// SPDX-License-Identifier: Apache-2.0

import CardEmulator
package import Kernel
import SecurityModule
import Wire

extension CardSuccession {
    /// As ``renew(_:at:)``; then the successor gets the limits of the old card, and is frozen where
    /// that one was. A successor whose policy was set already keeps it.
    ///
    /// `who`: in whose name the limits are set.
    /// Returns: whether the successor has the limits now. Where it is not so, who looks after the
    ///   card must set them.
    package func renewKeepingPolicy(
        _ card: CardIdentifier,
        by who: String,
        at now: Instant
    ) async throws(SuccessionRefusal) -> Bool {
        let renewal = try await renew(card, at: now)
        do throws(EmulatorFailure) {
            return try await keepPolicy(of: card, on: renewal.successor, by: who)
        } catch {
            return false
        }
    }

    private func keepPolicy(
        of card: CardIdentifier,
        on successor: CardIdentifier,
        by who: String
    ) async throws(EmulatorFailure) -> Bool {
        guard case .success(let spending?) = try await desk.policy(of: card),
            try await !wasSet(successor)
        else { return true }
        let policy = spending.policy
        if policy.isFrozen {
            guard case .success = try await desk.freeze(true, successor, by: who) else {
                return false
            }
        }
        guard let limits = policy.limits else { return true }
        guard case .success = try await desk.setLimits(limits, of: successor, by: who) else {
            return false
        }
        return true
    }

    /// Whether somebody has set a policy of this card before.
    private func wasSet(_ card: CardIdentifier) async throws(EmulatorFailure) -> Bool {
        if try await desk.describe(card)?.spending != nil { return true }
        do {
            var number: UInt64 = 0
            while true {
                let rows = try await desk.history(card, after: number, limit: Self.pageRows)
                guard let last = rows.last else { return false }
                let isSet = rows.contains { row in
                    if case .setting(.policy, _) = row.entry.event { true } else { false }
                }
                if isSet { return true }
                number = last.number
            }
        } catch {
            throw .store(error)
        }
    }

    private static let pageRows = 500
}
