// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records

/// One transition of a settlement run: payouts of accounts that stand next to each other.
struct SettlementStep {
    private let book: ClearingBook
    private let files: PartyFiles
    private let now: Instant
    private var posting: Posting
    private var writes = Transition(writes: [])

    init(_ book: ClearingBook, _ files: PartyFiles, now: Instant) {
        self.book = book
        self.files = files
        self.now = now
        posting = Posting(book, now: now)
    }

    mutating func balance(of account: LedgerAccount) async throws(ClearingFailure) -> ExactAmount {
        try await posting.account(account).balance
    }

    /// Pays what is on an account, where it is one that is paid and there is enough.
    mutating func pay(
        _ account: LedgerAccount,
        in run: inout SettlementRun
    ) async throws(ClearingFailure) {
        guard let unit = files.terms.unit(of: account.currency),
            let payee = try await payee(of: account)
        else { return }
        var held = ExactAmount.zero
        if case .acquirer = account.owner { held = try await net(account, payee, &run) }
        let record = try await posting.account(account)
        let due = ExactAmount(trillionths: record.balance.trillionths - held.trillionths)
        // Never from a negative balance: division rounds towards zero there.
        guard !due.isNegative,
            let minorUnits = UInt64(exactly: due.split(at: unit.exponent).minorUnits),
            minorUnits >= unit.payoutMinimum
        else { return }
        guard let number = run.add(minorUnits, account.currency) else { throw .amountTooLarge }
        let payout = Payout(
            name: Payout.Name(run.day, number),
            state: .instructed,
            account: account,
            minorUnits: minorUnits,
            exponent: unit.exponent,
            payee: payee,
            content: try content(of: record),
            valueDate: run.valueDate,
            madeAt: now,
            previous: record.lastPayout
        )
        try await posting.move(
            payout.amount,
            from: account,
            to: LedgerAccount(.inTransit, account.currency),
            .payout(payout.name),
            in: &writes
        )
        posting.close(account, with: payout.name)
        try await book.put(payout, over: 0, to: &writes)
    }

    /// Ends the day of an account: what moved since its day before is in its statement.
    mutating func endDay(
        of account: LedgerAccount,
        _ day: BusinessDay
    ) async throws(ClearingFailure) {
        let before = try await book.newestDay(of: account)
        let record = try await posting.account(account)
        let after = before?.upTo ?? 0
        guard record.lastRow > after else { return }
        let ended = AccountDay(
            account,
            day,
            after: after,
            upTo: record.lastRow,
            opening: before?.closing ?? .zero,
            closing: record.balance
        )
        try await book.put(ended, over: 0, to: &writes)
    }

    /// Accounts of which this step has read or made something.
    var touched: Set<LedgerAccount> { posting.touched }

    func transition(
        _ run: SettlementRun,
        over revision: UInt64
    ) async throws(ClearingFailure) -> Transition {
        var transition = writes
        try await book.put(run, over: revision, to: &transition)
        try await posting.write(to: &transition)
        return transition
    }

    /// - Returns: nil for an account that is not paid out.
    private func payee(of account: LedgerAccount) async throws(ClearingFailure) -> Payee? {
        switch account.owner {
        case .merchant(let merchant):
            let found = try await book.find(ClearedMerchant.self, merchant.bytes)?.value
            return found?.account(in: account.currency)?.payee
        case .acquirer(let acquirer):
            let key = ClearedAcquirer.key(acquirer)
            return try await book.find(ClearedAcquirer.self, key)?.value.payee
        case .bank, .pool, .suspense, .expired, .inTransit: return nil
        }
    }

    /// What an institution is to have as an acquirer goes against what it owes as an issuer: it is
    /// one institution where both have the same payee. Of an issuer whose record does not open that
    /// cannot be said: what it owes stays on the account until it can.
    ///
    /// - Returns: what is not to be paid out for that; the run names it.
    private mutating func net(
        _ account: LedgerAccount,
        _ payee: Payee,
        _ run: inout SettlementRun
    ) async throws(ClearingFailure) -> ExactAmount {
        let issuers = try await files.everyIssuer()
        for issuer in issuers.open where issuer.payee == payee {
            let pool = LedgerAccount(.pool(issuer.identifier), account.currency)
            let position = try await position(of: issuer.identifier, account.currency)
            let amount = min(-position, try await balance(of: account))
            guard amount > .zero else { continue }
            try await posting.move(amount, from: account, to: pool, .netted(run.day), in: &writes)
        }
        var due = try await balance(of: account)
        var held = ExactAmount.zero
        for (issuer, place) in issuers.closed {
            let amount = min(-(try await position(of: issuer, account.currency)), due)
            guard amount > .zero else { continue }
            run.wait(account, amount, for: place)
            due = ExactAmount(trillionths: due.trillionths - amount.trillionths)
            held = ExactAmount(trillionths: held.trillionths + amount.trillionths)
        }
        return held
    }

    /// What an issuer has here; below zero is what it owes. What was swept from its cards is its
    /// own as long as nobody claims it.
    mutating func position(
        of issuer: IssuerIdentifier,
        _ currency: Currency
    ) async throws(ClearingFailure) -> ExactAmount {
        let pool = try await balance(of: LedgerAccount(.pool(issuer), currency))
        let expired = try await balance(of: LedgerAccount(.expired(issuer), currency))
        guard let sum = pool.adding(expired) else { throw .amountTooLarge }
        return sum
    }

    private func content(of record: AccountRecord) throws(ClearingFailure) -> Payout.Content {
        let period = record.period
        let known = [period.opening, period.gross, -period.fees].reduce(0) { $0 + $1.trillionths }
        return Payout.Content(
            after: period.row,
            upTo: record.lastRow,
            opening: period.opening,
            gross: period.gross,
            fees: period.fees,
            adjustments: ExactAmount(trillionths: record.balance.trillionths - known),
            count: period.count
        )
    }
}
