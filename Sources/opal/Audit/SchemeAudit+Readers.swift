// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import PaymentServer
import SecurityModule
import Wire

// Debits without a draw: made by a terminal while the card was in a reader, or named.
extension SchemeAudit {
    /// A card in a reader is debited by whoever has a security card. That it was in one, the record
    /// that became durable with the debit proves; that it was paid for, a sale with the same
    /// security card and the same numbers.
    func compare(
        debitOf card: CardIdentifier,
        _ transaction: TransactionIdentifier,
        _ acquirer: Audited<SaleAudit, SaleAudit.Report>,
        _ cards: CardAuditor.Report,
        _ report: inout Report
    ) async throws {
        let place = "transaction \(transaction.text)"
        guard let debit = cards.readerDebits[transaction], debit.card == card else {
            report.findings.append("\(place): card \(card) was debited without a draw")
            return
        }
        report.inReaders += 1
        let isPutBack = cards.recoveries.contains(transaction)
        guard let sale = try await acquirer.audit.sale(of: transaction) else {
            if acquirer.audit.owns(debit.command.securityCard) {
                report.findings.append(
                    "\(place): debited in a reader, but the payment server has no such sale"
                )
            } else {
                report.notes.append(
                    "\(place): card \(card) was debited in a reader by a security card that is not "
                        + "this payment server's"
                )
            }
            return
        }
        guard debit.isPaidFor(by: sale) else {
            report.findings.append(
                "\(place): debited in a reader for something else than the payment server has"
            )
            return
        }
        switch (sale.state, isPutBack) {
        case (.sold, false), (.void, true): break
        case (.drawn, false): report.pending += 1
        case (.void, false):
            report.pending += 1
            report.notes.append(
                "\(place): card \(card) was debited in a reader and the sale was given up; the "
                    + "value is put back when the card is in a reader again"
            )
        case (_, true): report.findings.append("\(place): \(sale.state), and put back on the card")
        case (.refused, false):
            report.findings.append("\(place): debited in a reader, refused at the payment server")
        }
    }
}

extension ReaderDebit {
    /// Whether a sale is of this debit, by card, security card, their numbers and the terms.
    fileprivate func isPaidFor(by sale: SaleRecord) -> Bool {
        sale.draw.initializeAnswer.card == card && sale.draw.initializeAnswer.number == number
            && sale.command == command
    }
}
