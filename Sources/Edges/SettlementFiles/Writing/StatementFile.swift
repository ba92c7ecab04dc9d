// SPDX-License-Identifier: Apache-2.0

/// camt.053.001.08, statements of accounts: each has an opening and a closing balance, and the
/// entries that lead from one to the other.
package struct StatementFile {
    package static let message = "camt.053.001.08"

    private struct Sums {
        let currency: ISOCurrency
        let opening: Int64
        let closing: Int64
        var credits: Int64 = 0
        var debits: Int64 = 0

        var figures: BalanceFigures {
            BalanceFigures(
                currency: currency,
                opening: opening,
                credits: credits,
                debits: debits,
                closing: closing
            )
        }
    }

    private let xml: XMLWriter
    private var sums: Sums?

    /// - Parameters:
    ///   - sink: of a file that only counts if ``finish()`` returns.
    ///   - head: the message's name.
    /// - Throws: `.unwritableFile`.
    package init(to sink: any ByteSink, _ head: MessageHead) throws(SettlementFileFailure) {
        xml = XMLWriter(to: sink, message: StatementFile.message)
        xml.begin("BkToCstmrStmt", "GrpHdr")
        xml.head(head)
        try xml.end()
    }

    /// Ends the statement before, if there is one, and begins the next.
    ///
    /// - Throws: `.doesNotAddUp` of the one before, `.amountTooLarge`, `.unwritableFile`.
    package mutating func begin(
        _ head: AccountReportHead,
        opening: AccountBalance,
        closing: AccountBalance
    ) throws(SettlementFileFailure) {
        try endStatement()
        let currency = head.account.currency
        sums = Sums(currency: currency, opening: opening.minorUnits, closing: closing.minorUnits)
        xml.begin("Stmt")
        try xml.accountHead(head)
        try balance("OPBD", opening, currency)
        try balance("CLBD", closing, currency)
    }

    /// - Throws: `.outOfOrder` before a statement, `.otherCurrency`, `.amountTooLarge`,
    ///   `.unwritableFile`.
    package mutating func add(_ entry: AccountEntry) throws(SettlementFileFailure) {
        guard var sums else { throw .outOfOrder }
        guard entry.amount.currency == sums.currency else {
            throw .otherCurrency(entry.amount.currency.code, expected: sums.currency.code)
        }
        let amount = Int64(clamping: entry.amount.minorUnits)
        let before = entry.direction == .credit ? sums.credits : sums.debits
        let (after, overflow) = before.addingReportingOverflow(amount)
        guard !overflow else { throw .amountTooLarge }
        if entry.direction == .credit { sums.credits = after } else { sums.debits = after }
        self.sums = sums
        try xml.entry(entry)
    }

    /// - Throws: `.doesNotAddUp`, `.nothingInside` without a statement, `.unwritableFile`.
    package mutating func finish() throws(SettlementFileFailure) {
        guard sums != nil else { throw .nothingInside }
        try endStatement()
        try xml.endDocument()
    }

    private mutating func endStatement() throws(SettlementFileFailure) {
        guard let figures = sums?.figures else { return }
        guard figures.addUp else { throw .doesNotAddUp(figures) }
        try xml.end()
    }

    private func balance(
        _ code: String,
        _ balance: AccountBalance,
        _ currency: ISOCurrency
    ) throws(SettlementFileFailure) {
        xml.begin("Bal")
        xml.value(code, in: "Tp", "CdOrPrtry", "Cd")
        xml.amount(
            try FileAmount(minorUnits: balance.minorUnits.magnitude, currency: currency),
            in: "Amt"
        )
        let direction = balance.minorUnits < 0 ? Direction.debit : .credit
        xml.value(direction.rawValue, in: "CdtDbtInd")
        xml.value(MessageDate.text(balance.date), in: "Dt", "Dt")
        try xml.end()
    }
}
