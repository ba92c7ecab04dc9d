// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

/// One transition that moves points of members into postings.
struct PostingStep {
    enum Posted {
        case made(Int)
        case held
        case waiting
    }

    private let book: LoyaltyBook
    private let random: any RandomSource
    private let now: Instant
    private var members: MembersInHand
    private var programmes: [Currency: Programme] = [:]
    private var writes = Transition(writes: [])

    init(_ book: LoyaltyBook, _ random: any RandomSource, _ now: Instant) {
        self.book = book
        self.random = random
        self.now = now
        members = MembersInHand(book)
    }

    func transition() async throws(LoyaltyFailure) -> Transition {
        var transition = writes
        try await members.write(to: &transition)
        return transition
    }

    mutating func post(_ membership: Membership) async throws(LoyaltyFailure) -> Posted {
        guard var member = try await members.member(membership), member.home == .card else {
            return .made(0)
        }
        let enrolment = try await book.enrolment(member.enrolment, in: membership.programme)
        guard enrolment.state == .entered else { return .waiting }
        if let hold = member.hold, hold.since.adding(LoyaltyLimits.heldTime) > now { return .held }
        let programme = try await programme(membership.programme)
        // What has expired stays here until it is taken out.
        guard !member.tranches.isDue(at: CardTime(now)) else { return .made(0) }
        var count = 0
        for tranche in member.tranches.all {
            let amount = min(tranche.minorUnits, programme.balanceMax)
            var posting = Posting(
                PointsCredit(
                    transaction: TransactionIdentifier(at: now, random: random.pair()),
                    membership: membership,
                    amount: programme.points(amount),
                    expiry: tranche.expiry,
                    note: programme.name
                ),
                madeAt: now
            )
            member = member.posting(amount)
            let entry = MemberEntry(
                .posting,
                at: now,
                amount: amount,
                transaction: posting.credit.transaction,
                expiry: tranche.expiry,
                after: member
            )
            posting.row = try await members.change(member, entry, to: &writes)
            try await book.put(posting, over: 0, to: &writes)
            count += 1
            // The rest of a day goes with the next round, and what expires later behind it.
            if amount < tranche.minorUnits { break }
        }
        return .made(count)
    }

    private mutating func programme(
        _ code: Currency
    ) async throws(LoyaltyFailure) -> Programme {
        if let known = programmes[code] { return known }
        let programme = try await book.programme(code).value.programme
        programmes[code] = programme
        return programme
    }
}
