// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

// Refunds, beside their sales and the rows of their merchants.
extension ClearingAudit {
    func checkRefunds(
        _ report: inout Report,
        _ progress: @Sendable () -> Void
    ) async throws(StoreFailure) {
        try await each(RefundRecord.self, &report, progress) {
            refund,
            _,
            report async throws(StoreFailure) in
            let place = "clearing house, refund \(refund.order.number) of sale "
            let sale = refund.order.transaction.text
            report.refunds[refund.order.transaction, default: []].append(refund)
            for problem in try await problems(of: refund) {
                report.findings.append(AuditFinding(place + sale, problem))
            }
        }
    }

    private func problems(of refund: RefundRecord) async throws(StoreFailure) -> [String] {
        var problems: [String] = []
        let known = try? await house.sale(refund.order.transaction)
        guard let known, known.cleared.isCredited else { return ["its sale was not cleared"] }
        if refund.refusal(for: known.sale) != nil { problems.append("is not of its sale") }
        if refund.isStanding {
            // It may have gone back since it was read.
            let now = try? await book.find(RefundRecord.self, refund.key)?.value
            if known.cleared.refunds == 0, now?.isStanding != false {
                problems.append("is not counted with its sale")
            }
        }
        for (row, amount) in [(refund.row, -refund.gross), (refund.returnRow, refund.gross)]
        where row != 0 {
            if try await entry(row, of: refund) != amount {
                problems.append("has no row \(row) of its amount in the merchant's account")
            }
        }
        return problems
    }

    /// What a row of the merchant's account says of a refund; nil where it is of something else.
    private func entry(
        _ row: UInt64,
        of refund: RefundRecord
    ) async throws(StoreFailure) -> ExactAmount? {
        let stream = refund.account.stream
        let found = try await book.store.history(stream, after: row - 1, limit: 1).first
        guard let found, found.number == row, let entry = try? AccountRow(found.body),
            entry.cause == .refund(refund.order.transaction, number: refund.order.number)
        else { return nil }
        return entry.amount
    }

    /// Whether a row is of a refund that is not on record; one that does not open has its own
    /// finding.
    func isRefundUnknown(_ entry: AccountRow) async throws(StoreFailure) -> Bool {
        guard case .refund(let transaction, let number) = entry.cause else { return false }
        let key = RecordKey(RefundRecord.kind, RefundRecord.key(transaction, number))
        return try await book.store.read(key) == nil
    }

    /// What a sale says of its refunds, beside these; nil where it is right.
    func refundProblem(of sale: ClearedSale) async throws(ClearingFailure) -> String? {
        if sale.refunds == 0, sale.refunded == 0 { return nil }
        var sale = sale
        for _ in 0..<ClearingLimits.attemptsMax {
            let standing = try await house.refunds(of: sale.transaction).filter(\.isStanding)
            let sum = standing.reduce(UInt64(0)) { $0 &+ $1.order.amount.minorUnits }
            let paid = try await house.sale(at: sale.place).amount.minorUnits
            if sum == sale.refunded, standing.count == Int(sale.refunds) {
                return sum <= paid ? nil : "has refunds of \(sum), and \(paid) were paid"
            }
            let now = try await book.find(ClearedSale.self, sale.key)?.value
            guard let now, now != sale else {
                return "has \(standing.count) refunds of \(sum), and says \(sale.refunds) of "
                    + "\(sale.refunded)"
            }
            // One was posted, or went back, between the two reads.
            sale = now
        }
        return nil
    }
}
