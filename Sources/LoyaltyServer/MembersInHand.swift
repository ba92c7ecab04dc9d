// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records

/// The members that one transition changes: each is read once, gets its rows one after the other,
/// and is written once. Nothing of it outlives the transition; who changes one of them meanwhile
/// makes it a conflict.
struct MembersInHand {
    private struct Held {
        var member: Member
        let revision: UInt64
        var isChanged = false
    }

    private let book: LoyaltyBook
    /// Nil for one that there is not.
    private var held: [Membership: Held?] = [:]

    init(_ book: LoyaltyBook) {
        self.book = book
    }

    /// - Returns: nil where there is none.
    /// - Throws: `.damaged`, `.store`, `.module`.
    mutating func member(
        _ membership: Membership
    ) async throws(LoyaltyFailure) -> Member? {
        if let known = held[membership] { return known?.member }
        let entry = try await book.find(Member.self, membership.bytes)
        held[membership] = .some(entry.map { Held(member: $0.value, revision: $0.revision) })
        return entry?.value
    }

    /// Takes one that was listed.
    mutating func take(_ entry: LoyaltyBook.Entry<Member>) {
        let held = Held(member: entry.value, revision: entry.revision)
        self.held[entry.value.membership] = .some(held)
    }

    /// Keeps the next state of a member, and adds its row.
    ///
    /// - Returns: the number of the row.
    @discardableResult
    mutating func change(
        _ member: Member,
        _ entry: MemberEntry,
        to transition: inout Transition
    ) async throws(LoyaltyFailure) -> UInt64 {
        guard case .some(.some(var next)) = held[member.membership] else {
            preconditionFailure("A member is read before it is changed.")
        }
        // Whoever made the next state need not know of the rows of this transition.
        let (lastRow, lastHash) = (next.member.lastRow, next.member.lastHash)
        next.member = member
        (next.member.lastRow, next.member.lastHash) = (lastRow, lastHash)
        try await book.note(entry, of: &next.member, to: &transition)
        next.isChanged = true
        held[member.membership] = .some(next)
        return next.member.lastRow
    }

    /// Adds the writes of those that have changed, in the order of their keys.
    func write(to transition: inout Transition) async throws(LoyaltyFailure) {
        let changed = held.values.compactMap { $0 }.filter(\.isChanged)
        let ordered = changed.sorted {
            $0.member.key.lexicographicallyPrecedes($1.member.key)
        }
        for next in ordered {
            try await book.put(next.member, over: next.revision, to: &transition)
        }
    }
}
