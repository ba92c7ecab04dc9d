// SPDX-License-Identifier: Apache-2.0

/// pacs.008.001.08, credit transfers of customers from one institution to another. One currency and
/// one day a file.
package struct CustomerTransferFile {
    package static let message = "pacs.008.001.08"

    private let xml: XMLWriter
    private let route: InterbankRoute
    private var tally: TransferTally

    /// - Parameters:
    ///   - sink: of a file that only counts if ``finish()`` returns.
    ///   - head: the message's name.
    ///   - route: between whom it goes.
    ///   - totals: of the payments that follow.
    /// - Throws: `.nothingInside`, `.amountTooLarge`.
    package init(
        to sink: any ByteSink,
        _ head: MessageHead,
        _ route: InterbankRoute,
        _ totals: TransferTotals
    ) throws(SettlementFileFailure) {
        tally = try TransferTally(totals)
        self.route = route
        xml = XMLWriter(to: sink, message: CustomerTransferFile.message)
        xml.begin("FIToFICstmrCdtTrf")
        try xml.head(head, route, totals)
    }

    /// - Throws: `.bicMissing`, `.otherDate`, `.otherCurrency`, `.amountTooLarge`,
    ///   `.unwritableFile`.
    package mutating func add(_ payment: PaymentInstruction) throws(SettlementFileFailure) {
        guard let debtorBank = payment.debtor.bank, let creditorBank = payment.creditor.bank else {
            throw .bicMissing(payment.endToEnd.text)
        }
        guard payment.executionDate == route.settlementDate else {
            throw .otherDate(payment.endToEnd.text)
        }
        try tally.add(payment.amount)
        xml.begin("CdtTrfTxInf", "PmtId")
        xml.value(payment.endToEnd.text, in: "EndToEndId")
        xml.value(payment.endToEnd.text, in: "TxId")
        try xml.end()
        xml.amount(payment.amount, in: "IntrBkSttlmAmt")
        xml.value("SLEV", in: "ChrgBr")
        xml.value(payment.debtor.name.text, in: "Dbtr", "Nm")
        xml.account(payment.debtor.account, in: "DbtrAcct")
        xml.bank(debtorBank, in: "DbtrAgt")
        xml.bank(creditorBank, in: "CdtrAgt")
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
}
