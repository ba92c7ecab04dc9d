// SPDX-License-Identifier: Apache-2.0

/// camt.054.001.08, notifications: what was booked on accounts, before the day's statement says it.
package struct NotificationFile {
    package static let message = "camt.054.001.08"

    private let xml: XMLWriter
    private var currency: ISOCurrency?

    /// - Parameters:
    ///   - sink: of a file that only counts if ``finish()`` returns.
    ///   - head: the message's name.
    /// - Throws: `.unwritableFile`.
    package init(to sink: any ByteSink, _ head: MessageHead) throws(SettlementFileFailure) {
        xml = XMLWriter(to: sink, message: NotificationFile.message)
        xml.begin("BkToCstmrDbtCdtNtfctn", "GrpHdr")
        xml.head(head)
        try xml.end()
    }

    /// Ends the notification before, if there is one, and begins the next.
    ///
    /// - Throws: `.unwritableFile`.
    package mutating func begin(_ head: AccountReportHead) throws(SettlementFileFailure) {
        if currency != nil { try xml.end() }
        currency = head.account.currency
        xml.begin("Ntfctn")
        try xml.accountHead(head)
    }

    /// - Throws: `.outOfOrder` before a notification, `.otherCurrency`, `.unwritableFile`.
    package mutating func add(_ entry: AccountEntry) throws(SettlementFileFailure) {
        guard let currency else { throw .outOfOrder }
        guard entry.amount.currency == currency else {
            throw .otherCurrency(entry.amount.currency.code, expected: currency.code)
        }
        try xml.entry(entry)
    }

    /// - Throws: `.nothingInside` without a notification, `.unwritableFile`.
    package mutating func finish() throws(SettlementFileFailure) {
        guard currency != nil else { throw .nothingInside }
        try xml.endDocument()
    }
}
