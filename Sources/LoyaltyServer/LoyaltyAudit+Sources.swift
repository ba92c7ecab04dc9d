// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

// From what earned, moved and spent points to the row that tells of it: both became durable
// together, so that one is never there without the other.
extension LoyaltyAudit {
    func checkSources(
        _ report: inout Report,
        _ progress: @Sendable () -> Void
    ) async throws(StoreFailure) {
        try await eachOpened(FileEarn.self, &report, progress) {
            earn,
            record,
            report async throws(StoreFailure) in
            let row = try await row(earn.row, of: earn.membership)
            if row?.event != .earned || row?.reference != earn.reference
                || row?.amount != earn.points
            {
                report.findings.append(AuditFinding(Self.place(record), "has no row"))
            }
        }
        try await eachOpened(PurchaseEarn.self, &report, progress) {
            earn,
            record,
            report async throws(StoreFailure) in
            report.purchases[Earning(earn.transaction, earn.membership.programme)] = earn
            try await check(earn, record, &report)
        }
        try await eachOpened(Posting.self, &report, progress) {
            posting,
            record,
            report async throws(StoreFailure) in
            let row = try await row(posting.row, of: posting.credit.membership)
            if row?.event != .posting || row?.transaction != posting.credit.transaction
                || row?.amount != posting.amount
            {
                report.findings.append(AuditFinding(Self.place(record), "has no row"))
            }
            switch posting.state {
            case .open: report.inPostings[posting.credit.transaction] = posting.credit
            case .posted: report.posted[posting.credit.transaction] = posting.credit
            case .refused: break
            }
        }
        try await eachOpened(Redemption.self, &report, progress) {
            redemption,
            record,
            report async throws(StoreFailure) in
            guard let debit = redemption.debit else { return }
            if redemption.state.isDebited { report.debits[redemption.transaction] = debit }
            let row = try await row(debit.row, of: debit.membership)
            if row?.event != .debited || row?.transaction != redemption.transaction
                || row?.amount != debit.points
            {
                report.findings.append(AuditFinding(Self.place(record), "has no row"))
            }
        }
        try await checkCards(&report, progress)
        try await eachOpened(EarnBatch.self, &report, progress) { _, _, _ in }
        try await eachOpened(RefusedLine.self, &report, progress) { _, _, _ in }
    }

    private func check(
        _ earn: PurchaseEarn,
        _ record: Record,
        _ report: inout Report
    ) async throws(StoreFailure) {
        guard earn.points > 0 else { return }
        let row = try await row(earn.row, of: earn.membership)
        if row?.event != .pending || row?.transaction != earn.transaction
            || row?.amount != earn.points
        {
            report.findings.append(AuditFinding(Self.place(record), "has no row"))
        }
        guard earn.state == .confirmed, try await find(Maturity.self, earn.maturity.key) == nil,
            // It may have ended since it was read.
            try await book.store.read(record.key)?.revision == record.revision
        else { return }
        report.findings.append(AuditFinding(Self.place(record), "would be pending for ever"))
    }

    /// Enrolments and what they made.
    private func checkCards(
        _ report: inout Report,
        _ progress: @Sendable () -> Void
    ) async throws(StoreFailure) {
        try await eachOpened(Maturity.self, &report, progress) { _, _, _ in }
        try await eachOpened(Enrolment.self, &report, progress) {
            enrolment,
            record,
            report async throws(StoreFailure) in
            if try await find(Member.self, enrolment.membership.bytes) == nil {
                report.findings.append(AuditFinding(Self.place(record), "has no member"))
            }
        }
        try await eachOpened(EnrolledCard.self, &report, progress) {
            card,
            record,
            report async throws(StoreFailure) in
            if try await find(Member.self, card.membership.bytes) == nil {
                report.findings.append(AuditFinding(Self.place(record), "has no member"))
            }
        }
    }

    private func eachOpened<Value: LoyaltyRecord>(
        _ type: Value.Type,
        _ report: inout Report,
        _ progress: @Sendable () -> Void,
        _ check: (Value, Record, inout Report) async throws(StoreFailure) -> Void
    ) async throws(StoreFailure) {
        try await each(Value.kind, &report, progress) {
            record,
            report async throws(StoreFailure) in
            guard let value = (try? await book.open(type, record))?.value else {
                report.findings.append(AuditFinding(Self.place(record), "does not open"))
                return
            }
            try await check(value, record, &report)
        }
    }

    /// Row `number` of a member's history.
    private func row(
        _ number: UInt64,
        of membership: Membership
    ) async throws(StoreFailure) -> MemberEntry? {
        guard number > 0 else { return nil }
        let rows = try await book.store.history(membership.stream, after: number - 1, limit: 1)
        guard let row = rows.first, row.number == number else { return nil }
        return try? MemberEntry(row.body)
    }
}
