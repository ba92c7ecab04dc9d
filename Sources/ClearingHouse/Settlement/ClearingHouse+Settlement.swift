// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records

// Settlement: what merchants and acquirers are owed is paid out, once for each business day.
extension ClearingHouse {
    /// Makes the payouts of the last business day whose cut-off has passed, or goes on with them.
    /// Whatever is on an account when the run comes to it is paid, rounded down to the minor unit;
    /// the rest stays there, and is paid with a later run. A day whose run has ended, and an
    /// earlier one, is not paid again.
    ///
    /// Returns the run, or one that was broken off and is ended now: ask again then. Nil where the
    /// day has been settled before. Throws `.noTerms`; `.settledAhead` where the clock was ahead
    /// before; `.damaged`, `.store`, `.module`, `.busy`, `.amountTooLarge`.
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
        let page = try await book.list(
            AccountRecord.self,
            after: run.cursor?.key,
            limit: ClearingLimits.settlementStepMax
        )
        var step = SettlementStep(book, PartyFiles(book, terms), now: now)
        for record in page { try await step.pay(record.account, in: &run) }
        run.cursor = page.last?.account ?? run.cursor
        if page.count < ClearingLimits.settlementStepMax {
            run.positions = try await positions(step)
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

    /// What issuers owe.
    private func positions(
        _ step: SettlementStep
    ) async throws(ClearingFailure) -> [SettlementRun.Position] {
        var step = step
        var positions: [SettlementRun.Position] = []
        for issuer in try await issuers(limit: RecordLimits.pageMax) {
            for currency in issuer.pools {
                let pool = LedgerAccount(.pool(issuer.identifier), currency)
                let balance = try await step.balance(of: pool)
                guard balance.isNegative else { continue }
                positions.append(
                    SettlementRun.Position(
                        issuer: issuer.identifier,
                        currency: currency,
                        amount: balance
                    )
                )
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
