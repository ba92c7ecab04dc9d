// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records

/// One transition over sweeps of one issuer: its pool, its account of expired value, and each sweep
/// under its number, so that it is posted once.
struct SweepStep {
    private let book: ClearingBook
    private let issuer: ClearedIssuer
    private let terms: ClearingTerms
    private let now: Instant
    private var posting: Posting
    private var writes = Transition(writes: [])
    /// By number, those of this step and what they give back.
    private var held: [UInt64: ClearingBook.Entry<ClearedSweep>] = [:]
    private var last: UInt64
    /// What came and was posted, and what was not.
    private(set) var posted = 0
    private(set) var refused = 0

    /// `last`: the number of the last one that was posted.
    init(
        _ book: ClearingBook,
        _ issuer: ClearedIssuer,
        _ terms: ClearingTerms,
        after last: UInt64,
        now: Instant
    ) {
        self.book = book
        self.issuer = issuer
        self.terms = terms
        self.last = last
        self.now = now
        posting = Posting(book, now: now)
    }

    /// - Throws: `.damaged` for one that does not follow, `.unknownCurrency` where the issuer has
    ///   no pool.
    mutating func take(_ notice: SweepNotice) async throws(ClearingFailure) {
        guard notice.number > last else {
            throw .damaged("sweep \(notice.number) of issuer \(issuer.identifier.digits)")
        }
        let currency = notice.amount.currency
        guard issuer.pools.contains(currency), terms.unit(of: currency) != nil else {
            throw .unknownCurrency(currency)
        }
        let sweep = ClearedSweep(notice, of: issuer.identifier, at: now)
        switch notice.event {
        case .swept:
            try await move(sweep.amount, sweep, .swept(notice.number))
            hold(sweep)
        case .givenBack(let number): try await take(sweep, givingBack: number)
        }
        last = notice.number
    }

    /// One that does not fit is not posted, and those behind it go on: a database that was set back
    /// gives the same sweep back once more.
    private mutating func take(
        _ back: ClearedSweep,
        givingBack number: UInt64
    ) async throws(ClearingFailure) {
        guard var entry = try await entry(number), entry.value.returnNumber == nil,
            back.givesBack(entry.value)
        else {
            return hold(ClearedSweep(back.notice, of: back.issuer, isPosted: false, at: now))
        }
        try await move(-back.amount, back, .sweepReturned(back.notice.number))
        entry.value.returnNumber = back.notice.number
        held[number] = entry
        hold(back)
    }

    private mutating func hold(_ sweep: ClearedSweep) {
        held[sweep.notice.number] = ClearingBook.Entry(value: sweep, revision: 0)
        if sweep.isPosted { posted += 1 } else { refused += 1 }
    }

    /// All of it.
    mutating func transition() async throws(ClearingFailure) -> Transition {
        for (_, entry) in held.sorted(by: { $0.key < $1.key }) {
            try await book.put(entry.value, over: entry.revision, to: &writes)
        }
        try await posting.write(to: &writes)
        return writes
    }

    private func entry(
        _ number: UInt64
    ) async throws(ClearingFailure) -> ClearingBook.Entry<ClearedSweep>? {
        if let known = held[number] { return known }
        return try await book.find(
            ClearedSweep.self,
            ClearedSweep.key(issuer.identifier, number)
        )
    }

    /// From the pool to the account of expired value; back, where the amount is below zero.
    private mutating func move(
        _ amount: ExactAmount,
        _ sweep: ClearedSweep,
        _ cause: AccountRow.Cause
    ) async throws(ClearingFailure) {
        try await posting.move(amount, from: sweep.pool, to: sweep.expired, cause, in: &writes)
    }
}
