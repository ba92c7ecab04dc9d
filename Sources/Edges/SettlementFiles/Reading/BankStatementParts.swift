// SPDX-License-Identifier: Apache-2.0

import Kernel

/// A statement that is being read.
struct BankStatementParts {
    private struct Balance {
        var code: String?
        var amount: FileAmount?
        var direction: Direction?
        var date: CivilDate?
    }

    /// Whether its head was told.
    private(set) var isOpen = false
    var entry: BankEntryParts?
    var batch = BankBatchParts()
    var transaction = BankTransactionParts()

    private var identifier: String?
    private var sequenceNumber: String?
    private var account: String?
    private var currency: String?
    private var balance = Balance()
    private var balances: [(code: String, amount: FileAmount, balance: AccountBalance)] = []
    private var figures: BalanceFigures?
    private var credits: Int64 = 0
    private var debits: Int64 = 0

    mutating func take(_ text: BankStatementText) throws(BankStatementFailure) {
        switch text.place {
        case "Stmt/Id": try text.set(text.words(), in: &identifier)
        case "Stmt/ElctrncSeqNb": try text.set(text.words(), in: &sequenceNumber)
        case "Stmt/Acct/Id/IBAN", "Stmt/Acct/Id/Othr/Id":
            try text.set(text.words(), in: &account)
        case "Stmt/Acct/Ccy": try text.set(text.words(), in: &currency)
        case "Stmt/Bal/Tp/CdOrPrtry/Cd", "Stmt/Bal/Tp/CdOrPrtry/Prtry":
            try text.set(text.words(), in: &balance.code)
        case "Stmt/Bal/Amt": try text.set(text.amount(), in: &balance.amount)
        case "Stmt/Bal/CdtDbtInd": try text.set(text.direction(), in: &balance.direction)
        case "Stmt/Bal/Dt/Dt", "Stmt/Bal/Dt/DtTm":
            try text.set(text.date(), in: &balance.date)
        default:
            guard text.place.hasPrefix("Stmt/Ntry/") else { return }
            try takeOfEntry(text)
        }
    }

    private mutating func takeOfEntry(
        _ text: BankStatementText
    ) throws(BankStatementFailure) {
        if text.place.hasPrefix("Stmt/Ntry/NtryDtls/Btch/") {
            try batch.take(text)
        } else if text.place.hasPrefix("Stmt/Ntry/NtryDtls/TxDtls/") {
            try transaction.take(text)
        } else {
            try entry?.take(text)
        }
    }

    mutating func beginBalance() throws(BankStatementFailure) {
        guard !isOpen else { throw .outOfOrder("Stmt/Bal") }
        balance = Balance()
    }

    mutating func endBalance() throws(BankStatementFailure) {
        guard balances.count < SettlementLimits.balancesMax else { throw .tooManyBalances }
        guard let code = balance.code else { throw .missing("Stmt/Bal/Tp") }
        guard let amount = balance.amount else { throw .missing("Stmt/Bal/Amt") }
        guard let direction = balance.direction else { throw .missing("Stmt/Bal/CdtDbtInd") }
        guard let date = balance.date else { throw .missing("Stmt/Bal/Dt") }
        let units = Int64(clamping: amount.minorUnits)
        let signed = direction == .credit ? units : -units
        balances.append((code, amount, AccountBalance(minorUnits: signed, date: date)))
    }

    /// What comes before the entries is complete.
    mutating func open() throws(BankStatementFailure) -> BankStatement {
        guard let identifier else { throw .missing("Stmt/Id") }
        guard let account else { throw .missing("Stmt/Acct/Id") }
        // The end of the last statement is the beginning of this one.
        let (openingAmount, opening) = try balance(["OPBD", "PRCD"])
        let (closingAmount, closing) = try balance(["CLBD"])
        let unit = openingAmount.currency
        let others = [currency, closingAmount.currency.code].compactMap { $0 }
        if let other = others.first(where: { $0 != unit.code }) {
            throw .otherCurrency(other, expected: unit.code)
        }
        isOpen = true
        figures = BalanceFigures(
            currency: unit,
            opening: opening.minorUnits,
            credits: 0,
            debits: 0,
            closing: closing.minorUnits
        )
        return BankStatement(
            identifier: identifier,
            sequenceNumber: sequenceNumber,
            account: account,
            currency: unit,
            opening: opening,
            closing: closing
        )
    }

    /// The balance of the first of the codes that there is; two of one code would be a riddle.
    private func balance(
        _ codes: [String]
    ) throws(BankStatementFailure) -> (FileAmount, AccountBalance) {
        for code in codes {
            let found = balances.filter { $0.code == code }
            guard let first = found.first else { continue }
            guard found.count == 1 else { throw .repeated("Stmt/Bal \(code)") }
            return (first.amount, first.balance)
        }
        throw .missing("Stmt/Bal \(codes[0])")
    }

    /// - Returns: the entry at the first of its details or, without any, at its end; nil after
    ///   that.
    mutating func endEntryHead() throws(BankStatementFailure) -> BankEntry? {
        guard let figures, let parts = entry, !parts.isTold else { return nil }
        let told = try parts.entry
        entry?.isTold = true
        let currency = told.amount.currency
        guard currency == figures.currency else {
            throw .otherCurrency(currency.code, expected: figures.currency.code)
        }
        guard told.status == .booked else { return told }
        let amount = Int64(clamping: told.amount.minorUnits)
        let before = told.direction == .credit ? credits : debits
        let (after, overflow) = before.addingReportingOverflow(amount)
        guard !overflow else { throw .amountTooLarge }
        if told.direction == .credit { credits = after } else { debits = after }
        return told
    }

    /// - Throws: `.doesNotAddUp`.
    func end() throws(BankStatementFailure) -> BalanceFigures {
        guard let identifier, let head = figures else { throw .missing("Stmt/Id") }
        let figures = BalanceFigures(
            currency: head.currency,
            opening: head.opening,
            credits: credits,
            debits: debits,
            closing: head.closing
        )
        guard figures.addUp else { throw .doesNotAddUp(statement: identifier, figures) }
        return figures
    }
}
