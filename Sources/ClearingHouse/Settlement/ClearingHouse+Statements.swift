// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records

// Bank statements come in: what was paid is reconciled with the books.
extension ClearingHouse {
    /// Begins a bank statement whose lines have been seen to add up, or finds how far it has come.
    ///
    /// - Returns: the statement as it stands.
    /// - Throws: `.statementDiffers`, `.tooManyLines`, `.unknownCurrency`.
    package func begin(
        _ statement: BankStatementRecord
    ) async throws(ClearingFailure) -> BankStatementRecord {
        guard statement.lines <= ClearingLimits.statementLinesMax else { throw .tooManyLines }
        guard try await terms().unit(of: statement.currency) != nil else {
            throw .unknownCurrency(statement.currency)
        }
        return try await book.change { () async throws(ClearingFailure) in
            let digest = statement.digest
            if let known = try await book.find(BankStatementRecord.self, digest)?.value {
                guard known.isSame(as: statement) else { throw .statementDiffers }
                return (known, Transition(writes: []))
            }
            var transition = Transition(writes: [])
            try await book.put(statement, over: 0, to: &transition)
            return (statement, transition)
        }
    }

    /// Applies lines of a statement; books and position become durable together. Lines that are
    /// behind the position already are passed over.
    ///
    /// `lines`: booked ones, as they stand in the file.
    /// `digest`: SHA-256 of the file, which has begun.
    /// `position`: how many lines are before these.
    /// Returns the statement as it stands.
    /// Throws `.unknownStatement`; `.positionDiffers` where lines are missing before these,
    ///   `.tooManyLines` where there are more than it has.
    package func apply(
        _ lines: [BankStatementLine],
        of digest: [UInt8],
        from position: UInt32,
        now: Instant
    ) async throws(ClearingFailure) -> BankStatementRecord {
        while true {
            let statement = try await book.change { () async throws(ClearingFailure) in
                try await applyStep(lines, digest, position, now)
            }
            if statement.applied >= position + UInt32(lines.count) { return statement }
        }
    }

    private func applyStep(
        _ lines: [BankStatementLine],
        _ digest: [UInt8],
        _ position: UInt32,
        _ now: Instant
    ) async throws(ClearingFailure) -> (BankStatementRecord, Transition) {
        guard let entry = try await book.find(BankStatementRecord.self, digest) else {
            throw .unknownStatement
        }
        var statement = entry.value
        guard position <= statement.applied else { throw .positionDiffers(statement.applied) }
        guard lines.count <= statement.lines,
            position <= statement.lines - UInt32(lines.count)
        else { throw .tooManyLines }
        let passed = Int(min(statement.applied - position, UInt32(lines.count)))
        let chunk = lines[passed...].prefix(ClearingLimits.statementStepMax)
        if chunk.isEmpty { return (statement, Transition(writes: [])) }
        var step = StatementStep(book, now: now)
        var number = statement.applied
        for line in chunk {
            number += 1
            try await step.apply(line, BankStatementLine.Name(digest, number))
        }
        statement.pass(UInt32(chunk.count), matched: step.matched)
        var transition = try await step.transition()
        try await book.put(statement, over: entry.revision, to: &transition)
        return (statement, transition)
    }

    /// Decides on a line that did not go into the books by itself.
    ///
    /// `name`: the line.
    /// `pool`: whose pool a payment that came in goes into; nil to leave the line out of the
    ///     books, for what was booked by hand or does not concern them.
    /// `who`: the operator, for the record.
    /// Throws `.unknownLine`, `.lineEnded`, `.paidInBefore`; `.unknownIssuer` where there is no
    /// such pool, or nothing came in.
    package func decide(
        _ name: BankStatementLine.Name,
        pool: IssuerIdentifier?,
        by who: String,
        now: Instant
    ) async throws(ClearingFailure) {
        try await decide(name, now) { unmatched, step async throws(ClearingFailure) in
            if let pool {
                let currency = unmatched.line.amount.currency
                guard unmatched.line.isCredit,
                    try await issuer(pool)?.pools.contains(currency) == true
                else { throw .unknownIssuer }
                try await step.decide(unmatched.line, name, to: pool)
            }
            return UnmatchedLine.Decision(pool: pool, at: now, by: who, isPaid: false)
        }
    }

    /// Decides that a line of a payout is right. Where the bank has paid one that was given back
    /// to its account, it comes off the account once more; a return that waited for that is on
    /// the account again.
    ///
    /// `name`: the line that names the payout.
    /// `who`: the operator, for the record.
    /// Throws `.unknownLine`, `.lineEnded`; `.payoutNotGivenBack` where the line is of no such
    /// payout.
    package func decidePaid(
        _ name: BankStatementLine.Name,
        by who: String,
        now: Instant
    ) async throws(ClearingFailure) {
        try await decide(name, now) { unmatched, step async throws(ClearingFailure) in
            try await step.decidePaid(unmatched.line, name)
            return UnmatchedLine.Decision(pool: nil, at: now, by: who, isPaid: true)
        }
    }

    private func decide(
        _ name: BankStatementLine.Name,
        _ now: Instant,
        _ decide: (
            UnmatchedLine,
            inout StatementStep
        ) async throws(ClearingFailure) -> UnmatchedLine.Decision
    ) async throws(ClearingFailure) {
        try await book.change { () async throws(ClearingFailure) in
            guard let entry = try await book.find(UnmatchedLine.self, name.bytes) else {
                throw .unknownLine
            }
            var unmatched = entry.value
            guard unmatched.decision == nil else { throw .lineEnded }
            var step = StatementStep(book, now: now)
            unmatched.decision = try await decide(unmatched, &step)
            var transition = try await step.transition()
            try await book.put(unmatched, over: entry.revision, to: &transition)
            return ((), transition)
        }
    }

    /// Lines that wait for somebody, in the order of their statements.
    ///
    /// `name`: the last one of the page before; nil for the first page.
    package func unmatched(
        after name: BankStatementLine.Name? = nil,
        limit: Int
    ) async throws(ClearingFailure) -> [UnmatchedLine] {
        try await book.listOpen(UnmatchedLine.self, after: name?.bytes, limit: limit)
    }
}
