// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import SecurityModule
import Wire

// The end of a load (FIG. 18C, step 892).
extension BankModule {
    /// Takes a Load Result: opens it, compares transaction, bank, card, amount, currency and
    /// exponent with the load, and ends the hold once. Loaded, the amount goes from the account to
    /// the funds pool of the card's issuer, by a posting that carries the transaction; not loaded,
    /// the hold is given up. The same result again changes nothing and is answered alike; a result
    /// that is not this load's changes nothing at all.
    ///
    /// - Parameters:
    ///   - compact: the JWE in compact form, ASCII.
    ///   - transaction: the load that it is said to be for.
    ///   - now: the time for the journals.
    /// - Returns: the load as it is afterwards.
    /// - Throws: `.unknownLoad`, `.resultForged`, `.resultMismatch`, `.resultContradicts`.
    @discardableResult
    package func receive(
        result compact: [UInt8],
        of transaction: TransactionIdentifier,
        now: Instant
    ) async throws(BankFailure) -> HoldView {
        // The terms never change, so that one look at the result serves every attempt.
        let hold = try await book.hold(transaction).value
        let result = try await open(compact, of: hold)
        return try await end(
            hold,
            result.outcome,
            LoadHold.End(reason: result.reason, time: result.time),
            HoldEntry(result.outcome == .loaded ? .loaded : .released, at: now, sealed: compact)
        )
    }

    /// Ends a hold in one commit with its postings, once.
    ///
    /// `hold`: as it was read at some time; account and terms never change.
    func end(
        _ hold: LoadHold,
        _ outcome: LoadOutcome,
        _ end: LoadHold.End,
        _ row: HoldEntry
    ) async throws(BankFailure) -> HoldView {
        try await book.change { () async throws(BankFailure) in
            // Before the hold: where that is still open, its amount was held when the account was
            // read. The other way round somebody else may have ended it in between.
            let account = try await book.account(hold.account)
            let entry = try await book.hold(hold.transaction)
            guard let next = entry.value.ended(outcome, end) else {
                guard entry.value.state == HoldState.held.next(after: outcome),
                    entry.value.end == end
                else { throw .resultContradicts }
                return (HoldView(entry.value), Transition(writes: []))
            }
            var transition = Transition(writes: [])
            try await finish(next, account, row.time, &transition)
            try await book.add(next, over: entry.revision, row, to: &transition)
            return (HoldView(next), transition)
        }
    }

    /// Adds the postings that end a hold.
    private func finish(
        _ hold: LoadHold,
        _ account: BankBook.Entry<Account>,
        _ now: Instant,
        _ transition: inout Transition
    ) async throws(BankFailure) {
        let amount = hold.terms.amount
        guard hold.state == .loaded else {
            let next = account.value.releasing(amount.minorUnits)
            let entry = AccountEntry(
                .released,
                at: now,
                amount: amount.minorUnits,
                transaction: hold.transaction,
                after: next
            )
            try await book.add(next, over: account.revision, entry, to: &transition)
            return
        }
        let pool = try await book.account(
            AccountNumber.pool(
                of: hold.issuer,
                amount.currency,
                amount.exponent,
                part: FundsPool.part(of: hold.transaction)
            )
        )
        let paid = account.value.paying(amount.minorUnits)
        guard let credited = pool.value.crediting(amount.minorUnits) else {
            throw .amountTooLarge
        }
        let out = AccountEntry(
            .paid,
            at: now,
            amount: amount.minorUnits,
            otherSide: pool.value.number,
            transaction: hold.transaction,
            after: paid
        )
        let into = AccountEntry(
            .credited,
            at: now,
            amount: amount.minorUnits,
            otherSide: hold.account,
            transaction: hold.transaction,
            after: credited
        )
        try await book.add(paid, over: account.revision, out, to: &transition)
        try await book.add(credited, over: pool.revision, into, to: &transition)
    }

    private func open(
        _ compact: [UInt8],
        of hold: LoadHold
    ) async throws(BankFailure) -> BankLoadResult {
        let result: BankLoadResult
        do throws(ModuleFailure) {
            result = try await sealing.openResult(
                compact,
                of: hold.terms,
                keyName: hold.proof.keyName
            )
        } catch .sealBroken {
            #if PLANTED_BUGS
                if PlantedBug.isPlanted(.paidBeforeResult) { return BankLoadResult(unread: hold) }
            #endif
            throw .resultForged
        } catch { throw .module(error) }
        let terms = hold.terms
        guard result.transaction == terms.transaction, result.bank == terms.bank,
            result.card == terms.card, result.amount == terms.amount,
            result.outcome == .notLoaded || result.issuer == hold.issuer
        else { throw .resultMismatch }
        return result
    }
}

#if PLANTED_BUGS
    extension BankLoadResult {
        /// As if a result that does not open said that the card was loaded
        /// (``PlantedBug/paidBeforeResult``).
        fileprivate init(unread hold: LoadHold) {
            self.init(
                transaction: hold.terms.transaction,
                bank: hold.terms.bank,
                card: hold.terms.card,
                amount: hold.terms.amount,
                outcome: .loaded,
                reason: nil,
                issuer: hold.issuer,
                time: hold.terms.time
            )
        }
    }
#endif
