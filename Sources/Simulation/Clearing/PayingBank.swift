// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Synchronization

/// The bank at which the clearing house of a ``World`` has its account: it books each payment that
/// it is told of once, some of them come back, and it says so on statements. Nothing of it fails;
/// a statement may be given again, and may list a line that an earlier one has listed.
package final class PayingBank: Sendable {
    /// A statement as it was given.
    struct Statement: Sendable {
        let record: BankStatementRecord
        let lines: [BankStatementLine]
    }

    private struct State {
        /// Payments by their references, with what became of them.
        var payments: [String: (amount: Money, isBack: Bool)] = [:]
        /// Lines that are on no statement yet.
        var lines: [BankStatementLine] = []
        /// A return that is listed once more.
        var lastReturn: BankStatementLine?
        var statements: [Statement] = []
        var balance: Int128 = 0
    }

    private let random: SeededRandom
    private let state = Mutex(State())

    private static let returnedOneIn = 4
    private static let listedAgainOneIn = 2

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    /// What left the account and did not come back, in cents.
    var paid: UInt64 {
        state.withLock { state in
            state.payments.values.reduce(0) { $0 + ($1.isBack ? 0 : $1.amount.minorUnits) }
        }
    }

    /// Books a payment that the file of a settlement names; one that it has booked before is the
    /// same.
    func pay(_ reference: String, _ amount: Money) {
        let comesBack = random.isOne(in: Self.returnedOneIn)
        state.withLock { state in
            guard state.payments[reference] == nil else { return }
            state.payments[reference] = (amount, comesBack)
            state.lines.append(Self.line(reference, amount, isCredit: false))
            if comesBack {
                let line = Self.line(reference, amount, isCredit: true)
                state.lines.append(line)
                state.lastReturn = line
            }
        }
    }

    private static func line(
        _ reference: String,
        _ amount: Money,
        isCredit: Bool
    ) -> BankStatementLine {
        BankStatementLine(
            reference: reference,
            bankReference: isCredit ? "C-\(reference)" : "D-\(reference)",
            amount: amount,
            isCredit: isCredit
        )
    }

    /// All statements so far; with what was booked since the last one a new one.
    func statements(_ now: Instant) -> [Statement] {
        let listsAgain = random.isOne(in: Self.listedAgainOneIn)
        return state.withLock { state in
            guard !state.lines.isEmpty else { return state.statements }
            var lines = state.lines
            if listsAgain, let line = state.lastReturn, !lines.contains(line) {
                lines.append(line)
            }
            state.lines = []
            let number = UInt8(truncatingIfNeeded: state.statements.count + 1)
            let opening = ExactAmount(trillionths: state.balance)
            for line in lines {
                let amount = ExactAmount(line.amount).trillionths
                state.balance += line.isCredit ? amount : -amount
            }
            let digest = [UInt8](repeating: number, count: BankStatementLine.Name.digestBytes)
            let record = BankStatementRecord(
                digest: digest,
                name: "Statement \(number)",
                currency: .euro,
                opening: opening,
                closing: ExactAmount(trillionths: state.balance),
                lines: UInt32(lines.count),
                begunAt: now
            )
            state.statements.append(Statement(record: record, lines: lines))
            return state.statements
        }
    }
}
