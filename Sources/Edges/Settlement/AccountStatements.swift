// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
package import Kernel
import SettlementFiles

/// Statements of the accounts that merchants and acquirers have at the clearing house, of those
/// that one settlement run pays: camt.053, a file for each currency. Each begins where the
/// statement before ended, and ends with the payout of the run.
///
/// Banks know whole minor units alone: an entry is what it changes in the balance rounded down, so
/// that entries lead from one rounded balance to the other.
struct AccountStatements {
    private let house: ClearingHouse
    private let run: SettlementRun
    private let terms: ClearingTerms
    private let folder: String
    private let now: Instant

    init(
        _ house: ClearingHouse,
        _ run: SettlementRun,
        _ terms: ClearingTerms,
        folder: String,
        now: Instant
    ) {
        self.house = house
        self.run = run
        self.terms = terms
        self.folder = folder
        self.now = now
    }

    /// One statement for each payout of the run.
    func write() async throws(SettlementFailure) -> [String] {
        var paths: [String] = []
        for total in run.totals {
            guard let unit = terms.unit(of: total.currency) else { continue }
            paths.append(try await write(unit))
        }
        return paths
    }

    private func write(_ unit: ClearingTerms.Unit) async throws(SettlementFailure) -> String {
        let currency = try SettlementFailure.writing { () throws(SettlementFileFailure) in
            try ISOCurrency(unit.currency)
        }
        let path = "\(folder)/statements-\(currency.code).xml"
        let sink = try SettlementFailure.writing { () throws(SettlementFileFailure) in
            try SettlementFile(path: path)
        }
        var file = try SettlementFailure.writing { () throws(SettlementFileFailure) in
            let name = try FileIdentifier("OPAL-\(run.day.digits)-\(currency.code)-S")
            return try StatementFile(to: sink, MessageHead(identifier: name, created: now))
        }
        try await house.eachPayout(of: run.day, in: unit.currency) {
            payout async throws(SettlementFailure) in
            try await add(payout, unit, currency, to: &file)
        }
        try SettlementFailure.writing { () throws(SettlementFileFailure) in
            try file.finish()
            try sink.keep()
        }
        return path
    }

    private func add(
        _ payout: Payout,
        _ unit: ClearingTerms.Unit,
        _ currency: ISOCurrency,
        to file: inout StatementFile
    ) async throws(SettlementFailure) {
        var rounded = Self.rounded(payout.content.opening, unit.exponent)
        let closing = Self.rounded(payout.rest, unit.exponent)
        try SettlementFailure.writing { () throws(SettlementFileFailure) in
            try file.begin(
                try head(of: payout, unit, currency),
                opening: AccountBalance(minorUnits: rounded, date: run.day.date),
                closing: AccountBalance(minorUnits: closing, date: run.day.date)
            )
        }
        var number = payout.content.after
        while true {
            let page = try await SettlementFailure.books {
                () async throws(ClearingFailure) in
                try await house.rows(
                    of: payout.account,
                    after: number,
                    limit: SettlementFolder.pageMax
                )
            }
            // The row of the payout itself is behind those that it covers.
            let rows = page.filter { $0.number <= payout.content.upTo + 1 }
            for row in rows {
                let next = Self.rounded(row.entry.balance, unit.exponent)
                try SettlementFailure.writing { () throws(SettlementFileFailure) in
                    try add(row, change: next - rounded, payout, currency, to: &file)
                }
                (rounded, number) = (next, row.number)
            }
            guard rows.count == SettlementFolder.pageMax else { return }
        }
    }

    private func add(
        _ row: (number: UInt64, entry: AccountRow),
        change: Int64,
        _ payout: Payout,
        _ currency: ISOCurrency,
        to file: inout StatementFile
    ) throws(SettlementFileFailure) {
        // Less than a minor unit, which comes with a later entry.
        if change == 0 { return }
        let isPayout = row.entry.cause == .payout(payout.name)
        try file.add(
            AccountEntry(
                reference: FileIdentifier("R\(row.number)"),
                amount: FileAmount(minorUnits: change.magnitude, currency: currency),
                direction: change < 0 ? .debit : .credit,
                bookingDate: CivilDate(day: row.entry.at.day),
                valueDate: isPayout ? payout.valueDate : CivilDate(day: row.entry.at.day),
                kind: FileIdentifier(row.entry.cause.word),
                endToEnd: try isPayout
                    ? FileIdentifier(payout.name.reference)
                    : row.entry.cause.sale.map { sale throws(SettlementFileFailure) in
                        try FileIdentifier(Hex.text(sale.bytes))
                    },
                counterparty: isPayout ? PaymentParty(payout.payee) : nil
            )
        )
    }

    private func head(
        of payout: Payout,
        _ unit: ClearingTerms.Unit,
        _ currency: ISOCurrency
    ) throws(SettlementFileFailure) -> AccountReportHead {
        let owner: String
        switch payout.account.owner {
        case .merchant(let merchant): owner = merchant.text
        case .acquirer(let acquirer): owner = "ACQUIRER-\(acquirer)"
        default: owner = "OPAL"
        }
        return AccountReportHead(
            identifier: try FileIdentifier(payout.name.reference + "-S"),
            sequenceNumber: UInt64(payout.name.day.number),
            created: now,
            account: ReportedAccount(
                number: .other(try OtherAccount("\(owner)-\(currency.code)")),
                currency: currency,
                owner: try PartyName(payout.payee.name),
                servicer: try unit.account.bic.map { text throws(SettlementFileFailure) in
                    try BIC(text)
                }
            )
        )
    }

    /// Whole minor units, rounded down: towards what is not there.
    private static func rounded(_ amount: ExactAmount, _ exponent: Exponent) -> Int64 {
        let (whole, rest) = amount.split(at: exponent)
        return Int64(clamping: rest.isNegative ? whole - 1 : whole)
    }
}

extension AccountRow.Cause {
    /// The sale that a refund or a charge-back is of; nil for an entry of more than one.
    package var sale: TransactionIdentifier? {
        if case .refund(let transaction, _) = self { transaction } else { nil }
    }

    /// What sort of entry it is, in statements.
    package var word: String {
        switch self {
        case .sales: "SALES"
        case .batchFee: "FEE"
        case .suspended: "SUSPENSE"
        case .released: "RELEASE"
        case .rejected: "REJECTION"
        case .payout: "PAYOUT"
        case .netted: "NETTING"
        case .statement: "BANK"
        case .returned: "RETURN"
        case .refund(_, let number) where RefundOrder.chargeBackNumbers.contains(number):
            "CHARGEBACK"
        case .refund: "REFUND"
        }
    }
}
