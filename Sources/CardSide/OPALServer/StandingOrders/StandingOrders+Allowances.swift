// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import SecurityModule

// A guardian's weekly allowance for a child.
extension StandingOrders {
    /// Orders an allowance, or changes the one that there is. It is first paid at the next moment
    /// of the schedule, but no second time in one week.
    package func setAllowance(
        of amount: Money,
        _ schedule: WeeklySchedule,
        for child: UserKey,
        by guardian: UserKey,
        at now: Instant
    ) async throws(StandingOrderRefusal) {
        _ = try await checked(amount, for: child, by: guardian)
        try await change(
            AllowanceRecord.key(guardian, child),
            of: guardian,
            telling: { users.wording.allowanceSet(to: $0, amount, at: now) }
        ) { ordered($0, amount, schedule, child, guardian, at: now) }
    }

    /// The child's card and its purse, where it can have this allowance.
    func checked(
        _ amount: Money,
        for child: UserKey,
        by guardian: UserKey
    ) async throws(StandingOrderRefusal) -> (CardIdentifier, AccountLoads.BalanceRoom) {
        let card = try await card(of: child, by: guardian)
        let purse = try await purse(of: card, amount)
        if amount.minorUnits > purse.balanceMax { throw .aboveMaximum }
        return (card, purse)
    }

    /// What the order becomes.
    func ordered(
        _ known: AllowanceRecord?,
        _ amount: Money,
        _ schedule: WeeklySchedule,
        _ child: UserKey,
        _ guardian: UserKey,
        at now: Instant
    ) -> AllowanceRecord {
        let lastTaken = known?.lastTaken?.by(schedule.offset)
        let dueAt = schedule.next(after: max(now, lastTaken?.lastBefore ?? now))
        var next =
            known
            ?? AllowanceRecord(
                guardian: guardian,
                child: child,
                amount: amount,
                schedule: schedule,
                dueAt: dueAt
            )
        next.amount = amount
        next.schedule = schedule
        next.dueAt = dueAt
        next.lastTaken = lastTaken
        next.isActive = true
        return next
    }

    /// Ends an allowance. What is being loaded at this moment ends by itself.
    package func endAllowance(
        for child: UserKey,
        by guardian: UserKey
    ) async throws(StandingOrderRefusal) {
        _ = try await card(of: child, by: guardian)
        try await end(AllowanceRecord.self, AllowanceRecord.key(guardian, child))
    }

    /// - Returns: nil where there never was one; it may have been ended.
    package func allowance(
        for child: UserKey,
        by guardian: UserKey
    ) async throws(StandingOrderRefusal) -> AllowanceRecord? {
        _ = try await card(of: child, by: guardian)
        return try await asking { () async throws(UserFailure) in
            try await stored(AllowanceRecord.self, AllowanceRecord.key(guardian, child))?.order
        }
    }

    private func card(
        of child: UserKey,
        by guardian: UserKey
    ) async throws(StandingOrderRefusal) -> CardIdentifier {
        do throws(GuardianRefusal) {
            return try await guardians.authorize(guardian, for: child)
        } catch {
            switch error {
            case .notYourChild: throw .notYourChild
            case .noCardYet: throw .noCardYet
            case .unavailable: throw .unavailable
            }
        }
    }

    // MARK: Running

    func run(_ stored: StoredOrder<AllowanceRecord>, at now: Instant) async {
        var stored = stored
        let latest = stored.order.schedule.latest(at: now)
        if stored.order.isActive, latest >= stored.order.dueAt {
            // What was tried before and came to nothing is not made up beside the latest one.
            var next = stored.order
            next.current = Occurrence(at: latest, next.amount)
            next.dueAt = next.schedule.next(after: latest)
            next.lastTaken = .init(latest, by: next.schedule.offset)
            guard
                let taken = try? await commit(next, expectedRevision: stored.revision)
            else { return }
            stored = taken
        }
        guard let current = stored.order.current, now >= current.notBefore,
            let ending = await attempt(current, of: stored.order)
        else { return }
        var next = stored.order
        next.current = nil
        var mail: MailMessage?
        if case .notLoaded(let refusal) = ending, stored.order.isActive {
            next.current = current.after(failureAt: now)
            let email: String?
            do throws(AccountLoadRefusal) {
                email = try await loads.email(of: next.guardian)
            } catch {
                // The next round finds the same end, and tells it.
                return
            }
            mail = email.map {
                users.wording.allowanceFailed(
                    to: $0,
                    current.amount,
                    refusal,
                    isRepeated: next.current != nil,
                    at: now
                )
            }
        }
        _ = try? await commit(next, expectedRevision: stored.revision, mail)
    }
}

extension AllowanceRecord.Taken {
    /// The same where the schedule gets another clock: with none of its clocks does the week begin
    /// anew.
    fileprivate func by(_ clock: LocalOffset) -> Self {
        var next = self
        next.weekEnd = max(weekEnd, clock.weekEnd(of: moment))
        return next
    }

    /// The last moment of its week: what is due lies behind, whatever the clock says.
    fileprivate var lastBefore: Instant { weekEnd.subtracting(.milliseconds(1)) }
}
