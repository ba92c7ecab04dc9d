// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// One line of the bank's list of loads.
package struct HoldLine: Equatable, Sendable {
    package let transaction: TransactionIdentifier
    /// Nil where the stored load does not open: it was changed by somebody else.
    package let load: HoldView?
}

// What the bank shows: to the owner of an account, and to its operator.
extension BankModule {
    /// - Throws: `.unknownAccount`, `.damaged`.
    package func account(_ number: AccountNumber) async throws(BankFailure) -> Account {
        try await book.account(number).value
    }

    /// Accounts in the order of their numbers, capped at ``RecordLimits/pageMax``.
    ///
    /// - Throws: `.store`; `.damaged` where one does not open, which the audit names.
    package func accounts(
        after cursor: AccountNumber? = nil,
        limit: Int
    ) async throws(BankFailure) -> [Account] {
        let records: [Record]
        do throws(StoreFailure) {
            records = try await book.store.list(
                BankRecords.account,
                after: cursor?.bytes,
                limit: limit,
                order: .ascending
            )
        } catch { throw .store(error) }
        var accounts: [Account] = []
        for record in records { accounts.append(try await book.openAccount(record).value) }
        return accounts
    }

    /// The statement of an account behind a row, oldest first, capped at ``RecordLimits/pageMax``.
    ///
    /// - Throws: `.store`; `.damaged` where a row cannot be read.
    package func statement(
        of number: AccountNumber,
        after row: UInt64 = 0,
        limit: Int
    ) async throws(BankFailure) -> [AccountEntry] {
        let rows: [HistoryRow]
        do throws(StoreFailure) {
            rows = try await book.store.history(number.stream, after: row, limit: limit)
        } catch { throw .store(error) }
        do throws(WireFailure) {
            var entries: [AccountEntry] = []
            for row in rows { entries.append(try AccountEntry(row.body)) }
            return entries
        } catch { throw .damaged }
    }

    /// What is in the funds pool of an issuer.
    ///
    /// - Throws: `.issuerUnknown`.
    package func pool(
        of issuer: IssuerIdentifier,
        _ currency: Currency,
        _ exponent: Exponent
    ) async throws(BankFailure) -> Money {
        var sum: UInt64 = 0
        do throws(BankFailure) {
            for number in FundsPool.accounts(of: issuer, currency, exponent) {
                sum &+= try await book.account(number).value.balance
            }
        } catch .unknownAccount {
            throw .issuerUnknown
        }
        return Money(minorUnits: sum, currency: currency, exponent: exponent)
    }

    // MARK: Loads

    /// How far a load has come.
    ///
    /// - Throws: `.unknownLoad`, `.damaged`.
    package func load(
        _ transaction: TransactionIdentifier
    ) async throws(BankFailure) -> HoldView {
        HoldView(try await book.hold(transaction).value)
    }

    /// The loads, newest first.
    ///
    /// - Parameters:
    ///   - cursor: the last transaction of the page before; nil for the first page.
    ///   - limit: lines, capped at ``RecordLimits/pageMax``.
    /// - Returns: the lines; none behind the oldest load.
    /// - Throws: `.store`, but not for a load that does not open.
    package func loads(
        before cursor: TransactionIdentifier? = nil,
        limit: Int
    ) async throws(BankFailure) -> [HoldLine] {
        do throws(StoreFailure) {
            return await lines(
                of: try await book.store.list(
                    BankRecords.hold,
                    after: cursor?.bytes,
                    limit: limit,
                    order: .descending
                )
            )
        } catch { throw .store(error) }
    }

    /// The loads whose amount is held, oldest first; at most `limit`.
    package func openLoads(limit: Int) async throws(BankFailure) -> [HoldLine] {
        do throws(StoreFailure) {
            return await lines(
                of: try await book.store.listOpen(BankRecords.hold, after: nil, limit: limit)
            )
        } catch { throw .store(error) }
    }

    private func lines(of records: [Record]) async -> [HoldLine] {
        var lines: [HoldLine] = []
        for record in records {
            guard let transaction = TransactionIdentifier(Hex.text(record.key.bytes)) else {
                preconditionFailure("The key of a load is its TRX.")
            }
            let hold = (try? await book.openHold(record))?.value
            lines.append(HoldLine(transaction: transaction, load: hold.map(HoldView.init)))
        }
        return lines
    }
}
