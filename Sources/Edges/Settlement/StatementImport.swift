// SPDX-License-Identifier: Apache-2.0

package import ClearingHouse
package import Kernel
import SettlementFiles

/// Takes a bank's statement (camt.053) into the books. The file has been gone through once, so that
/// it is whole and adds up, before the first line of it counts.
package struct StatementImport {
    private let house: ClearingHouse

    /// Lines that are handed on at a time.
    private static let chunkMax = 200

    package init(_ house: ClearingHouse) {
        self.house = house
    }

    /// - Parameters:
    ///   - path: of the file.
    ///   - now: the moment.
    /// - Returns: how far the statement has come: all of it. The same file again changes nothing.
    /// - Throws: `.statement`, `.otherAccount`, `.severalStatements`, `.clearing`; what was applied
    ///   before stays, and the same file goes on there.
    package func take(
        _ path: String,
        now: Instant
    ) async throws(SettlementFailure) -> BankStatementRecord {
        let terms = try await SettlementFailure.books { () async throws(ClearingFailure) in
            try await house.terms()
        }
        let (head, count, digest) = try StatementImport.look(path, terms)
        var record = try await SettlementFailure.books {
            () async throws(ClearingFailure) in
            try await house.begin(
                BankStatementRecord(
                    digest: digest,
                    name: String(head.identifier.prefix(70)),
                    currency: head.purse,
                    opening: head.amount(head.opening),
                    closing: head.amount(head.closing),
                    lines: count,
                    begunAt: now
                )
            )
        }
        var (lines, position): ([BankStatementLine], UInt32) = ([], 0)
        try await StatementImport.each(path) { line async throws(SettlementFailure) in
            lines.append(line)
            guard lines.count == StatementImport.chunkMax else { return }
            record = try await apply(lines, digest, position, now)
            position += UInt32(lines.count)
            lines = []
        }
        if lines.isEmpty { return record }
        return try await apply(lines, digest, position, now)
    }

    private func apply(
        _ lines: [BankStatementLine],
        _ digest: [UInt8],
        _ position: UInt32,
        _ now: Instant
    ) async throws(SettlementFailure) -> BankStatementRecord {
        try await SettlementFailure.books { () async throws(ClearingFailure) in
            try await house.apply(lines, of: digest, from: position, now: now)
        }
    }

    /// What the file is of: its one statement, of one of our accounts, and how many lines count.
    private static func look(
        _ path: String,
        _ terms: ClearingTerms
    ) throws(SettlementFailure) -> (BankStatement, UInt32, digest: [UInt8]) {
        let file = try open(path)
        var (head, count): (BankStatement?, UInt32) = (nil, 0)
        var builder = LineBuilder()
        while let events = try next(file) {
            for event in events {
                if case .statement(let statement) = event {
                    guard head == nil else { throw .severalStatements }
                    head = statement
                }
                count += UInt32(builder.take(event).count)
            }
        }
        guard let head else { throw .statement(.missing("Stmt")) }
        let isOurs = terms.units.contains { unit in
            unit.account.account.filter { $0 != " " } == head.account
                && (try? ISOCurrency(unit.currency)) == head.currency
        }
        guard isOurs else { throw .otherAccount(head.account) }
        return (head, count, file.digest)
    }

    private static func each(
        _ path: String,
        _ body: (BankStatementLine) async throws(SettlementFailure) -> Void
    ) async throws(SettlementFailure) {
        let file = try open(path)
        var builder = LineBuilder()
        while let events = try next(file) {
            for event in events {
                for line in builder.take(event) { try await body(line) }
            }
        }
    }

    private static func open(_ path: String) throws(SettlementFailure) -> BankStatementFile {
        do throws(BankStatementFailure) {
            return try BankStatementFile(path: path)
        } catch { throw .statement(error) }
    }

    private static func next(
        _ file: BankStatementFile
    ) throws(SettlementFailure) -> [BankStatementEvent]? {
        do throws(BankStatementFailure) { return try file.next() } catch { throw .statement(error) }
    }
}

/// Makes lines of what a statement says: a booked entry with the payments behind it is a line for
/// each of these, where they come to its amount, and else one line.
private struct LineBuilder {
    private var entry: BankEntry?
    private var transactions: [BankTransaction] = []

    mutating func take(_ event: BankStatementEvent) -> [BankStatementLine] {
        switch event {
        case .statement, .batch: return []
        case .entry(let next):
            defer { entry = next }
            return finish()
        case .transaction(let transaction):
            transactions.append(transaction)
            return []
        case .ended: return finish()
        }
    }

    private mutating func finish() -> [BankStatementLine] {
        defer { (entry, transactions) = (nil, []) }
        guard let entry, entry.status == .booked else { return [] }
        let parts = transactions.compactMap { transaction in
            transaction.amount.map { (transaction, $0) }
        }
        let sum = parts.reduce(UInt64(0)) { $0 &+ $1.1.minorUnits }
        let isSameCurrency = parts.allSatisfy { $0.1.currency == entry.amount.currency }
        if parts.count > 1, parts.count == transactions.count, isSameCurrency,
            sum == entry.amount.minorUnits
        {
            return parts.map { line(entry, $0, $1) }
        }
        return [line(entry, transactions.count == 1 ? transactions[0] : nil, entry.amount)]
    }

    private func line(
        _ entry: BankEntry,
        _ transaction: BankTransaction?,
        _ amount: FileAmount
    ) -> BankStatementLine {
        BankStatementLine(
            reference: transaction?.endToEnd ?? transaction?.remittance.first ?? entry.reference,
            bankReference: transaction?.bankReference ?? entry.bankReference,
            amount: amount.money,
            isCredit: entry.direction == .credit
        )
    }
}

extension FileAmount {
    /// As the books count it.
    fileprivate var money: Money {
        guard let exponent = Exponent(currency.decimals) else {
            preconditionFailure("A currency has at most four decimals.")
        }
        return Money(minorUnits: minorUnits, currency: currency.purse, exponent: exponent)
    }
}

extension ISOCurrency {
    /// CURR: `0` and the number.
    fileprivate var purse: Currency {
        guard let currency = Currency(bcd: UInt16(BCD.pack(UInt64(number)))) else {
            preconditionFailure("The number of a currency has three digits.")
        }
        return currency
    }
}

extension BankStatement {
    fileprivate var purse: Currency { currency.purse }

    fileprivate func amount(_ balance: AccountBalance) -> ExactAmount {
        guard let exponent = Exponent(currency.decimals) else {
            preconditionFailure("A currency has at most four decimals.")
        }
        return ExactAmount(
            trillionths: Int128(balance.minorUnits) * ExactAmount.unit(exponent)
        )
    }
}
