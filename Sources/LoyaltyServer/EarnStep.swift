// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records

/// One transition over lines of an earn file: their records, their members with the rows of these,
/// the refused ones, and the position in the file.
struct EarnStep {
    private let book: LoyaltyBook
    private let programme: ProgrammeRecord
    private let today: CivilDate
    private let time: CardTime
    private let now: Instant
    /// Whether references are looked up; else they are taken for new, and the store knows better.
    private let looksUp: Bool
    private var members: MembersInHand
    private var writes = Transition(writes: [])
    /// References of this transition.
    private var references: [String: FileEarn] = [:]
    private(set) var batch: EarnBatch
    /// Whether a reference had been used before.
    private(set) var foundKnown = false

    init(
        _ book: LoyaltyBook,
        _ programme: ProgrammeRecord,
        _ batch: EarnBatch,
        looksUp: Bool,
        now: Instant
    ) {
        self.book = book
        self.programme = programme
        self.batch = batch
        self.looksUp = looksUp
        self.now = now
        time = CardTime(now)
        today = CivilDate(day: now.day)
        members = MembersInHand(book)
        writes.writes.reserveCapacity(2 * LoyaltyLimits.chunkMax + 1)
        writes.history.reserveCapacity(LoyaltyLimits.chunkMax)
    }

    func transition(over revision: UInt64) async throws(LoyaltyFailure) -> Transition {
        var transition = writes
        try await members.write(to: &transition)
        var batch = batch
        batch.changedAt = now
        try await book.put(batch, over: revision, to: &transition)
        return transition
    }

    mutating func apply(_ bytes: ArraySlice<UInt8>) async throws(LoyaltyFailure) {
        let line: EarnLine
        do throws(EarnLineRefusal) {
            line = try EarnLine(
                bytes,
                exponent: programme.programme.exponent,
                hasNote: batch.hasNote
            )
        } catch { return try await refuse(bytes, error) }
        let membership = Membership(programme: batch.name.programme, number: line.member)
        let expiry = programme.rule.expiry.lastDay(ofPointsEarnedOn: line.date)
        let refusal = refusal(of: line, expiry)
        let found: Member?
        let known: FileEarn?
        do throws(LoyaltyFailure) {
            found = try await members.member(membership)
            // What would be refused now may have been applied while it was right.
            let looksUp = looksUp || refusal != nil || found == nil
            known = try await self.known(line.reference, looksUp: looksUp)
        } catch .damaged { return try await refuse(bytes, .damaged) }
        if known != nil { foundKnown = true }
        if let known, known.isOf(line) { return batch.recognise() }
        if let refusal { return try await refuse(bytes, refusal) }
        if known != nil { return try await refuse(bytes, .referenceDiffers) }
        guard let member = found else { return try await refuse(bytes, .unknownMember) }
        guard let next = member.earning(line.points, until: expiry) else {
            return try await refuse(bytes, .overflow)
        }
        let entry = MemberEntry(
            .earned,
            at: now,
            amount: line.points,
            reference: line.reference,
            expiry: expiry,
            note: line.note,
            after: next
        )
        var earn = FileEarn(line, of: batch.name, number: number)
        earn.row = try await members.change(next, entry, to: &writes)
        try await book.put(earn, over: 0, to: &writes)
        references[line.reference] = earn
        batch.accept(line.points)
    }

    /// The number of the line in the file.
    private var number: UInt32 { UInt32(clamping: batch.nextLine) }

    /// Why what the line asks for is not given today.
    private func refusal(of line: EarnLine, _ expiry: CardDate) -> EarnLineRefusal? {
        // A card takes no more than its maximum at once.
        if programme.programme.home == .card, line.points > programme.programme.balanceMax {
            return .tooMany
        }
        if line.date > today { return .future }
        return expiry.isPast(at: time) ? .expired : nil
    }

    private func known(
        _ reference: String,
        looksUp: Bool
    ) async throws(LoyaltyFailure) -> FileEarn? {
        if let known = references[reference] { return known }
        guard looksUp else { return nil }
        return try await book.find(
            FileEarn.self,
            FileEarn.key(batch.name.programme, reference)
        )?.value
    }

    private mutating func refuse(
        _ line: ArraySlice<UInt8>,
        _ reason: EarnLineRefusal
    ) async throws(LoyaltyFailure) {
        if batch.refused < LoyaltyLimits.refusedLinesMax {
            let refused = RefusedLine(batch.name, number: number, reason, line: line)
            try await book.put(refused, over: 0, to: &writes)
        }
        batch.refuse()
    }
}
