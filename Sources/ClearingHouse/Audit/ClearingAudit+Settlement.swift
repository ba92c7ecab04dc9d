// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records

// Payouts and suspense, beside what stands in the books for them.
extension ClearingAudit {
    func checkPayouts(
        _ report: inout Report,
        _ progress: @Sendable () -> Void,
        _ inTransit: inout [Currency: ExactAmount]
    ) async throws(StoreFailure) {
        var sums: [BusinessDay: UInt32] = [:]
        var waiting: [Currency: ExactAmount] = [:]
        try await each(Payout.self, &report, progress) {
            payout,
            _,
            report async throws(StoreFailure) in
            sums[payout.name.day, default: 0] += 1
            let place = "clearing house, payout \(payout.name.reference)"
            if payout.isOpen {
                let before = waiting[payout.account.currency] ?? .zero
                waiting[payout.account.currency] = before.adding(payout.amount)
            }
            if payout.rest.isNegative {
                report.findings.append(AuditFinding(place, "is more than there was"))
            }
            if let problem = try await problem(of: payout) {
                report.findings.append(AuditFinding(place, problem))
            }
        }
        inTransit = waiting
        try await each(SettlementRun.self, &report, progress) {
            run,
            _,
            report async throws(StoreFailure) in
            let count = sums[run.day] ?? 0
            guard count != run.payouts else { return }
            report.findings.append(
                AuditFinding(
                    "clearing house, settlement of \(run.day.digits)",
                    "\(run.payouts) payouts were made, and \(count) are on record"
                )
            )
        }
        try await each(BankStatementRecord.self, &report, progress)
        try await each(UnmatchedLine.self, &report, progress)
        try await each(PayIn.self, &report, progress)
    }

    /// Compares a payout with the row of its account.
    private func problem(of payout: Payout) async throws(StoreFailure) -> String? {
        let stream = payout.account.stream
        let row = try await book.store.history(stream, after: payout.content.upTo, limit: 1).first
        guard let row, let entry = try? AccountRow(row.body),
            entry.cause == .payout(payout.name)
        else { return "has no row behind those that it covers" }
        if entry.amount != -payout.amount { return "is not what its account has paid" }
        if entry.balance != payout.rest { return "does not leave what its account has" }
        return nil
    }

    func checkSuspense(
        _ report: inout Report,
        _ progress: @Sendable () -> Void,
        _ suspended: inout [LedgerAccount: ExactAmount]
    ) async throws(StoreFailure) {
        var sums: [LedgerAccount: ExactAmount] = [:]
        try await each(SuspendedSale.self, &report, progress) {
            entry,
            _,
            _ async throws(StoreFailure) in
            guard entry.isPosted, entry.isOpen else { return }
            let account = entry.sale.suspense
            sums[account] = (sums[account] ?? .zero).adding(ExactAmount(entry.sale.amount))
        }
        suspended = sums
    }
}
