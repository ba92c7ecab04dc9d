// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

// What holders have disputed, beside what charge-backs have credited.
extension CardAuditor {
    /// Refunds and disputes.
    func checkGivenBack(
        _ report: inout Report,
        _ progress: @Sendable () -> Void
    ) async throws(StoreFailure) {
        try await store.forEach(RefundedSaleRecord.kind) { record async throws(StoreFailure) in
            await check(refundedSale: record, &report)
            progress()
        }
        try await store.forEach(DisputeRecord.kind) { record async throws(StoreFailure) in
            await check(dispute: record, &report)
            progress()
        }
        try await store.forEach(OpenDisputesRecord.kind) { record async throws(StoreFailure) in
            await check(openDisputes: record, &report)
            progress()
        }
    }

    private func check(dispute record: Record, _ report: inout Report) async {
        guard let dispute = await dispute(record),
            record.isOpen == !dispute.state.isFinal
        else {
            report.findings.append(AuditFinding(Self.place(record), "does not open"))
            return
        }
        report.disputes[dispute.sale.transaction] = dispute
    }

    private func check(openDisputes record: Record, _ report: inout Report) async {
        guard let body = await open(record), (try? OpenDisputesRecord(body)) != nil else {
            report.findings.append(AuditFinding(Self.place(record), "does not open"))
            return
        }
    }

    /// Each charge-back that ended a dispute is on a card, and each that is on a card has ended
    /// one.
    func compareDisputes(_ report: inout Report) async throws(StoreFailure) {
        var credits: [TransactionIdentifier: [UInt8: Money]] = [:]
        for (name, credit) in report.credits {
            guard let number = name.bank.refundNumber(at: credit.card.issuer),
                RefundOrder.chargeBackNumbers.contains(number)
            else { continue }
            credits[name.transaction, default: [:]][number] = credit.amount
        }
        for (transaction, dispute) in report.disputes {
            guard case .refunded(let back) = dispute.state,
                credits[transaction]?[back.number] != back.amount
            else { continue }
            report.findings.append(
                AuditFinding(
                    Self.place(transaction),
                    "has ended as refunded, and its charge-back is not on a card"
                )
            )
        }
        try await compareGivenBack(&report)
        for (transaction, backs) in credits {
            for (number, amount) in backs {
                // It may have ended after the disputes were read.
                if isEnd(of: report.disputes[transaction], number, amount) { continue }
                if isEnd(of: try await dispute(transaction), number, amount) { continue }
                report.findings.append(
                    AuditFinding(
                        Self.place(transaction),
                        "has a charge-back on a card, and did not decide it"
                    )
                )
            }
        }
    }

    /// Each dispute that the merchant has ended has refunds on cards of all that was paid.
    private func compareGivenBack(_ report: inout Report) async throws(StoreFailure) {
        var given: [TransactionIdentifier: UInt64] = [:]
        for (name, credit) in report.credits {
            guard let number = name.bank.refundNumber(at: credit.card.issuer),
                RefundOrder.numbers.contains(number)
            else { continue }
            given[name.transaction, default: 0] &+= credit.amount.minorUnits
        }
        for (transaction, dispute) in report.disputes where dispute.state == .givenBack {
            guard given[transaction] != dispute.sale.paid.minorUnits else { continue }
            report.findings.append(
                AuditFinding(
                    Self.place(transaction),
                    "has ended as given back by the merchant, and that is not on a card"
                )
            )
        }
    }

    private func isEnd(of dispute: Dispute?, _ number: UInt8, _ amount: Money) -> Bool {
        guard case .refunded(let back)? = dispute?.state else { return false }
        return back.number == number && back.amount == amount
    }

    private func dispute(
        _ transaction: TransactionIdentifier
    ) async throws(StoreFailure) -> Dispute? {
        guard let record = try await store.read(DisputeRecord.key(transaction)) else {
            return nil
        }
        return await dispute(record)
    }

    private func dispute(_ record: Record) async -> Dispute? {
        guard let body = await open(record) else { return nil }
        return try? DisputeRecord(body, key: record.key).dispute
    }

    private static func place(_ transaction: TransactionIdentifier) -> String {
        "OPAL server, dispute of sale \(transaction.text)"
    }
}
