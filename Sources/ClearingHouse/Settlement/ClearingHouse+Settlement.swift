// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records

// Settlement: what merchants and acquirers are owed is paid out, once for each business day.
extension ClearingHouse {
    /// Makes the payouts of the last business day whose cut-off has passed, or goes on with them.
    /// Whatever is on an account when the run comes to it is paid, rounded down to the minor unit;
    /// the rest stays there, and is paid with a later run. An account or a party whose record does
    /// not open is left out and named by the run, and is paid with the first run behind its
    /// restoration; of what an acquirer is owed, as much waits as an issuer owes whose record does
    /// not open, because both may be one institution. A day whose run has ended, and an earlier
    /// one, is not paid again.
    ///
    /// Returns the run, or one that was broken off and is ended now: ask again then. Nil where the
    /// day has been settled before. Throws `.noTerms`; `.settledAhead` where the clock was ahead
    /// before; `.damaged` where the terms, the run or the account of payouts in transit does not
    /// open; `.store`, `.module`, `.busy`, `.amountTooLarge`.
    ///
    /// `isEarly`: the day that is under way is closed now, by order of an operator; what comes
    ///     later goes with the next day.
    package func settle(
        _ now: Instant,
        isEarly: Bool = false
    ) async throws(ClearingFailure) -> SettlementRun? {
        let terms = try await terms()
        guard let last = terms.businessDay(closedBefore: now),
            let day = isEarly ? BusinessDay(last.number + 1) : last
        else { return nil }
        let newest = try await book.list(
            SettlementRun.self,
            after: nil,
            limit: 1,
            order: .descending
        ).first
        if let newest {
            // One at a time: each has its files.
            if newest.isOpen { return try await finish(newest.day, terms, now) }
            if newest.day.number > day.number + ClearingLimits.daysAheadMax {
                throw .settledAhead(newest.day)
            }
            if newest.day >= day { return nil }
        }
        return try await finish(day, terms, now)
    }

    private func finish(
        _ day: BusinessDay,
        _ terms: ClearingTerms,
        _ now: Instant
    ) async throws(ClearingFailure) -> SettlementRun {
        while true {
            let run = try await book.change { () async throws(ClearingFailure) in
                try await settleStep(day, terms, now)
            }
            if run.endedAt != nil { return run }
        }
    }

    /// Pays the next accounts.
    private func settleStep(
        _ day: BusinessDay,
        _ terms: ClearingTerms,
        _ now: Instant
    ) async throws(ClearingFailure) -> (SettlementRun, Transition) {
        let entry = try await book.find(SettlementRun.self, SettlementRun.key(day))
        if let run = entry?.value, run.endedAt != nil { return (run, Transition(writes: [])) }
        var run =
            entry?.value
            ?? SettlementRun(
                day,
                cutOff: min(terms.cutOff(of: day), now),
                valueDate: terms.valueDate(of: day, settledAt: now)
            )
        run.keep(terms)
        let page = try await book.accountNames(
            after: run.cursor?.key,
            limit: ClearingLimits.settlementStepMax
        )
        var step = SettlementStep(book, PartyFiles(book, terms), now: now)
        // Without these nobody can be paid.
        for unit in terms.units {
            _ = try await step.balance(of: LedgerAccount(.inTransit, unit.currency))
        }
        for account in page { try await pay(account, in: &run, &step) }
        run.cursor = page.last ?? run.cursor
        if page.count < ClearingLimits.settlementStepMax {
            run.positions = try await positions(&run, &step)
            try await endDays(&run, &step)
            run.endedAt = now
        }
        let transition = try await step.transition(run, over: entry?.revision ?? 0)
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.payoutBeforeEntry) {
                var late = transition
                let entries = late.part { $0 == AccountRecord.kind }
                _ = try await book.commit(late)
                return (run, entries)
            }
        #endif
        return (run, transition)
    }

    /// Pays what is on an account. Where a record does not open, nothing is done with the account,
    /// and the run names account and record. Its statement is a matter of its own.
    private func pay(
        _ account: LedgerAccount,
        in run: inout SettlementRun,
        _ step: inout SettlementStep
    ) async throws(ClearingFailure) {
        let left = try await orLeaveOut(&run, &step) { run, step async throws(ClearingFailure) in
            try await step.pay(account, in: &run)
        }
        if let left {
            run.wait(account, nil, for: left)
        } else if account.isMerchant {
            // Other accounts change until the last payout.
            try await orLeaveOut(&run, &step) { run, step async throws(ClearingFailure) in
                try await step.endDay(of: account, run.day)
            }
        }
    }

    /// Does all of a part of a run, or nothing where a record does not open.
    ///
    /// - Returns: the record that does not open, which the run names; nil where all was done.
    @discardableResult
    private func orLeaveOut(
        _ run: inout SettlementRun,
        _ step: inout SettlementStep,
        _ part: (
            inout SettlementRun,
            inout SettlementStep
        ) async throws(ClearingFailure) -> Void
    ) async throws(ClearingFailure) -> String? {
        let before = (run, step)
        do throws(ClearingFailure) {
            try await part(&run, &step)
        } catch .damaged(let place) {
            (run, step) = before
            run.leaveOut(place)
            return place
        } catch { throw error }
        return nil
    }

    /// Ends the day of all accounts that are no merchant's.
    private func endDays(
        _ run: inout SettlementRun,
        _ step: inout SettlementStep
    ) async throws(ClearingFailure) {
        var accounts = step.touched
        var cursor: [UInt8]?
        while true {
            let page = try await book.accountNames(after: cursor, limit: RecordLimits.pageMax)
            accounts.formUnion(page)
            guard page.count == RecordLimits.pageMax, let last = page.last else { break }
            // Merchants stand together, and are passed over.
            cursor = last.isMerchant ? LedgerAccount.behindMerchants : last.key
        }
        for account in accounts.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) })
        where !account.isMerchant {
            try await orLeaveOut(&run, &step) { run, step async throws(ClearingFailure) in
                try await step.endDay(of: account, run.day)
            }
        }
    }

    /// What issuers owe.
    private func positions(
        _ run: inout SettlementRun,
        _ step: inout SettlementStep
    ) async throws(ClearingFailure) -> [SettlementRun.Position] {
        var positions: [SettlementRun.Position] = []
        let issuers = try await book.allIssuers()
        for (_, place) in issuers.closed { run.leaveOut(place) }
        for issuer in issuers.open {
            for currency in issuer.pools {
                try await orLeaveOut(&run, &step) { _, step async throws(ClearingFailure) in
                    let balance = try await step.position(of: issuer.identifier, currency)
                    guard balance.isNegative else { return }
                    positions.append(
                        SettlementRun.Position(
                            issuer: issuer.identifier,
                            currency: currency,
                            amount: balance
                        )
                    )
                }
            }
        }
        return positions
    }

    // MARK: Reading

    /// A settlement run.
    ///
    /// - Returns: nil where there is none of this day.
    package func run(_ day: BusinessDay) async throws(ClearingFailure) -> SettlementRun? {
        try await book.find(SettlementRun.self, SettlementRun.key(day))?.value
    }

    /// Settlement runs, newest first.
    package func runs(
        before day: BusinessDay?,
        limit: Int
    ) async throws(ClearingFailure) -> [SettlementRun] {
        try await book.list(
            SettlementRun.self,
            after: day.map(SettlementRun.key),
            limit: limit,
            order: .descending
        )
    }

    package func payout(_ name: Payout.Name) async throws(ClearingFailure) -> Payout? {
        try await book.find(Payout.self, name.bytes)?.value
    }

    /// Payouts of a run in the order of their numbers.
    ///
    /// `number`: the last one of the page before; 0 for the first page.
    package func payouts(
        of day: BusinessDay,
        after number: UInt32 = 0,
        limit: Int
    ) async throws(ClearingFailure) -> [Payout] {
        try await book.list(Payout.self, after: Payout.Name(day, number).bytes, limit: limit)
            .filter { $0.name.day == day }
    }

    /// Payouts of an account, newest first.
    ///
    /// - Parameters:
    ///   - account: a merchant's or an acquirer's.
    ///   - name: the last one of the page before; nil for the first page.
    ///   - limit: how many at the most; each is a read.
    /// - Returns: the payouts; none behind the first one.
    /// - Throws: `.damaged` where one is missing or does not open; `.store`, `.module`.
    package func payouts(
        of account: LedgerAccount,
        before name: Payout.Name? = nil,
        limit: Int
    ) async throws(ClearingFailure) -> [Payout] {
        var next: Payout.Name?
        if let name {
            next = try await payout(name)?.previous
        } else {
            next = try await book.find(AccountRecord.self, account.key)?.value.lastPayout
        }
        var payouts: [Payout] = []
        while payouts.count < limit, let name = next {
            guard let payout = try await payout(name) else {
                throw .damaged("payout \(name.reference) is missing")
            }
            payouts.append(payout)
            next = payout.previous
        }
        return payouts
    }
}

extension ClearingTerms {
    /// The day on which payees have the money: workdays from the cut-off, or from now where that
    /// is earlier.
    func valueDate(of day: BusinessDay, settledAt now: Instant) -> CivilDate {
        let local = clock.day(of: min(cutOff(of: day), now))
        guard let start = UInt32(exactly: local).flatMap(BusinessDay.init) else {
            preconditionFailure("A clock shows no day before 1970.")
        }
        return start.valueDate(after: valueDays)
    }

    /// The moment at which a business day ends.
    package func cutOff(of day: BusinessDay) -> Instant {
        clock.moment(ofDay: Int64(day.number) + 1).adding(.seconds(Int64(cutOff) * 60))
    }
}
