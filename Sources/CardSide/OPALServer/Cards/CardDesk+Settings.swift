// SPDX-License-Identifier: Apache-2.0

package import CardEmulator
package import Kernel
import Records
package import SecurityModule
import Wire

// What the issuer, a guardian or a person sets on a card. Each setting is a row of the card's
// history, in the name of who made it, and is made whatever else happens to the card at the same
// time. Whether that person may is for the caller to know.
extension CardDesk {
    /// Who sets something where nobody is named.
    package static let operatorName = "operator"

    // MARK: Blocking

    /// Blocks or unblocks a card. A card whose history takes no further row, because somebody
    /// changed it or the record, is blocked without one; it cannot be unblocked.
    ///
    /// - Returns: false where there is no such card.
    /// - Throws: `.store`, `.module`, `.setBack`, `.conflict`.
    package func setBlocked(
        _ isBlocked: Bool,
        _ card: CardIdentifier,
        by who: String = CardDesk.operatorName
    ) async throws(EmulatorFailure) -> Bool {
        do throws(EmulatorFailure) {
            let outcome = try await set(card, by: who) { description in
                let isSo =
                    description.isBlocked == isBlocked
                    && (isBlocked || description.wrongSignatures == 0)
                return .success(isSo ? nil : .blocked(isBlocked))
            }
            if case .failure = outcome { return false }
            return true
        } catch .setBack where isBlocked {
            await emulator.stop(card)
            return true
        }
    }

    // MARK: The spending policy

    /// The policy of a card and what counts against it.
    ///
    /// - Returns: `.none` where nothing is refused.
    package func policy(
        of card: CardIdentifier
    ) async throws(EmulatorFailure) -> Result<CardSpending?, SettingRefusal> {
        guard let description = try await describe(card) else { return .failure(.unknownCard) }
        return .success(description.spending)
    }

    /// Sets the limits of a card, or lifts them all. Whether it is frozen stays as it is; what was
    /// spent stays counted.
    ///
    /// - Parameters:
    ///   - limits: nil for none.
    ///   - card: whose they are.
    ///   - who: in whose name.
    /// - Returns: the policy afterwards; `.unknownCard`, `.otherCurrency`.
    /// - Throws: as ``setBlocked(_:_:by:)``.
    package func setLimits(
        _ limits: SpendingLimits?,
        of card: CardIdentifier,
        by who: String
    ) async throws(EmulatorFailure) -> Result<SpendingPolicy, SettingRefusal> {
        try await changePolicy(of: card, by: who) { policy throws(SettingRefusal) in
            policy.set(limits)
        }
    }

    /// Freezes a card, or unfreezes it. A frozen card can be loaded.
    package func freeze(
        _ isFrozen: Bool,
        _ card: CardIdentifier,
        by who: String
    ) async throws(EmulatorFailure) -> Result<SpendingPolicy, SettingRefusal> {
        try await changePolicy(of: card, by: who) { policy throws(SettingRefusal) in
            policy.isFrozen = isFrozen
        }
    }

    /// Allows one purchase that a limit of the card refuses. It counts like any other.
    ///
    /// - Parameters:
    ///   - merchant: who is paid.
    ///   - minorUnitsMax: the most that it may cost.
    ///   - end: from when on it is not allowed any more.
    ///   - card: who pays.
    ///   - who: in whose name.
    /// - Returns: the policy afterwards; `.unknownCard`, `.noLimits`, `.alreadyOver`,
    ///   `.exceptionsFull`.
    /// - Throws: as ``setBlocked(_:_:by:)``.
    package func allowOnce(
        _ merchant: MerchantIdentifier,
        minorUnitsMax: UInt64,
        until end: Instant,
        with card: CardIdentifier,
        by who: String
    ) async throws(EmulatorFailure) -> Result<SpendingPolicy, SettingRefusal> {
        let now = now()
        return try await changePolicy(of: card, by: who) { policy throws(SettingRefusal) in
            try policy.allowOnce(merchant, minorUnitsMax: minorUnitsMax, until: end, now: now)
        }
    }

    /// Takes back what was allowed once and not used yet.
    ///
    /// - Returns: the policy afterwards; `.unknownCard`, `.unknownException`.
    package func withdraw(
        exception number: UInt32,
        of card: CardIdentifier,
        by who: String
    ) async throws(EmulatorFailure) -> Result<SpendingPolicy, SettingRefusal> {
        try await changePolicy(of: card, by: who) { policy throws(SettingRefusal) in
            guard policy.remove(exception: number) else { throw .unknownException }
        }
    }

    /// Why a card would refuse an order now, by its limits alone: to be told before it is tried.
    package func refusal(
        of terms: OrderTerms,
        by card: CardDescription
    ) async throws(EmulatorFailure) -> SpendingRefusal? {
        guard let spending = card.spending else { return nil }
        do throws(StoreFailure) {
            return try await emulator.refusal(of: terms, by: spending, at: now())
        } catch {
            throw .store(error)
        }
    }

    // MARK: Settings

    /// Changes the policy that the card has at the moment of the commit.
    private func changePolicy(
        of card: CardIdentifier,
        by who: String,
        _ change: (inout SpendingPolicy) throws(SettingRefusal) -> Void
    ) async throws(EmulatorFailure) -> Result<SpendingPolicy, SettingRefusal> {
        var policy = SpendingPolicy.none
        let outcome = try await set(card, by: who) { description in
            let present = description.spending?.policy ?? .none
            policy = present
            do throws(SettingRefusal) {
                try change(&policy)
            } catch {
                return .failure(error)
            }
            return .success(policy == present ? nil : .policy(policy))
        }
        return outcome.map { policy }
    }

    /// Makes a setting of the card as it is, and again of the card as it is then where somebody
    /// else was first.
    ///
    /// `choose`: what is set; nil where it is so already.
    private func set(
        _ card: CardIdentifier,
        by who: String,
        _ choose: (CardDescription) -> Result<CardSetting?, SettingRefusal>
    ) async throws(EmulatorFailure) -> Result<Void, SettingRefusal> {
        precondition(CardHistoryEntry.isName(who))
        var unexplained = 0
        for _ in 0..<CardDesk.conflictsMax {
            guard let sealed = try await fetch(card) else { return .failure(.unknownCard) }
            let outcome: Result<CardChange, SettingRefusal>
            do throws(ModuleFailure) {
                switch choose(try await module.describe(sealed)) {
                case .failure(let refusal): return .failure(refusal)
                case .success(nil): return .success(())
                case .success(let setting?):
                    outcome = try await module.set(
                        setting,
                        by: who,
                        on: sealed,
                        context: CardContext(random: 0, now: now(), note: "")
                    )
                }
            } catch {
                throw .module(error)
            }
            guard case .success(let change) = outcome else { return outcome.map { _ in } }
            do throws(EmulatorFailure) {
                try await emulator.commit(change, expected: sealed.revision)
                return .success(())
            } catch .conflict {
                // Where nobody was first, it is the history that does not take the row.
                if try await fetch(card)?.revision == sealed.revision { unexplained += 1 }
                if unexplained == CardDesk.unexplainedMax { throw .setBack }
            }
        }
        throw .conflict
    }

    private func fetch(_ card: CardIdentifier) async throws(EmulatorFailure) -> SealedCard? {
        do throws(StoreFailure) {
            return try await emulator.fetch(card)
        } catch {
            throw .store(error)
        }
    }

    /// A card in use changes under the operator's hand; after so many tries the operator is told.
    private static let conflictsMax = 100
    /// Conflicts of a card that nobody has changed, before its history is taken for the reason.
    private static let unexplainedMax = 3
}
