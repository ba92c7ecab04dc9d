// SPDX-License-Identifier: Apache-2.0

/// pacs.009.001.08, transfers of institutions for themselves. One currency and one day a file.
package struct InstitutionTransferFile {
    package static let message = "pacs.009.001.08"

    private let xml: XMLWriter
    private let route: InterbankRoute
    private var tally: TransferTally

    /// - Parameters:
    ///   - sink: of a file that only counts if ``finish()`` returns.
    ///   - head: the message's name.
    ///   - route: between whom it goes.
    ///   - totals: of the transfers that follow.
    /// - Throws: `.nothingInside`, `.amountTooLarge`.
    package init(
        to sink: any ByteSink,
        _ head: MessageHead,
        _ route: InterbankRoute,
        _ totals: TransferTotals
    ) throws(SettlementFileFailure) {
        tally = try TransferTally(totals)
        self.route = route
        xml = XMLWriter(to: sink, message: InstitutionTransferFile.message)
        xml.begin("FICdtTrf")
        try xml.head(head, route, totals)
    }

    /// - Throws: `.otherDate`, `.otherCurrency`, `.amountTooLarge`, `.unwritableFile`.
    package mutating func add(_ transfer: InstitutionTransfer) throws(SettlementFileFailure) {
        guard transfer.settlementDate == route.settlementDate else {
            throw .otherDate(transfer.endToEnd.text)
        }
        try tally.add(transfer.amount)
        xml.begin("CdtTrfTxInf", "PmtId")
        xml.value(transfer.endToEnd.text, in: "EndToEndId")
        xml.value(transfer.endToEnd.text, in: "TxId")
        try xml.end()
        xml.amount(transfer.amount, in: "IntrBkSttlmAmt")
        xml.bank(transfer.debtor.bic, in: "Dbtr")
        if let account = transfer.debtor.account { xml.account(account, in: "DbtrAcct") }
        xml.bank(transfer.creditor.bic, in: "Cdtr")
        if let account = transfer.creditor.account { xml.account(account, in: "CdtrAcct") }
        try xml.end()
    }

    /// - Throws: `.otherTotals`, `.unwritableFile`.
    package mutating func finish() throws(SettlementFileFailure) {
        try tally.check()
        try xml.endDocument()
    }
}
