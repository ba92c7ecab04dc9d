// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records

/// One transition over lines of a bank statement: what the bank paid, what came back, and what
/// issuers paid in.
struct StatementStep {
    private let book: ClearingBook
    private var posting: Posting
    private var writes = Transition(writes: [])
    private var payouts: [Payout.Name: ClearingBook.Entry<Payout>] = [:]
    private var payIns: Set<[UInt8]> = []
    private(set) var matched: UInt32 = 0

    init(_ book: ClearingBook, now: Instant) {
        self.book = book
        posting = Posting(book, now: now)
    }

    mutating func apply(
        _ line: BankStatementLine,
        _ name: BankStatementLine.Name
    ) async throws(ClearingFailure) {
        let reason: UnmatchedLine.Reason?
        if let payout = line.reference.flatMap(Payout.Name.init(reference:)) {
            reason = try await match(line, name, payout)
        } else if line.isCredit,
            let issuer = line.reference.flatMap(IssuerIdentifier.init(payInReference:))
        {
            reason = try await receive(line, name, issuer)
        } else {
            reason = .unknownReference
        }
        if let reason {
            try await book.put(UnmatchedLine(name, line, reason), over: 0, to: &writes)
        } else {
            matched += 1
        }
    }

    /// A payout that the bank made, or that came back.
    private mutating func match(
        _ line: BankStatementLine,
        _ name: BankStatementLine.Name,
        _ payoutName: Payout.Name
    ) async throws(ClearingFailure) -> UnmatchedLine.Reason? {
        guard var entry = try await payout(payoutName) else { return .unknownReference }
        let payout = entry.value
        guard payout.account.currency == line.amount.currency,
            payout.amount == ExactAmount(line.amount)
        else { return .amountDiffers }
        let bank = LedgerAccount(.bank, payout.account.currency)
        switch (StatementStep.state(of: payout), line.isCredit) {
        case (.instructed, false):
            let transit = LedgerAccount(.inTransit, payout.account.currency)
            try await posting.move(
                payout.amount,
                from: transit,
                to: bank,
                .statement(name),
                in: &writes
            )
            entry.value.state = .paid
        case (.paid, true):
            try await posting.move(
                payout.amount,
                from: bank,
                to: payout.account,
                .returned(name),
                in: &writes
            )
            entry.value.state = .returned
        case (.refused, false): return .refusedBefore
        default: return .notExpected
        }
        entry.value.line = name
        payouts[payoutName] = entry
        return nil
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

    /// The bank has paid a payout that was given back to its account: it comes off the account
    /// once more, which may be below zero afterwards.
    ///
    /// Throws `.payoutNotGivenBack` where the line is of none.
    mutating func pay(
        _ line: BankStatementLine,
        _ name: BankStatementLine.Name
    ) async throws(ClearingFailure) {
        guard !line.isCredit, let reference = line.reference.flatMap(Payout.Name.init(reference:)),
            var entry = try await payout(reference), entry.value.state == .refused
        else { throw .payoutNotGivenBack }
        let payout = entry.value
        guard payout.account.currency == line.amount.currency,
            payout.amount == ExactAmount(line.amount)
        else { throw .payoutNotGivenBack }
        try await posting.move(
            payout.amount,
            from: payout.account,
            to: LedgerAccount(.bank, payout.account.currency),
            .statement(name),
            in: &writes
        )
        (entry.value.state, entry.value.line) = (.paid, name)
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
        try await posting.write(to: &transition)
        return transition
    }
}
