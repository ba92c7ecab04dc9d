// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer

// What the parties say of each other. The servers may be running: what one party has said may have
// become true at the next one after that was audited, and is looked at there again.
extension SchemeAudit {
    func compare(
        _ shop: Audited<OrderAudit, OrderAudit.Report>,
        of merchant: String,
        _ acquirer: Audited<SaleAudit, SaleAudit.Report>,
        _ cards: Audited<CardAuditor, CardAuditor.Report>?,
        _ report: inout Report
    ) async throws {
        for (transaction, amount) in shop.report.paid {
            let place = "transaction \(transaction.text)"
            let promised = acquirer.report.promised[transaction]
            if let sold = acquirer.report.sold[transaction] ?? promised {
                if sold.amount != amount {
                    report.findings.append("\(place): delivered for another amount than was sold")
                }
                // Goods that went out before the payment server heard of the debit.
                if promised != nil, let cards, cards.report.debits[transaction] != sold.card {
                    report.findings.append("\(place): delivered without a debit")
                }
            } else {
                report.findings.append("\(place): paid or delivered without a sale")
            }
        }
        for (transaction, sold) in acquirer.report.sold
        where sold.merchant.text == merchant && sold.isFirstHalf
            && !shop.report.orders.contains(transaction)
        {
            if try await shop.audit.hasOrder(transaction) { continue }
            report.findings.append(
                "transaction \(transaction.text): sold, but \(merchant) has no such order"
            )
        }
    }

    func compare(
        _ acquirer: Audited<SaleAudit, SaleAudit.Report>,
        _ cards: Audited<CardAuditor, CardAuditor.Report>,
        _ report: inout Report
    ) async throws {
        let cardReport = cards.report
        for (transaction, sold) in acquirer.report.sold
        where cardReport.debits[transaction] != sold.card {
            report.cardsBehind.note(transaction, sold.amount, of: sold.card)
            report.findings.append(
                "transaction \(transaction.text): sold without a debit of card \(sold.card)"
            )
        }
        for (transaction, card) in cardReport.debits where cardReport.draws[transaction] == nil {
            try await compare(debitOf: card, transaction, acquirer, cardReport, &report)
        }
        for (transaction, draw) in cardReport.draws {
            if draw == .debited { report.pending += 1 }
            if let problem = try await problem(draw, transaction, acquirer) {
                report.findings.append("transaction \(transaction.text): \(problem)")
            }
        }
    }

    /// Whether the sale is what the draw says. The last word is the payment server's, and it was
    /// durable there before the OPAL server heard it.
    private func problem(
        _ draw: DrawState,
        _ transaction: TransactionIdentifier,
        _ acquirer: Audited<SaleAudit, SaleAudit.Report>
    ) async throws -> String? {
        let sales = acquirer.report
        switch draw {
        case .sold where sales.sold[transaction] != nil: return nil
        case .recovered where sales.void.contains(transaction): return nil
        default: break
        }
        let sale = try await acquirer.audit.state(of: transaction)
        switch (draw, sale) {
        case (.sold, .sold), (.recovered, .void), (.debited, .some): return nil
        case (.debited, nil): return "debited, but the payment server has no such sale"
        case (.sold, nil): return "sold at the OPAL server, no sale at the payment server"
        case (.recovered, nil): return "recovered at the OPAL server, no sale at the payment server"
        case (.sold, .some(let sale)), (.recovered, .some(let sale)):
            return "\(draw) at the OPAL server, \(sale) at the payment server"
        }
    }
}
