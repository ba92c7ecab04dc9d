// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import SecurityModule

// The standing top-up of the own card.
extension StandingOrders {
    /// Orders a top-up, or changes the one that there is. What was loaded this month stays counted.
    package func setTopUp(
        _ rule: TopUpRule,
        for user: UserKey,
        at now: Instant
    ) async throws(StandingOrderRefusal) {
        _ = try await checked(rule, for: user)
        try await change(
            TopUpRecord.key(user),
            of: user,
            telling: { users.wording.topUpSet(to: $0, rule, at: now) }
        ) { ordered($0, rule, user, at: now) }
    }

    /// The card and its purse, where it can have this top-up.
    func checked(
        _ rule: TopUpRule,
        for user: UserKey
    ) async throws(StandingOrderRefusal) -> (CardIdentifier, AccountLoads.BalanceRoom) {
        let card = try await payerCard(user)
        let purse = try await purse(of: card, rule.amount)
        if !rule.fits(balanceMax: purse.balanceMax) { throw .aboveMaximum }
        return (card, purse)
    }

    /// What the order becomes.
    func ordered(
        _ known: TopUpRecord?,
        _ rule: TopUpRule,
        _ user: UserKey,
        at now: Instant
    ) -> TopUpRecord {
        var next = known ?? TopUpRecord(user: user, rule: rule, at: now)
        next.rule = rule
        next.isActive = true
        next.stoppedFor = nil
        return next
    }

    /// Ends a top-up. What is being loaded at this moment ends by itself.
    package func endTopUp(for user: UserKey) async throws(StandingOrderRefusal) {
        try await end(TopUpRecord.self, TopUpRecord.key(user))
    }

    /// - Returns: nil where there never was one; it may have been ended or stopped.
    package func topUp(
        of user: UserKey
    ) async throws(StandingOrderRefusal) -> TopUpRecord? {
        try await asking { () async throws(UserFailure) in
            try await stored(TopUpRecord.self, TopUpRecord.key(user))?.order
        }
    }

    /// The card of a user who has an account.
    private func payerCard(
        _ user: UserKey
    ) async throws(StandingOrderRefusal) -> CardIdentifier {
        let found = try await asking { () async throws(UserFailure) in try await users.read(user) }
        guard let found, found.user.account != nil else { throw .noFundingAccount }
        guard let card = found.user.card else { throw .noCardYet }
        return card
    }

    // MARK: Running

    func run(_ stored: StoredOrder<TopUpRecord>, at now: Instant) async {
        guard let stored = await taken(stored, at: now), let current = stored.order.current,
            now >= current.notBefore, let ending = await attempt(current, of: stored.order)
        else { return }
        var next = stored.order
        next.turnMonth(at: now)
        var mail: MailMessage?
        switch ending {
        case .loaded: next.current = nil
        case .notLoaded(let refusal):
            if next.isActive, let again = current.after(failureAt: now) {
                next.current = again
            } else {
                next.stoppedFor = next.isActive ? refusal : nil
                next.isActive = false
                next.giveBack()
            }
            if stored.order.isActive {
                let email: String?
                do throws(AccountLoadRefusal) {
                    email = try await loads.email(of: next.user)
                } catch {
                    // The next round finds the same end, and tells it.
                    return
                }
                mail = email.map {
                    users.wording.topUpFailed(
                        to: $0,
                        current.amount,
                        refusal,
                        isRepeated: next.isActive,
                        at: now
                    )
                }
            }
        }
        _ = try? await commit(next, expectedRevision: stored.revision, mail)
    }

    /// The order with what is to be done now, durable.
    private func taken(
        _ stored: StoredOrder<TopUpRecord>,
        at now: Instant
    ) async -> StoredOrder<TopUpRecord>? {
        var next = stored.order
        if let current = next.current {
            guard current.failures > 0, let balance = await balance(for: next),
                balance >= next.rule.threshold, await forbid(current, of: next)
            else { return stored }
            // Between two attempts somebody else has loaded the card. What is given back is loaded
            // by nobody: it would not be counted.
            next.giveBack()
            return try? await commit(next, expectedRevision: stored.revision)
        }
        next.turnMonth(at: now)
        guard next.isActive, let balance = await balance(for: next),
            next.rule.isDue(balance: balance, loadedThisMonth: next.loadedThisMonth)
        else { return nil }
        next.take(at: now)
        return try? await commit(next, expectedRevision: stored.revision)
    }

    /// The balance that a rule looks at; nil where the card could not be loaded now anyway.
    private func balance(for order: TopUpRecord) async -> UInt64? {
        guard let card = try? await users.read(order.user)?.user.card,
            let usable = try? await loads.usable(card)
        else { return nil }
        return try? loads.room(on: usable, for: order.rule.amount).balance.minorUnits
    }
}
