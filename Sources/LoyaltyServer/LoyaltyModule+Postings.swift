// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// What one round that made postings did.
package struct PostingRound: Equatable, Sendable {
    package var made = 0
    /// Members whose points wait because the OPAL server refused them.
    package var held = 0
    /// Members whose points wait because the number is not on their card yet: there the OPAL server
    /// would know nobody to load.
    package var waiting = 0
    /// Members whose record, or that of their programme, does not open.
    package var damaged = 0
    /// The key behind which the next round begins; nil after the last member.
    package var next: [UInt8]?
}

// Points on their way to cards.
extension LoyaltyModule {
    /// Moves what members have here, in programmes whose points are on the card, into postings: one
    /// for each member and day of expiry, once the card has the number. Durable before one is sent.
    ///
    /// - Parameters:
    ///   - now: the time of the round.
    ///   - cursor: ``PostingRound/next`` of the round before; nil to begin with the first member.
    /// - Returns: what the round did, after at most ``LoyaltyLimits/roundMax`` members.
    /// - Throws: `.busy`, `.store`, `.module`.
    package func makePostings(
        now: Instant,
        after cursor: [UInt8]? = nil
    ) async throws(LoyaltyFailure) -> PostingRound {
        var round = PostingRound(next: cursor)
        var looked = 0
        while looked < LoyaltyLimits.roundMax {
            let page = try await book.listOpen(
                LoyaltyRecords.member,
                after: round.next,
                limit: LoyaltyLimits.roundStepMax
            )
            let step = try await book.change { () async throws(LoyaltyFailure) in
                try await postings(of: page, now: now)
            }
            round.made += step.made
            round.held += step.held
            round.waiting += step.waiting
            round.damaged += step.damaged
            looked += page.count
            round.next = page.last?.key.bytes
            if page.count < LoyaltyLimits.roundStepMax {
                round.next = nil
                return round
            }
        }
        return round
    }

    private func postings(
        of page: [Record],
        now: Instant
    ) async throws(LoyaltyFailure) -> (PostingRound, Transition) {
        var round = PostingRound()
        var step = PostingStep(book, random, now)
        for listed in page {
            do throws(LoyaltyFailure) {
                let membership: Membership
                do throws(WireFailure) {
                    membership = try Membership(key: listed.key.bytes)
                } catch { throw .damaged }
                switch try await step.post(membership) {
                case .made(let count): round.made += count
                case .held: round.held += 1
                case .waiting: round.waiting += 1
                }
            } catch .damaged, .unknownProgramme { round.damaged += 1 }
        }
        return (round, try await step.transition())
    }

    /// Sends postings that the OPAL server has not answered, oldest first, with the same
    /// transaction as before: after a restart and from time to time.
    ///
    /// - Parameters:
    ///   - now: the time of the round.
    ///   - cursor: ``SendRound/next`` of the round before; nil to begin with the oldest.
    /// - Returns: what the round came to, and where the next begins.
    /// - Throws: `.store` where the open postings cannot be listed.
    package func sendPostings(
        now: Instant,
        after cursor: [UInt8]? = nil
    ) async throws(LoyaltyFailure) -> SendRound {
        let records = try await book.listOpen(
            LoyaltyRecords.posting,
            after: cursor,
            limit: LoyaltyLimits.roundMax
        )
        return await SendRound.send(records) { record in
            await self.send(posting: record, now: now)
        }
    }

    private func send(posting record: Record, now: Instant) async -> SendRound.Sent {
        guard let posting = try? await book.open(Posting.self, record).value else {
            return .damaged
        }
        var credit = posting.credit
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.postedTwice) {
                credit = credit.renamed(TransactionIdentifier(at: now, random: random.pair()))
            }
        #endif
        let state: Posting.State
        do throws(LoyaltyFailure) {
            switch try await ask(.credit(credit)) {
            case .credited(credit.transaction, let balance): state = .posted(balance: balance)
            case .refusal(credit.transaction, let reason) where reason.isFinal:
                state = .refused(reason)
            case .refusal: return .refused
            default: return .unanswered
            }
        } catch { return .unanswered }
        do throws(LoyaltyFailure) {
            try await end(posting, as: state, now: now)
        } catch .damaged { return .damaged } catch { return .failed }
        return if case .posted = state { .done } else { .refused }
    }

    /// Makes durable how a posting ended; once.
    private func end(
        _ posting: Posting,
        as state: Posting.State,
        now: Instant
    ) async throws(LoyaltyFailure) {
        try await book.change { () async throws(LoyaltyFailure) in
            var transition = Transition(writes: [])
            guard var entry = try await book.find(Posting.self, posting.key) else {
                throw .damaged
            }
            guard entry.value.isOpen else { return ((), transition) }
            let credit = posting.credit
            var members = MembersInHand(book)
            guard let member = try await members.member(credit.membership),
                member.inPostings >= posting.amount
            else { throw .damaged }
            let next: Member
            switch state {
            case .open: return ((), transition)
            case .posted: next = member.posted(posting.amount)
            case .refused(let reason):
                next = member.puttingBack(
                    posting.amount,
                    until: credit.expiry,
                    Member.Hold(reason: reason, since: now)
                )
            }
            entry.value.state = state
            let isPosted = if case .posted = state { true } else { false }
            let row = MemberEntry(
                isPosted ? .posted : .putBack,
                at: now,
                amount: posting.amount,
                transaction: credit.transaction,
                expiry: credit.expiry,
                after: next
            )
            try await members.change(next, row, to: &transition)
            try await members.write(to: &transition)
            try await book.put(entry.value, over: entry.revision, to: &transition)
            return ((), transition)
        }
    }

    /// A posting.
    ///
    /// - Returns: nil where there is none.
    package func posting(
        _ transaction: TransactionIdentifier
    ) async throws(LoyaltyFailure) -> Posting? {
        try await book.find(Posting.self, transaction.bytes)?.value
    }

    /// Postings, newest first.
    ///
    /// - Parameters:
    ///   - cursor: the last transaction of the page before; nil for the first page.
    ///   - limit: capped at ``RecordLimits/pageMax``.
    /// - Returns: the postings; none behind the oldest.
    /// - Throws: `.damaged` where one does not open, which the audit names.
    package func postings(
        before cursor: TransactionIdentifier? = nil,
        limit: Int
    ) async throws(LoyaltyFailure) -> [Posting] {
        var postings: [Posting] = []
        for record in try await book.list(
            LoyaltyRecords.posting,
            after: cursor?.bytes,
            limit: limit,
            order: .descending
        ) {
            postings.append(try await book.open(Posting.self, record).value)
        }
        return postings
    }
}

#if PLANTED_BUGS
    extension PointsCredit {
        fileprivate func renamed(_ transaction: TransactionIdentifier) -> PointsCredit {
            PointsCredit(
                transaction: transaction,
                membership: membership,
                amount: amount,
                expiry: expiry,
                note: note
            )
        }
    }
#endif
