// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

/// One transition over points of purchases: the purchases, their members and the rows of these.
struct PurchaseStep {
    private typealias Entry = LoyaltyBook.Entry<PurchaseEarn>

    private let book: LoyaltyBook
    private let now: Instant
    private var members: MembersInHand
    private var writes = Transition(writes: [])

    init(_ book: LoyaltyBook, _ now: Instant) {
        self.book = book
        self.now = now
        members = MembersInHand(book)
    }

    /// All of it; empty where nothing changes.
    func transition() async throws(LoyaltyFailure) -> Transition {
        var transition = writes
        try await members.write(to: &transition)
        return transition
    }

    /// The first notice of a purchase.
    mutating func begin(
        _ earn: PurchaseEarn,
        _ notice: PurchaseNotice
    ) async throws(LoyaltyFailure) {
        guard let member = try await members.member(earn.membership) else {
            throw .unknownMember
        }
        var earn = earn
        if earn.points > 0 {
            guard let next = member.earning(pending: earn.points) else { throw .amountTooLarge }
            earn.row = try await change(next, .pending, earn)
        }
        if let event = notice.state.event { try await move(&earn, event) }
        try await book.put(earn, over: 0, to: &writes)
    }

    /// A later one.
    mutating func go(
        on entry: LoyaltyBook.Entry<PurchaseEarn>,
        _ notice: PurchaseNotice
    ) async throws(LoyaltyFailure) {
        var earn = entry.value
        guard let event = notice.state.event else { return }
        guard !earn.state.contradicts(event) else { throw .transactionContradicts }
        if try await move(&earn, event) {
            try await book.put(earn, over: entry.revision, to: &writes)
            return
        }
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.earnCountedTwice), earn.points > 0 {
                let member = try await members.member(earn.membership)
                guard let next = member?.earning(earn.points, until: earn.expiry) else { return }
                try await change(next, .matured, earn)
            }
        #endif
    }

    /// Ends a pending period that is due.
    ///
    /// - Returns: whether it was that of points that were pending.
    mutating func mature(_ record: Record) async throws(LoyaltyFailure) -> Bool {
        let maturity = try await book.open(Maturity.self, record).value
        let key = PurchaseEarn.key(maturity.programme, maturity.transaction)
        guard let entry = try await book.find(PurchaseEarn.self, key) else { throw .damaged }
        var earn = entry.value
        guard earn.maturesAt == maturity.maturesAt else { throw .damaged }
        // Somebody else has ended it since it was listed.
        guard let next = earn.state.next(after: .matured) else { return false }
        try await give(earn)
        earn.state = next
        try await book.put(earn, over: entry.revision, to: &writes)
        writes.writes.append(.delete(record.key, expectedRevision: record.revision))
        return true
    }

    /// - Returns: whether the event has a place.
    @discardableResult
    private mutating func move(
        _ earn: inout PurchaseEarn,
        _ event: EarnEvent
    ) async throws(LoyaltyFailure) -> Bool {
        guard let next = earn.state.next(after: event) else { return false }
        earn.state = next
        switch next {
        case .confirmed:
            if earn.points > 0, earn.maturesAt > now {
                try await book.put(earn.maturity, over: 0, to: &writes)
            } else if let due = next.next(after: .matured) {
                try await give(earn)
                earn.state = due
            }
        case .undone where earn.points > 0:
            #if PLANTED_BUGS
                if PlantedBug.isPlanted(.undoneEarnKept) {
                    try await give(earn)
                    return true
                }
            #endif
            let member = try await member(of: earn)
            try await change(member.undoing(earn.points), .undone, earn)
        case .undone, .unconfirmed, .due: break
        }
        return true
    }

    /// Points that were pending are the member's.
    private mutating func give(_ earn: PurchaseEarn) async throws(LoyaltyFailure) {
        guard earn.points > 0 else { return }
        let member = try await member(of: earn)
        let next = member.maturing(earn.points, until: earn.expiry)
        try await change(next, .matured, earn)
    }

    /// The member whose points are pending.
    private mutating func member(
        of earn: PurchaseEarn
    ) async throws(LoyaltyFailure) -> Member {
        guard let member = try await members.member(earn.membership),
            member.pending >= earn.points
        else { throw .damaged }
        return member
    }

    @discardableResult
    private mutating func change(
        _ member: Member,
        _ event: MemberEntry.Event,
        _ earn: PurchaseEarn
    ) async throws(LoyaltyFailure) -> UInt64 {
        let entry = MemberEntry(
            event,
            at: now,
            amount: earn.points,
            transaction: earn.transaction,
            expiry: earn.expiry,
            after: member
        )
        return try await members.change(member, entry, to: &writes)
    }
}

extension PurchaseNotice.State {
    /// What happens to the points.
    fileprivate var event: EarnEvent? {
        switch self {
        case .debited: nil
        case .sold: .sold
        case .recovered: .recovered
        }
    }
}
