// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

// What merchants gave back.
extension CardAuditor {
    func check(refundedSale record: Record, _ report: inout Report) async {
        guard let body = await open(record), let sale = try? RefundedSaleRecord(body),
            let transaction = TransactionIdentifier(Hex.text(record.key.bytes)), !record.isOpen
        else {
            report.findings.append(AuditFinding(Self.place(record), "does not open"))
            return
        }
        for (name, movement) in sale.movements(transaction) { report.refunds[name] = movement }
    }

    /// Each refund that is on record is on its card, and each that is on a card is on record.
    func compareRefunds(_ report: inout Report) async throws(StoreFailure) {
        for (name, movement) in report.refunds where report.credits[name] != movement {
            report.findings.append(
                AuditFinding(Self.place(name), "is on record, but not on its card")
            )
        }
        for (name, credit) in report.credits
        where name.bank.refundNumber(at: credit.card.issuer) != nil {
            // It may have been credited after the records were read.
            if report.refunds[name] == credit { continue }
            if try await refund(name) == credit { continue }
            report.findings.append(
                AuditFinding(
                    Self.place(name),
                    "is on card \(credit.card.masked), but not on record"
                )
            )
        }
    }

    private func refund(_ name: CreditName) async throws(StoreFailure) -> Movement? {
        guard let record = try await store.read(RefundedSaleRecord.key(name.transaction)),
            let body = await open(record), let sale = try? RefundedSaleRecord(body)
        else { return nil }
        return sale.movements(name.transaction)[name]
    }

    private static func place(_ name: CreditName) -> String {
        "OPAL server, refund of sale \(name.transaction.text)"
    }
}

extension RefundedSaleRecord {
    /// What it says is on cards.
    fileprivate func movements(
        _ transaction: TransactionIdentifier
    ) -> [CardAuditor.CreditName: CardAuditor.Movement] {
        var movements: [CardAuditor.CreditName: CardAuditor.Movement] = [:]
        for entry in refunds.entries {
            guard let credit = credits[entry.number],
                let amount = refunds.order(entry, of: transaction)?.amount
            else { continue }
            let name = CardAuditor.CreditName(
                bank: .refund(entry.number, at: credit.card.issuer),
                transaction: transaction
            )
            movements[name] = CardAuditor.Movement(card: credit.card, amount: amount)
        }
        return movements
    }
}
