// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// One line of the list of members.
package struct MemberLine: Equatable, Sendable {
    /// TRX of the proof that made the member.
    package let proof: TransactionIdentifier
    /// Nil where the stored enrolment does not open: it was changed by somebody else.
    package let enrolment: Enrolment?
    /// Nil where this does not open, or its enrolment.
    package let member: Member?
}

// What the loyalty server shows: to a member, and to its operator.
extension LoyaltyModule {
    /// - Throws: `.unknownMember`, `.damaged`.
    package func member(_ membership: Membership) async throws(LoyaltyFailure) -> Member {
        try await book.member(membership).value
    }

    /// The members of a programme, by the time of their proofs, newest first.
    ///
    /// - Parameters:
    ///   - programme: CURR of the programme.
    ///   - cursor: the transaction of the last line of the page before; nil for the first page.
    ///   - limit: capped at ``RecordLimits/pageMax``.
    /// - Returns: the lines; none behind the oldest. The audit names what does not open.
    /// - Throws: `.store`, `.module`; `.damaged` where a name is none.
    package func members(
        of programme: Currency,
        before cursor: TransactionIdentifier? = nil,
        limit: Int
    ) async throws(LoyaltyFailure) -> [MemberLine] {
        // Behind the last of the programme no TRX stands: the last one is all ones.
        let last = programme.bytes + [UInt8](repeating: 0xFF, count: 16)
        let records = try await book.list(
            LoyaltyRecords.enrolment,
            after: cursor.map { programme.bytes + $0.bytes } ?? last,
            limit: limit,
            order: .descending
        )
        var lines: [MemberLine] = []
        for record in records where record.key.bytes.starts(with: programme.bytes) {
            guard let proof = Enrolment.proof(in: record.key.bytes) else { throw .damaged }
            let enrolment = try await book.intact(Enrolment.self, record)
            var member: Member?
            if let enrolment {
                do throws(LoyaltyFailure) {
                    member = try await book.member(enrolment.membership).value
                } catch .damaged, .unknownMember {} catch { throw error }
            }
            lines.append(MemberLine(proof: proof, enrolment: enrolment, member: member))
        }
        return lines
    }

    /// A member's statement, newest first.
    ///
    /// - Parameters:
    ///   - membership: whose.
    ///   - row: the number of the last row of the page before; nil for the first page.
    ///   - limit: capped at ``RecordLimits/pageMax``.
    /// - Returns: rows with their numbers; none behind the oldest.
    /// - Throws: `.unknownMember`; `.damaged` where a row cannot be read.
    package func statement(
        of membership: Membership,
        before row: UInt64? = nil,
        limit: Int
    ) async throws(LoyaltyFailure) -> [(number: UInt64, entry: MemberEntry)] {
        let member = try await book.member(membership).value
        let count = UInt64(min(max(limit, 0), RecordLimits.pageMax))
        let end = min(row.map { max($0, 1) - 1 } ?? member.lastRow, member.lastRow)
        let start = end > count ? end - count : 0
        guard end > start else { return [] }
        let rows: [HistoryRow]
        do throws(StoreFailure) {
            rows = try await book.store.history(
                membership.stream,
                after: start,
                limit: Int(end - start)
            )
        } catch { throw .store(error) }
        var entries: [(number: UInt64, entry: MemberEntry)] = []
        do throws(WireFailure) {
            for row in rows.reversed() { entries.append((row.number, try MemberEntry(row.body))) }
        } catch { throw .damaged }
        return entries
    }
}
