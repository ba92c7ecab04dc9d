// SPDX-License-Identifier: Apache-2.0

import Kernel

/// pain.001.001.09, a customer's credit transfers: asks a bank to pay. One currency a file.
///
/// The head says how many payments come and what they sum to, and is written first: what follows
/// must be that, or ``finish()`` refuses. Payments that follow each other from one debtor on one
/// day are one block.
package struct PayoutFile {
    package static let message = "pain.001.001.09"

    private struct Block: Equatable {
        let debtor: PaymentParty
        let executionDate: CivilDate
    }

    private let xml: XMLWriter
    private let head: MessageHead
    private var tally: TransferTally
    private var block: Block?
    private var blocks = 0

    /// - Parameters:
    ///   - sink: of a file that only counts if ``finish()`` returns.
    ///   - head: the message's name, unknown to the bank so far.
    ///   - initiator: who asks, which need not be who pays.
    ///   - totals: of the payments that follow.
    /// - Throws: `.nothingInside`, `.amountTooLarge`.
    package init(
        to sink: any ByteSink,
        _ head: MessageHead,
        initiator: PartyName,
        _ totals: TransferTotals
    ) throws(SettlementFileFailure) {
        tally = try TransferTally(totals)
        self.head = head
        xml = XMLWriter(to: sink, message: PayoutFile.message)
        xml.begin("CstmrCdtTrfInitn", "GrpHdr")
        xml.head(head)
        xml.value(String(totals.count), in: "NbOfTxs")
        xml.value(totals.sum.text, in: "CtrlSum")
        xml.value(initiator.text, in: "InitgPty", "Nm")
        try xml.end()
    }

    /// - Throws: `.otherCurrency`, `.amountTooLarge`, `.tooLong` where the head's identifier leaves
    ///   no room for the number of another block, `.unwritableFile`.
    package mutating func add(_ payment: PaymentInstruction) throws(SettlementFileFailure) {
        try tally.add(payment.amount)
        let block = Block(debtor: payment.debtor, executionDate: payment.executionDate)
        if block != self.block { try begin(block) }
        xml.begin("CdtTrfTxInf")
        xml.value(payment.endToEnd.text, in: "PmtId", "EndToEndId")
        xml.amount(payment.amount, in: "Amt", "InstdAmt")
        if let bank = payment.creditor.bank { xml.bank(bank, in: "CdtrAgt") }
        xml.value(payment.creditor.name.text, in: "Cdtr", "Nm")
        xml.account(payment.creditor.account, in: "CdtrAcct")
        xml.remittance(payment.remittance)
        try xml.end()
    }

    /// - Throws: `.otherTotals`, `.unwritableFile`.
    package mutating func finish() throws(SettlementFileFailure) {
        try tally.check()
        try xml.endDocument()
    }

    private mutating func begin(_ next: Block) throws(SettlementFileFailure) {
        if block != nil { try xml.end() }
        block = next
        blocks += 1
        xml.begin("PmtInf")
        xml.value(try FileIdentifier("\(head.identifier.text)-\(blocks)").text, in: "PmtInfId")
        xml.value("TRF", in: "PmtMtd")
        xml.value(MessageDate.text(next.executionDate), in: "ReqdExctnDt", "Dt")
        xml.value(next.debtor.name.text, in: "Dbtr", "Nm")
        xml.account(next.debtor.account, in: "DbtrAcct")
        if let bank = next.debtor.bank {
            xml.bank(bank, in: "DbtrAgt")
        } else {
            // What banks agreed on for the one that is asked, which knows who it is (EPC132-08).
            xml.value("NOTPROVIDED", in: "DbtrAgt", "FinInstnId", "Othr", "Id")
        }
        // Each side bears its own bank's charges.
        xml.value("SLEV", in: "ChrgBr")
    }
}
