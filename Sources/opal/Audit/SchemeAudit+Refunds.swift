// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Merchant
import OPALServer
import PaymentServer
import Records
import Wire

// What merchants give back: a shop has heard of an outcome from the payment server, and that of
// what is on the card. Each was audited before the one from whom it has heard.
extension SchemeAudit {
    /// What the shop says is given back or refused, the payment server says too; and it has the
    /// same refunds.
    func compareRefunds(
        _ shop: Audited<OrderAudit, OrderAudit.Report>,
        _ acquirer: Audited<SaleAudit, SaleAudit.Report>,
        _ report: inout Report
    ) {
        for (transaction, refunds) in shop.report.refunds {
            let known = acquirer.report.refunds[transaction]
            for entry in refunds.entries where entry.outcome.isFinal {
                let place = "refund \(entry.number) of transaction \(transaction.text)"
                guard let other = known?.entry(entry.number) else {
                    // Refused because of the sale itself: the payment server keeps no record then.
                    if entry.outcome == .refunded {
                        report.findings.append("\(place): the payment server does not know it")
                    }
                    continue
                }
                if other.minorUnits != entry.minorUnits || other.outcome != entry.outcome {
                    report.findings.append("\(place): the payment server says something else")
                }
            }
        }
    }

    /// What the payment server was told, the clearing house has; and it has no refund of which this
    /// payment server does not know.
    func compareRefunds(
        _ cleared: [TransactionIdentifier: [RefundRecord]],
        _ acquirer: Audited<SaleAudit, SaleAudit.Report>
    ) async throws -> [AuditFinding] {
        var findings: [AuditFinding] = []
        func find(_ problem: String, _ number: UInt8, of transaction: TransactionIdentifier) {
            let place = "clearing house, refund \(number) of transaction \(transaction.text)"
            findings.append(AuditFinding(place, problem))
        }
        for (transaction, refunds) in acquirer.report.refunds {
            for entry in refunds.entries where entry.outcome.isFinal {
                let known = cleared[transaction]?.first { $0.order.number == entry.number }
                // What the payment server has refused by itself never came here.
                guard known != nil || entry.outcome == .refunded else { continue }
                if known?.outcome == entry.outcome,
                    known?.order.amount.minorUnits == entry.minorUnits
                {
                    continue
                }
                find("is not what the payment server was told", entry.number, of: transaction)
            }
        }
        for (transaction, refunds) in cleared {
            for refund in refunds
            where refund.acquirer == PaymentServerParty.acquirer && !refund.order.isChargeBack {
                // It may have been asked for since.
                let known = try await acquirer.audit.refunds(of: transaction)
                if known?.entry(refund.order.number) != nil { continue }
                find("the payment server has asked for none", refund.order.number, of: transaction)
            }
        }
        return findings
    }

    /// What the payment server says is given back is on a card, and nothing else is.
    func compareRefunds(
        _ acquirer: Audited<SaleAudit, SaleAudit.Report>,
        _ cards: Audited<CardAuditor, CardAuditor.Report>,
        _ report: inout Report
    ) async throws {
        var onCards: [TransactionIdentifier: [UInt8: Money]] = [:]
        for (name, credit) in cards.report.credits {
            guard let number = name.bank.refundNumber(at: credit.card.issuer) else { continue }
            onCards[name.transaction, default: [:]][number] = credit.amount
        }
        for (transaction, refunds) in acquirer.report.refunds {
            for entry in refunds.entries where entry.outcome.isFinal {
                let amount = refunds.order(entry, of: transaction)?.amount
                let credit = onCards[transaction]?[entry.number]
                let isOnCard = entry.outcome == .refunded
                if isOnCard ? credit == amount : credit == nil { continue }
                report.findings.append(
                    "refund \(entry.number) of transaction \(transaction.text): "
                        + (isOnCard ? "is not on the card" : "was refused, and is on a card")
                )
            }
        }
        for (transaction, credits) in onCards where acquirer.report.sold[transaction] != nil {
            // It may have been asked for since.
            let refunds = try await acquirer.audit.refunds(of: transaction)
            for number in credits.keys
            where RefundOrder.numbers.contains(number) && refunds?.entry(number) == nil {
                report.findings.append(
                    "refund \(number) of transaction \(transaction.text): is on a card, and "
                        + "nobody has asked the payment server for it"
                )
            }
        }
    }
}
