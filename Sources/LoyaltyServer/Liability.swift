// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// What a programme owes its members: points that are outstanding, by the month of their expiry.
package struct Liability: Equatable, Sendable {
    /// Points that expire in one month.
    package struct Part: Equatable, Sendable {
        /// With the members: what can be redeemed in the database, or is due for the card.
        package var here: UInt64 = 0
        /// On the way to cards.
        package var inPostings: UInt64 = 0
        /// On cards, where the OPAL server was asked.
        package var onCards: UInt64 = 0
    }

    package let programme: Currency
    package var memberCount = 0
    /// Members and open postings that do not open: the sums are without them, and the audit names
    /// them. Whose posting it is, nobody can say: it counts in each programme.
    package var damagedCount = 0
    package var earned: UInt64 = 0
    package var pending: UInt64 = 0
    package var undone: UInt64 = 0
    package var posted: UInt64 = 0
    package var redeemed: UInt64 = 0
    package var expired: UInt64 = 0
    /// By the last day of the month, ascending; ``PointsTranche/never`` for those that never
    /// expire.
    package var months: [(lastDay: CardDate, part: Part)] {
        byMonth.sorted { $0.key.bcd < $1.key.bcd }.map { ($0.key, $0.value) }
    }
    private var byMonth: [CardDate: Part] = [:]

    init(_ programme: Currency) {
        self.programme = programme
    }

    /// Sums for people: they stop where 64 bits end.
    mutating func add(_ member: Member) {
        memberCount += 1
        earned = earned.clampedAdding(member.earned)
        pending = pending.clampedAdding(member.pending)
        undone = undone.clampedAdding(member.undone)
        posted = posted.clampedAdding(member.posted)
        redeemed = redeemed.clampedAdding(member.redeemed)
        expired = expired.clampedAdding(member.expired)
        for tranche in member.tranches.all { add(tranche, to: \.here) }
    }

    mutating func add(_ tranche: PointsTranche, to part: WritableKeyPath<Part, UInt64>) {
        let day = tranche.expiry.civilDate
        let last = CivilDate.lastDay(of: day.month, in: day.year)
        guard let date = CivilDate(year: day.year, month: day.month, dayOfMonth: last) else {
            return
        }
        let sum = byMonth[CardDate(date), default: Part()][keyPath: part]
        byMonth[CardDate(date), default: Part()][keyPath: part] =
            sum.clampedAdding(tranche.minorUnits)
    }
}

extension UInt64 {
    fileprivate func clampedAdding(_ other: UInt64) -> UInt64 {
        let (sum, isTooLarge) = addingReportingOverflow(other)
        return isTooLarge ? .max : sum
    }
}

extension LoyaltyModule {
    /// What a programme owes, from all of its members and open postings.
    ///
    /// - Parameters:
    ///   - programme: CURR of the programme.
    ///   - asksForCards: whether the OPAL server is asked what is on cards.
    /// - Returns: what is outstanding now.
    /// - Throws: `.unknownProgramme`; `.opalServerSilent`, `.opalServerRefused`,
    ///   `.answerUnreadable`.
    package func liability(
        of programme: Currency,
        asksForCards: Bool
    ) async throws(LoyaltyFailure) -> Liability {
        _ = try await book.programme(programme)
        var liability = Liability(programme)
        var cursor = programme.bytes
        while true {
            let page = try await book.list(
                LoyaltyRecords.member,
                after: cursor,
                limit: RecordLimits.pageMax
            )
            let members = page.filter { $0.key.bytes.starts(with: programme.bytes) }
            for record in members {
                if let member = try await book.intact(Member.self, record) {
                    liability.add(member)
                } else {
                    liability.damagedCount += 1
                }
            }
            guard members.count == RecordLimits.pageMax, let last = members.last else { break }
            cursor = last.key.bytes
        }
        try await addPostings(to: &liability)
        if asksForCards {
            for tranche in try await holdings(of: programme).tranches {
                liability.add(tranche, to: \.onCards)
            }
        }
        return liability
    }

    private func addPostings(to liability: inout Liability) async throws(LoyaltyFailure) {
        var cursor: [UInt8]?
        while true {
            let page = try await book.listOpen(
                LoyaltyRecords.posting,
                after: cursor,
                limit: RecordLimits.pageMax
            )
            for record in page {
                guard let posting = try await book.intact(Posting.self, record) else {
                    liability.damagedCount += 1
                    continue
                }
                guard posting.credit.membership.programme == liability.programme else { continue }
                let tranche = PointsTranche(
                    expiry: posting.credit.expiry,
                    minorUnits: posting.amount
                )
                liability.add(tranche, to: \.inPostings)
            }
            guard page.count == RecordLimits.pageMax, let last = page.last else { return }
            cursor = last.key.bytes
        }
    }

    /// What is on cards, as the OPAL server says.
    ///
    /// - Throws: `.opalServerSilent`, `.opalServerRefused`, `.answerUnreadable`.
    package func holdings(
        of programme: Currency
    ) async throws(LoyaltyFailure) -> (cards: UInt32, tranches: [PointsTranche]) {
        switch try await ask(.holdingsQuestion(programme)) {
        case .holdings(programme, let cards, let tranches): return (cards, tranches)
        case .refusal(_, let reason): throw .opalServerRefused(reason)
        default: throw .answerUnreadable
        }
    }
}
