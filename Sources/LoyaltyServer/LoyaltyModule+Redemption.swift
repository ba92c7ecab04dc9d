// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records

// Points in the programme's database (FIG. 16): debited once for an order, after the holder has
// proved identity.
extension LoyaltyModule {
    /// Debits points, first to expire first. Durable before it is given; the same order again is
    /// answered with the same balance and debits nothing.
    ///
    /// - Parameters:
    ///   - points: minor units, at least 1.
    ///   - member: whose they are.
    ///   - transaction: TRX of the order.
    ///   - now: the time.
    /// - Returns: what the member has afterwards.
    /// - Throws: `.transactionMismatch` where the order debited something else, `.transactionEnded`
    ///   where it was given back or given up; `.unknownMember`, `.pointsOnCard`, `.nothingAsked`,
    ///   `.pointsExpired`, `.notEnough`.
    package func debit(
        _ points: UInt64,
        of member: Membership,
        for transaction: TransactionIdentifier,
        now: Instant
    ) async throws(LoyaltyFailure) -> UInt64 {
        try await book.change { () async throws(LoyaltyFailure) in
            if let known = try await book.find(Redemption.self, transaction.bytes)?.value {
                guard known.state.isDebited, let debit = known.debit else {
                    throw .transactionEnded
                }
                guard debit.membership == member, debit.points == points else {
                    throw .transactionMismatch
                }
                return (debit.balance, Transition(writes: []))
            }
            var members = MembersInHand(book)
            guard let before = try await members.member(member) else { throw .unknownMember }
            guard before.home == .database else { throw .pointsOnCard }
            guard points > 0 else { throw .nothingAsked }
            let (left, expired) = before.expiring(at: CardTime(now))
            guard let (next, taken) = left.redeeming(points) else {
                let available = left.tranches.total
                throw points <= before.tranches.total
                    ? .pointsExpired(available) : .notEnough(available)
            }
            var transition = Transition(writes: [])
            if expired > 0 {
                let row = MemberEntry(.expired, at: now, amount: expired, after: left)
                try await members.change(left, row, to: &transition)
            }
            let row = Self.row(.debited, points, for: transaction, now, after: next)
            let debit = Redemption.Debit(
                membership: member,
                points: points,
                balance: next.tranches.total,
                taken: taken,
                row: try await members.change(next, row, to: &transition)
            )
            let redemption = Redemption(transaction, debit, madeAt: now)
            try await book.put(redemption, over: 0, to: &transition)
            try await members.write(to: &transition)
            return (debit.balance, transition)
        }
    }

    /// Gives back what was debited for an order that came to nothing; once. Where nothing was
    /// debited for it, nothing will be. What has expired meanwhile can be spent for as long as the
    /// order held it. What was kept stays so; see ``keep(_:now:)``.
    ///
    /// - Returns: what the member has afterwards; nil where nothing was debited.
    @discardableResult
    package func giveBack(
        _ transaction: TransactionIdentifier,
        now: Instant
    ) async throws(LoyaltyFailure) -> UInt64? {
        try await book.change { () async throws(LoyaltyFailure) in
            var transition = Transition(writes: [])
            guard var entry = try await book.find(Redemption.self, transaction.bytes) else {
                let cancelled = Redemption(transaction, nil, madeAt: now)
                try await book.put(cancelled, over: 0, to: &transition)
                return (nil, transition)
            }
            guard let debit = entry.value.debit else { return (nil, transition) }
            var members = MembersInHand(book)
            guard let member = try await members.member(debit.membership) else { throw .damaged }
            guard entry.value.state == .debited else { return (member.tranches.total, transition) }
            guard member.redeemed >= debit.points else { throw .damaged }
            let next = member.restoring(debit.taken, heldSince: entry.value.madeAt, at: now)
            entry.value.state = .givenBack
            let row = Self.row(.givenBack, debit.points, for: transaction, now, after: next)
            try await members.change(next, row, to: &transition)
            try await members.write(to: &transition)
            try await book.put(entry.value, over: entry.revision, to: &transition)
            return (next.tranches.total, transition)
        }
    }

    /// The order was paid after it had been given up: what was debited for it stays so for good,
    /// and what had been given back is taken again.
    ///
    /// - Returns: false where fewer points are there than had been given back, or none were
    ///   debited.
    package func keep(
        _ transaction: TransactionIdentifier,
        now: Instant
    ) async throws(LoyaltyFailure) -> Bool {
        try await book.change { () async throws(LoyaltyFailure) in
            var transition = Transition(writes: [])
            guard var entry = try await book.find(Redemption.self, transaction.bytes),
                let debit = entry.value.debit
            else { return (false, transition) }
            switch entry.value.state {
            case .kept, .takenAgain: return (true, transition)
            case .cancelled: return (false, transition)
            case .debited: entry.value.state = .kept
            case .givenBack:
                guard try await takeAgain(debit, for: transaction, now, to: &transition) else {
                    return (false, Transition(writes: []))
                }
                entry.value.state = .takenAgain
            }
            try await book.put(entry.value, over: entry.revision, to: &transition)
            return (true, transition)
        }
    }

    private func takeAgain(
        _ debit: Redemption.Debit,
        for transaction: TransactionIdentifier,
        _ now: Instant,
        to transition: inout Transition
    ) async throws(LoyaltyFailure) -> Bool {
        var members = MembersInHand(book)
        guard let before = try await members.member(debit.membership) else { throw .damaged }
        // What is due to expire goes first to whom it is owed.
        guard let (next, _) = before.redeeming(debit.points) else { return false }
        let row = Self.row(.takenAgain, debit.points, for: transaction, now, after: next)
        try await members.change(next, row, to: &transition)
        try await members.write(to: &transition)
        return true
    }

    /// What the member's history says of points that an order moved.
    private static func row(
        _ event: MemberEntry.Event,
        _ points: UInt64,
        for transaction: TransactionIdentifier,
        _ now: Instant,
        after next: Member
    ) -> MemberEntry {
        MemberEntry(event, at: now, amount: points, transaction: transaction, after: next)
    }

    /// Points that were debited for an order.
    ///
    /// - Returns: nil where nothing is known of it.
    package func redemption(
        _ transaction: TransactionIdentifier
    ) async throws(LoyaltyFailure) -> Redemption? {
        try await book.find(Redemption.self, transaction.bytes)?.value
    }

    /// Redemptions, newest first.
    ///
    /// - Parameters:
    ///   - cursor: the last transaction of the page before; nil for the first page.
    ///   - limit: capped at ``RecordLimits/pageMax``.
    /// - Returns: the redemptions; none behind the oldest.
    /// - Throws: `.damaged` where one does not open, which the audit names.
    package func redemptions(
        before cursor: TransactionIdentifier? = nil,
        limit: Int
    ) async throws(LoyaltyFailure) -> [Redemption] {
        var redemptions: [Redemption] = []
        for record in try await book.list(
            LoyaltyRecords.redemption,
            after: cursor?.bytes,
            limit: limit,
            order: .descending
        ) {
            redemptions.append(try await book.open(Redemption.self, record).value)
        }
        return redemptions
    }
}

// Expiry.
extension LoyaltyModule {
    /// What one round over members did.
    package struct ExpiryRound: Equatable, Sendable {
        package var members = 0
        /// In minor units, of all programmes together.
        package var points: UInt64 = 0
        /// Members whose record does not open.
        package var damaged = 0
        /// The key behind which the next round begins; nil after the last member.
        package var next: [UInt8]?
    }

    /// Takes out what has expired of the points that are here: once a day is enough, because nobody
    /// can use them before either.
    ///
    /// - Parameters:
    ///   - now: the time of the round.
    ///   - cursor: ``ExpiryRound/next`` of the round before; nil to begin with the first member.
    /// - Returns: what the round did, after at most ``LoyaltyLimits/roundMax`` members.
    /// - Throws: `.busy`, `.store`, `.module`.
    package func expireDue(
        now: Instant,
        after cursor: [UInt8]? = nil
    ) async throws(LoyaltyFailure) -> ExpiryRound {
        var round = ExpiryRound(next: cursor)
        var looked = 0
        while looked < LoyaltyLimits.roundMax {
            let page = try await book.listOpen(
                LoyaltyRecords.member,
                after: round.next,
                limit: LoyaltyLimits.roundStepMax
            )
            let step = try await book.change { () async throws(LoyaltyFailure) in
                try await expire(page, now: now)
            }
            round.members += step.members
            round.points &+= step.points
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

    private func expire(
        _ page: [Record],
        now: Instant
    ) async throws(LoyaltyFailure) -> (ExpiryRound, Transition) {
        var round = ExpiryRound()
        var transition = Transition(writes: [])
        var members = MembersInHand(book)
        for listed in page {
            guard let membership = try? Membership(key: listed.key.bytes) else {
                round.damaged += 1
                continue
            }
            do throws(LoyaltyFailure) {
                guard let member = try await members.member(membership),
                    member.tranches.isDue(at: CardTime(now))
                else { continue }
                let (next, amount) = member.expiring(at: CardTime(now))
                let row = MemberEntry(.expired, at: now, amount: amount, after: next)
                try await members.change(next, row, to: &transition)
                round.members += 1
                round.points &+= amount
            } catch .damaged { round.damaged += 1 }
        }
        try await members.write(to: &transition)
        return (round, transition)
    }
}
