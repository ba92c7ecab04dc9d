// SPDX-License-Identifier: Apache-2.0

import CardEmulator
package import Kernel
import Records
import SecurityModule
import Wire

/// What the limits of children's cards have refused: their guardians are told, and may allow it
/// once. What is kept here decides nothing; the exception is in the card's policy.
package struct PurchaseRefusals: Sendable {
    let users: UserDirectory
    private let guardians: Guardians
    private let desk: CardDesk

    package init(users: UserDirectory, desk: CardDesk) {
        self.users = users
        self.desk = desk
        guardians = Guardians(users: users, desk: desk)
    }

    /// Remembers that a limit refused an order, and tells the guardian by mail: both in one commit.
    /// A card that is no child's is left alone.
    ///
    /// `article`: what the shop wrote on its order page.
    ///
    /// Nothing depends on it: where the store does not answer, the purchase is refused all the
    /// same.
    ///
    /// - Returns: whether a guardian finds it now.
    @discardableResult
    package func note(
        _ reason: SpendingRefusal,
        of terms: OrderTerms,
        _ article: String,
        by card: CardIdentifier,
        at now: Instant
    ) async -> Bool {
        (try? await keep(reason, of: terms, article, by: card, at: now)) ?? false
    }

    private func keep(
        _ reason: SpendingRefusal,
        of terms: OrderTerms,
        _ article: String,
        by card: CardIdentifier,
        at now: Instant
    ) async throws(UserFailure) -> Bool {
        guard let holder = try await users.holder(of: card), holder.user.card == card,
            let guardian = holder.user.guardian
        else { return false }
        let key = RefusedPurchases.key(holder.key)
        for _ in 0..<UserLimits.triesMax {
            var (list, revision) = try await stored(key)
            let isNews = list.note(
                reason,
                of: terms.amount,
                at: terms.merchant,
                article,
                now
            )
            var writes = [
                try await users.records.put(key, expectedRevision: revision, list.bytes)
            ]
            if isNews, let entry = list.entries.last,
                let told = try await users.read(guardian)
            {
                let names = try await users.guardianship(of: guardian).0.entries
                let mail = users.wording.purchaseRefused(
                    to: told.user.email,
                    entry,
                    of: names.first { $0.child == holder.key }?.name,
                    at: now
                )
                writes.append(try await users.outbox.write(mail, from: users.random))
            }
            if try await users.records.commit(Transition(writes: writes)) { return true }
        }
        throw .busy
    }

    /// The refused purchases of a child, newest first.
    package func list(
        of child: UserKey,
        by guardian: UserKey,
        at now: Instant
    ) async throws(GuardianRefusal) -> [RefusedPurchase] {
        _ = try await guardians.authorize(guardian, for: child)
        do throws(UserFailure) {
            return try await stored(RefusedPurchases.key(child)).0.entries.reversed().filter {
                now < $0.refusedAt.adding(FundingLimits.refusedPurchaseKeepTime)
            }
        } catch {
            throw .unavailable
        }
    }

    // MARK: Allowing once

    /// Allows a refused purchase once: this merchant, this amount, within
    /// ``FundingLimits/allowOnceTime``.
    ///
    /// Safe to be called again with the same number: there is one exception, and the same moment is
    /// told. The answer is durable before the exception is made; should the server stop in between,
    /// the child is refused once more and the guardian is asked anew.
    ///
    /// - Returns: until when it is allowed.
    package func allowOnce(
        _ number: UInt32,
        of child: UserKey,
        by guardian: UserKey,
        named who: String,
        at now: Instant
    ) async throws(AllowOnceRefusal) -> Instant {
        let card: CardIdentifier
        do throws(GuardianRefusal) {
            card = try await guardians.authorize(guardian, for: child)
        } catch {
            throw AllowOnceRefusal(error)
        }
        let end = now.adding(FundingLimits.allowOnceTime)
        let entry = try await entry(number, of: child)
        if case .allowed(let until) = entry.state { return until }
        try await check(entry, card)
        let answered = try await answer(.allowed(until: end), number, of: child)
        if case .other(let until) = answered { return until }
        let outcome: Result<SpendingPolicy, SettingRefusal>
        do throws(EmulatorFailure) {
            outcome = try await desk.allowOnce(
                entry.merchant,
                minorUnitsMax: entry.amount.minorUnits,
                until: end,
                with: card,
                by: who
            )
        } catch {
            throw .unavailable
        }
        guard case .failure(let refusal) = outcome else { return end }
        // Surely not made: the guardian may answer again.
        _ = try await answer(.waiting, number, of: child)
        throw refusal == .exceptionsFull ? .tooMany : .nothingLimited
    }

    /// What no exception would help against.
    private func check(
        _ entry: RefusedPurchase,
        _ card: CardIdentifier
    ) async throws(AllowOnceRefusal) {
        let found: Result<CardSpending?, SettingRefusal>
        do throws(EmulatorFailure) {
            found = try await desk.policy(of: card)
        } catch {
            throw .unavailable
        }
        guard case .success(let spending) = found else { throw .unavailable }
        guard let policy = spending?.policy else { throw .nothingLimited }
        if policy.isFrozen { throw .frozen }
        guard let limits = policy.limits else { throw .nothingLimited }
        guard limits.counts(entry.amount) else { throw .otherCurrency }
    }

    private enum Answered {
        case now
        /// Somebody else has allowed it in the meantime.
        case other(until: Instant)
    }

    private func answer(
        _ state: RefusedPurchase.State,
        _ number: UInt32,
        of child: UserKey
    ) async throws(AllowOnceRefusal) -> Answered {
        let key = RefusedPurchases.key(child)
        do throws(UserFailure) {
            for _ in 0..<UserLimits.triesMax {
                var (list, revision) = try await stored(key)
                if case .allowed(let until) = list.entries.first(where: { $0.number == number })?
                    .state, state != .waiting
                {
                    return .other(until: until)
                }
                list.set(state, of: number)
                let write = try await users.records.put(
                    key,
                    expectedRevision: revision,
                    list.bytes
                )
                if try await users.records.commit(Transition(writes: [write])) { return .now }
            }
        } catch {
            throw .unavailable
        }
        throw .unavailable
    }

    private func entry(
        _ number: UInt32,
        of child: UserKey
    ) async throws(AllowOnceRefusal) -> RefusedPurchase {
        let list: RefusedPurchases
        do throws(UserFailure) {
            list = try await stored(RefusedPurchases.key(child)).0
        } catch {
            throw .unavailable
        }
        guard let entry = list.entries.first(where: { $0.number == number }) else {
            throw .notKnown
        }
        return entry
    }

    private func stored(
        _ key: RecordKey
    ) async throws(UserFailure) -> (RefusedPurchases, revision: UInt64) {
        guard let opened = try await users.records.read(key) else {
            return (RefusedPurchases(), 0)
        }
        let list = try decoded(opened.body) { body throws(WireFailure) in
            try RefusedPurchases(body)
        }
        return (list, opened.revision)
    }
}

/// Why a refused purchase is not allowed once, in the order in which the reasons are looked for.
package enum AllowOnceRefusal: Error, CaseIterable, Sendable {
    case notYourChild
    /// The child has not come for the first time.
    case noCardYet
    /// There is no such refused purchase any more.
    case notKnown
    /// The card has no limits now: the child can pay it.
    case nothingLimited
    /// A frozen card pays nothing, and has no exceptions.
    case frozen
    /// The limits count another currency, so that none of them can be excepted from.
    case otherCurrency
    /// As many exceptions are open as there can be.
    case tooMany
    case unavailable

    init(_ refusal: GuardianRefusal) {
        self =
            switch refusal {
            case .notYourChild: .notYourChild
            case .noCardYet: .noCardYet
            case .unavailable: .unavailable
            }
    }
}
