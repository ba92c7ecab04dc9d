// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
package import Kernel
import SettlementFiles

/// Statements (camt.053) and notifications (camt.054) of all accounts at the clearing house, of a
/// business day: a file of each for each currency. A statement begins where the one before ended,
/// and has all that was booked since then, the payout of the day included; a notification has what
/// was paid out, came back, was paid in or netted.
///
/// Banks know whole minor units alone: an entry is what it changes in the balance rounded down, so
/// that entries lead from one rounded balance to the other.
struct AccountStatements {
    private let house: ClearingHouse
    private let run: SettlementRun
    private let units: [SettlementRun.Unit]
    private let folder: String
    private let created: Instant

    init(
        _ house: ClearingHouse,
        _ run: SettlementRun,
        _ units: [SettlementRun.Unit],
        folder: String,
        created: Instant
    ) {
        self.house = house
        self.run = run
        self.units = units
        self.folder = folder
        self.created = created
    }

    /// A statement of each account on which something was booked.
    func write() async throws(SettlementFailure) -> [String] {
        var paths: [String] = []
        for unit in units { paths += try await write(unit) }
        return paths
    }

    private func write(_ unit: SettlementRun.Unit) async throws(SettlementFailure) -> [String] {
        let currency = try SettlementFailure.writing { () throws(SettlementFileFailure) in
            try ISOCurrency(unit.currency)
        }
        var files = AccountReportFiles(folder, run.day, currency, created)
        var (last, isDone): (LedgerAccount?, Bool) = (nil, false)
        while !isDone {
            let page = try await SettlementFailure.books { () async throws(ClearingFailure) in
                try await house.accountDays(
                    of: run.day,
                    after: last,
                    limit: SettlementFolder.pageMax
                )
            }
            for day in page.days where day.account.currency == unit.currency {
                try await add(day, unit, currency, to: &files)
            }
            (last, isDone) = (page.next, page.next == nil)
        }
        return try SettlementFailure.writing { () throws(SettlementFileFailure) in
            try files.finish()
        }
    }

    private func add(
        _ day: AccountDay,
        _ unit: SettlementRun.Unit,
        _ currency: ISOCurrency,
        to files: inout AccountReportFiles
    ) async throws(SettlementFailure) {
        var rounded = Self.rounded(day.opening, unit.exponent)
        let closing = Self.rounded(day.closing, unit.exponent)
        let owner = try await SettlementFailure.books { () async throws(ClearingFailure) in
            try await house.ownerName(of: day.account)
        }
        try SettlementFailure.writing { () throws(SettlementFileFailure) in
            try files.begin(
                try reported(day.account, owner ?? unit.account.name, unit, currency),
                opening: AccountBalance(minorUnits: rounded, date: run.day.date),
                closing: AccountBalance(minorUnits: closing, date: run.day.date)
            )
        }
        var number = day.after
        while number < day.upTo {
            let page = try await SettlementFailure.books { () async throws(ClearingFailure) in
                try await house.rows(
                    of: day.account,
                    after: number,
                    limit: SettlementFolder.pageMax
                )
            }
            guard let last = page.last?.number else {
                throw .clearing(.damaged("row \(number + 1) of \(day.account.name)"))
            }
            for row in page where row.number <= day.upTo {
                let next = Self.rounded(row.entry.balance, unit.exponent)
                try await add(row, change: next - rounded, currency, to: &files)
                rounded = next
            }
            number = last
        }
    }

    private func add(
        _ row: (number: UInt64, entry: AccountRow),
        change: Int64,
        _ currency: ISOCurrency,
        to files: inout AccountReportFiles
    ) async throws(SettlementFailure) {
        // Less than a minor unit, which comes with a later entry.
        if change == 0 { return }
        var payout: Payout?
        switch row.entry.cause {
        case .payout(let name), .refused(let name):
            payout = try await SettlementFailure.books { () async throws(ClearingFailure) in
                try await house.payout(name)
            }
        default: break
        }
        let booked = CivilDate(day: row.entry.at.day)
        try SettlementFailure.writing { () throws(SettlementFileFailure) in
            try files.add(
                AccountEntry(
                    reference: FileIdentifier("R\(row.number)"),
                    amount: FileAmount(minorUnits: change.magnitude, currency: currency),
                    direction: change < 0 ? .debit : .credit,
                    bookingDate: booked,
                    valueDate: payout?.valueDate ?? booked,
                    kind: FileIdentifier(row.entry.cause.word),
                    endToEnd: try endToEnd(row.entry.cause, payout),
                    counterparty: try payout.map { payout throws(SettlementFileFailure) in
                        try PaymentParty(payout.payee)
                    }
                ),
                isNotified: row.entry.cause.isNotified
            )
        }
    }

    private func endToEnd(
        _ cause: AccountRow.Cause,
        _ payout: Payout?
    ) throws(SettlementFileFailure) -> FileIdentifier? {
        if let payout { return try FileIdentifier(payout.name.reference) }
        guard let sale = cause.sale else { return nil }
        return try FileIdentifier(Hex.text(sale.bytes))
    }

    private func reported(
        _ account: LedgerAccount,
        _ owner: String,
        _ unit: SettlementRun.Unit,
        _ currency: ISOCurrency
    ) throws(SettlementFileFailure) -> ReportedAccount {
        let number = account.owner.statementNumber
        // A name that banks cannot write keeps nobody from the statement.
        let name: PartyName
        if let written = try? PartyName(owner) {
            name = written
        } else {
            name = try PartyName(number)
        }
        return ReportedAccount(
            number: .other(try OtherAccount("\(number)-\(currency.code)")),
            currency: currency,
            owner: name,
            servicer: try unit.account.bic.map { text throws(SettlementFileFailure) in
                try BIC(text)
            }
        )
    }

    /// Whole minor units, rounded down: towards what is not there.
    private static func rounded(_ amount: ExactAmount, _ exponent: Exponent) -> Int64 {
        let (whole, rest) = amount.split(at: exponent)
        return Int64(clamping: rest.isNegative ? whole - 1 : whole)
    }
}

extension LedgerAccount.Owner {
    /// What its account is called in statements, in front of the currency; at most 30 characters.
    fileprivate var statementNumber: String {
        switch self {
        case .bank: "BANK"
        case .pool(let issuer): "POOL-\(issuer.digits)"
        case .acquirer(let acquirer): "ACQUIRER-\(acquirer)"
        case .merchant(let merchant):
            // Also of an identifier with characters that banks do not take.
            (try? OtherAccount(merchant.text)) == nil
                ? Hex.text(Array(merchant.text.utf8)) : merchant.text
        case .suspense(let acquirer): "SUSPENSE-\(acquirer)"
        case .expired(let issuer): "EXPIRED-\(issuer.digits)"
        case .inTransit: "IN-TRANSIT"
        }
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
        case .refused: "REFUSAL"
        case .swept: "SWEEP"
        case .sweepReturned: "SWEEP-RETURN"
        }
    }

    /// Whether it is a booking of its own: what is of sales stands in statements alone.
    fileprivate var isNotified: Bool {
        switch self {
        case .payout, .netted, .statement, .returned, .refused: true
        case .sales, .batchFee, .suspended, .released, .rejected, .refund, .swept,
            .sweepReturned:
            false
        }
    }
}
