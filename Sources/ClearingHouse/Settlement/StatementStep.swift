// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records

/// One transition over lines of a bank statement: what the bank paid, what came back, and what
/// issuers paid in.
struct StatementStep {
    private let book: ClearingBook
    private let now: Instant
    private var posting: Posting
    private var writes = Transition(writes: [])
    private var payouts: [Payout.Name: ClearingBook.Entry<Payout>] = [:]
    private var unmatched: [BankStatementLine.Name: ClearingBook.Entry<UnmatchedLine>] = [:]
    private var payIns: Set<[UInt8]> = []
    /// Lines of the statement that wait for nobody any more.
    private(set) var matched: UInt32 = 0

    init(_ book: ClearingBook, now: Instant) {
        self.book = book
        self.now = now
        posting = Posting(book, now: now)
    }

    mutating func apply(
        _ line: BankStatementLine,
        _ name: BankStatementLine.Name
    ) async throws(ClearingFailure) {
        var kept: UnmatchedLine?
        if let payout = line.reference.flatMap(Payout.Name.init(reference:)) {
            kept = try await match(line, name, payout)
        } else if line.isCredit,
            let issuer = line.reference.flatMap(IssuerIdentifier.init(payInReference:))
        {
            kept = try await receive(line, name, issuer).map { UnmatchedLine(name, line, $0) }
        } else {
            kept = UnmatchedLine(name, line, .unknownReference)
        }
        if let kept { unmatched[name] = ClearingBook.Entry(value: kept, revision: 0) }
        if kept?.isOpen != true { matched += 1 }
    }

    // MARK: Payouts

    /// A payout that the bank made, or that came back. What is booked of one that was given back
    /// before waits for somebody, and so does a return that stands before its payout; where the
    /// other half comes, both go into the books, or both are left out: together they come to
    /// nothing.
    ///
    /// - Returns: what is kept of the line; nil where it went into the books by itself.
    private mutating func match(
        _ line: BankStatementLine,
        _ name: BankStatementLine.Name,
        _ payoutName: Payout.Name
    ) async throws(ClearingFailure) -> UnmatchedLine? {
        guard var entry = try await payout(payoutName) else {
            return UnmatchedLine(name, line, .unknownReference)
        }
        guard entry.value.isOf(line) else { return UnmatchedLine(name, line, .amountDiffers) }
        let state = StatementStep.state(of: entry.value)
        guard state == .instructed || state == .refused else {
            guard state == .paid, line.isCredit else {
                return UnmatchedLine(name, line, .notExpected)
            }
            try await giveBack(&entry.value, name)
            payouts[payoutName] = entry
            return nil
        }
        var kept: UnmatchedLine?
        let waiting = try await waiting(of: entry.value)
        if let waiting, waiting.value.isOpen, waiting.value.line.isCredit != line.isCredit {
            try await book(line, name, with: waiting, &entry.value)
        } else if state == .instructed, !line.isCredit {
            try await pay(&entry.value, name)
        } else {
            kept = keep(line, name, beside: waiting?.value, &entry.value)
        }
        payouts[payoutName] = entry
        return kept
    }

    /// The line of a payout that waits for its other half, or did before somebody decided on it.
    private func waiting(
        of payout: Payout
    ) async throws(ClearingFailure) -> ClearingBook.Entry<UnmatchedLine>? {
        guard let name = payout.line else { return nil }
        if let known = unmatched[name] { return known }
        return try await book.find(UnmatchedLine.self, name.bytes)
    }

    /// A line that waits for its other half, or is left out as that one was.
    private func keep(
        _ line: BankStatementLine,
        _ name: BankStatementLine.Name,
        beside waiting: UnmatchedLine?,
        _ payout: inout Payout
    ) -> UnmatchedLine {
        let isRefused = payout.state == .refused
        var kept = UnmatchedLine(name, line, isRefused ? .refusedBefore : .notExpected)
        // The same line once more, on another statement.
        if let waiting, waiting.isOpen { return kept }
        if isRefused, let waiting, waiting.isLeftOut, waiting.line.isCredit != line.isCredit {
            kept.decision = UnmatchedLine.Decision(byOtherHalfAt: now, isPaid: false)
        } else {
            payout.line = name
        }
        return kept
    }

    /// Booking and return of a payout, of which one has waited.
    private mutating func book(
        _ line: BankStatementLine,
        _ name: BankStatementLine.Name,
        with waiting: ClearingBook.Entry<UnmatchedLine>,
        _ payout: inout Payout
    ) async throws(ClearingFailure) {
        let other = waiting.value.name
        try await pay(&payout, line.isCredit ? other : name)
        try await giveBack(&payout, line.isCredit ? name : other)
        var ended = waiting
        ended.value.decision = UnmatchedLine.Decision(byOtherHalfAt: now, isPaid: true)
        unmatched[other] = ended
        if other.statement == name.statement { matched += 1 }
    }

    /// The bank has paid: what is in transit, or, where it was given back before, what its account
    /// has again.
    private mutating func pay(
        _ payout: inout Payout,
        _ name: BankStatementLine.Name
    ) async throws(ClearingFailure) {
        let currency = payout.account.currency
        try await posting.move(
            payout.amount,
            from: payout.state == .refused
                ? payout.account : LedgerAccount(.inTransit, currency),
            to: LedgerAccount(.bank, currency),
            .statement(name),
            in: &writes
        )
        (payout.state, payout.line) = (.paid, name)
    }

    /// The bank has paid, and it came back.
    private mutating func giveBack(
        _ payout: inout Payout,
        _ name: BankStatementLine.Name
    ) async throws(ClearingFailure) {
        try await posting.move(
            payout.amount,
            from: LedgerAccount(.bank, payout.account.currency),
            to: payout.account,
            .returned(name),
            in: &writes
        )
        (payout.state, payout.line) = (.returned, name)
    }

    private static func state(of payout: Payout) -> Payout.State {
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.payoutReturnedTwice), payout.state == .returned {
                return .paid
            }
        #endif
        return payout.state
    }

    private mutating func payout(
        _ name: Payout.Name
    ) async throws(ClearingFailure) -> ClearingBook.Entry<Payout>? {
        if let known = payouts[name] { return known }
        return try await book.find(Payout.self, name.bytes)
    }

    // MARK: Pools

    /// A payment of an issuer into its pool.
    private mutating func receive(
        _ line: BankStatementLine,
        _ name: BankStatementLine.Name,
        _ issuer: IssuerIdentifier
    ) async throws(ClearingFailure) -> UnmatchedLine.Reason? {
        let currency = line.amount.currency
        let known = try await book.find(ClearedIssuer.self, ClearedIssuer.key(issuer))?.value
        guard known?.pools.contains(currency) == true else { return .noPool }
        guard let payIn = line.bankReference.flatMap({ PayIn($0, name) }) else {
            return .noBankReference
        }
        if payIns.contains(payIn.key) { return .knownBankReference }
        guard try await book.find(PayIn.self, payIn.key) == nil else {
            return .knownBankReference
        }
        payIns.insert(payIn.key)
        try await book.put(payIn, over: 0, to: &writes)
        try await receive(line, name, to: issuer)
        return nil
    }

    /// The line is right, by the decision of an operator: the bank has paid a payout that was given
    /// back to its account, which comes off the account once more, and may leave it below zero; or
    /// it has sent one back whose booking was decided while the return waited.
    ///
    /// Throws `.payoutNotGivenBack` where the line is of none.
    mutating func decidePaid(
        _ line: BankStatementLine,
        _ name: BankStatementLine.Name
    ) async throws(ClearingFailure) {
        guard let reference = line.reference.flatMap(Payout.Name.init(reference:)),
            var entry = try await payout(reference), entry.value.isOf(line)
        else { throw .payoutNotGivenBack }
        switch (entry.value.state, line.isCredit) {
        case (.refused, false): try await pay(&entry.value, name)
        case (.paid, true): try await giveBack(&entry.value, name)
        default: throw .payoutNotGivenBack
        }
        payouts[reference] = entry
    }

    /// A payment of an issuer, by the decision of an operator.
    ///
    /// Throws `.paidInBefore` where the bank's reference is in the books already.
    mutating func decide(
        _ line: BankStatementLine,
        _ name: BankStatementLine.Name,
        to issuer: IssuerIdentifier
    ) async throws(ClearingFailure) {
        if let payIn = line.bankReference.flatMap({ PayIn($0, name) }) {
            guard try await book.find(PayIn.self, payIn.key) == nil else { throw .paidInBefore }
            try await book.put(payIn, over: 0, to: &writes)
        }
        try await receive(line, name, to: issuer)
    }

    /// Puts what came in into a pool.
    private mutating func receive(
        _ line: BankStatementLine,
        _ name: BankStatementLine.Name,
        to issuer: IssuerIdentifier
    ) async throws(ClearingFailure) {
        let currency = line.amount.currency
        try await posting.move(
            ExactAmount(line.amount),
            from: LedgerAccount(.bank, currency),
            to: LedgerAccount(.pool(issuer), currency),
            .statement(name),
            in: &writes
        )
    }

    /// What becomes durable together.
    func transition() async throws(ClearingFailure) -> Transition {
        var transition = writes
        for (_, entry) in payouts {
            try await book.put(entry.value, over: entry.revision, to: &transition)
        }
        for (_, entry) in unmatched {
            try await book.put(entry.value, over: entry.revision, to: &transition)
        }
        try await posting.write(to: &transition)
        return transition
    }
}

extension Payout {
    /// Whether a line of a statement is of its amount.
    fileprivate func isOf(_ line: BankStatementLine) -> Bool {
        account.currency == line.amount.currency && amount == ExactAmount(line.amount)
    }
}

extension UnmatchedLine.Decision {
    /// In the place of an operator, where the other half of a payout has decided.
    private static let otherHalf = "bank statement"

    fileprivate init(byOtherHalfAt moment: Instant, isPaid: Bool) {
        self.init(pool: nil, at: moment, by: Self.otherHalf, isPaid: isPaid)
    }
}
