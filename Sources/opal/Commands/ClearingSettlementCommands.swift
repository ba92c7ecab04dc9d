// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ClearingHouse
import Kernel
import Settlement
import Wire

// What is paid, and what the bank says of it.
extension ClearingCommand {
    struct Settle: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Pay what is due since the last cut-off, and write the files for the bank.",
            discussion: """
                The running server does this after each cut-off by itself. With --early the day \
                that is under way is closed now; what comes later goes with the next day.
                """
        )
        @Flag(name: .long, help: "Close the day that is under way.")
        var early = false
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await ClearingAccess.use(options) { access in
                // What is whole and not credited yet is paid with this day.
                try await access.house.credit(SystemClock.now)
                let now = SystemClock.now()
                guard let run = try await access.house.settle(now, isEarly: early) else {
                    return print("This day has been settled before. Nothing has changed.")
                }
                print(
                    "\(run.day.text): \(run.payouts) payouts, "
                        + "value \(BusinessDay(run.valueDate).text)"
                )
                for total in run.totals {
                    let unit = try await access.house.terms().unit(of: total.currency)
                    let sum = ExactAmount(minorUnits: total.sum, unit?.exponent ?? .cents)
                    print("\(total.count) payouts of \(sum.decimal) \(total.currency.word)")
                }
                for position in run.positions {
                    print(
                        "issuer \(position.issuer.digits) owes \((-position.amount).decimal) "
                            + "\(position.currency.word): pay with the reference "
                            + position.issuer.payInReference
                    )
                }
                for place in run.leftOut {
                    print("left out: \(place) does not open; see opal audit")
                }
                for waiting in run.waiting { print(waiting.words) }
                for path in try await access.files.write(run.day) { print(path) }
            }
        }
    }

    struct Runs: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the days that were settled, newest first, or the payouts of one."
        )
        @Argument(help: "A day, 2026-11-29: its payouts.")
        var day: String?
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        private struct Line: Encodable {
            let payout: String
            let account: String
            let amount: String
            let currency: String
            let state: String
            let sales: UInt64
        }

        func run() async throws {
            let day = try day.map(ClearingArguments.day)
            try await ClearingAccess.use(options) { access in
                guard let day else { return try await list(access) }
                let lines = try await access.house.payouts(of: day, limit: 1_000).map { payout in
                    Line(
                        payout: payout.name.reference,
                        account: payout.account.name,
                        amount: payout.amount.decimal,
                        currency: payout.account.currency.word,
                        state: payout.state.word,
                        sales: payout.content.count
                    )
                }
                if output.json { return try Output.json(lines) }
                Output.table(
                    ["payout", "account", "amount", "currency", "sales", "state"],
                    lines.map {
                        [$0.payout, $0.account, $0.amount, $0.currency, "\($0.sales)", $0.state]
                    }
                )
            }
        }

        private func list(_ access: ClearingAccess) async throws {
            let runs = try await access.house.runs(before: nil, limit: 100)
            Output.table(
                ["day", "payouts", "value", "state", "left out", "not paid, or not all"],
                runs.map {
                    [
                        $0.day.text, "\($0.payouts)", BusinessDay($0.valueDate).text,
                        $0.endedAt == nil ? "running" : "settled",
                        Self.listed($0.leftOut), Self.listed($0.waiting.map(\.account.name)),
                    ]
                }
            )
        }

        private static func listed(_ names: [String]) -> String {
            names.isEmpty ? "–" : names.joined(separator: ", ")
        }
    }

    struct Files: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write the files of a day that was settled once more."
        )
        @Argument(help: "The day, 2026-11-29.")
        var day: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            let day = try ClearingArguments.day(day)
            try await ClearingAccess.use(options) { access in
                let paths = try await access.files.write(day)
                for path in paths { print(path) }
            }
        }
    }

    struct Statement: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a statement of the bank (camt.053) into the books.",
            discussion: """
                Payouts on it have been paid; what issuers paid in with the reference of their \
                pool goes there; what does not fit waits: see opal clearing unmatched. The same \
                statement again changes nothing.
                """
        )
        @Argument(help: "The file.", completion: .file())
        var file: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await ClearingAccess.use(options) { access in
                let record = try await StatementImport(access.house)
                    .take(file, now: SystemClock.now())
                let waiting = record.applied - record.matched
                print("\(record.matched) lines are done, \(waiting) wait")
            }
        }
    }

    struct Unmatched: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the lines of bank statements that wait, or decide on one."
        )
        @Option(name: .long, help: "The line to decide on, as printed.")
        var line: String?
        @Option(
            name: .long,
            help: "The BIN of the issuer whose pool it goes into; else it is left out."
        )
        var pool: String?
        @Flag(
            name: .long,
            help: """
                The line is right: the bank has paid a payout that was given back, or sent back \
                one that it has paid.
                """
        )
        var paid = false
        @OptionGroup var options: DataOptions

        func validate() throws {
            if paid, line == nil || pool != nil {
                throw ValidationError("--paid goes with --line, and without --pool.")
            }
        }

        func run() async throws {
            try await ClearingAccess.use(options) { access in
                let waiting = try await access.house.unmatched(limit: 500)
                if let line {
                    guard let found = waiting.first(where: { $0.name.text == line }) else {
                        throw ClearingFailure.unknownLine
                    }
                    if paid {
                        try await access.house.decidePaid(
                            found.name,
                            by: ClearingAccess.operatorName,
                            now: SystemClock.now()
                        )
                        return print(
                            found.line.isCredit
                                ? "came back; its account has it again"
                                : "paid; it has come off its account once more"
                        )
                    }
                    let issuer = try pool.map { text in
                        guard let issuer = IssuerIdentifier(text) else {
                            throw ValidationError("A BIN has six digits.")
                        }
                        return issuer
                    }
                    try await access.house.decide(
                        found.name,
                        pool: issuer,
                        by: ClearingAccess.operatorName,
                        now: SystemClock.now()
                    )
                    return print("decided")
                }
                Output.table(
                    ["line", "reference", "amount", "currency", "", "reason"],
                    waiting.map { entry in
                        [
                            entry.name.text, entry.line.reference ?? "–",
                            ExactAmount(entry.line.amount).decimal,
                            entry.line.amount.currency.word,
                            entry.line.isCredit ? "in" : "out", entry.reason.words,
                        ]
                    }
                )
            }
        }
    }
}

extension BankStatementLine.Name {
    /// How the digest begins, and the number.
    fileprivate var text: String { "\(Hex.text(statement.prefix(6)))/\(number)" }
}

extension Payout.State {
    fileprivate var word: String {
        switch self {
        case .instructed: "instructed"
        case .paid: "paid"
        case .returned: "came back"
        case .refused: "refused"
        }
    }
}

extension UnmatchedLine.Reason {
    fileprivate var words: String {
        switch self {
        case .unknownReference: "names no payout and no pool"
        case .amountDiffers: "the payout is of another amount"
        case .notExpected: "the payout is paid already, or did not go out"
        case .noBankReference: "has no reference of the bank's own"
        case .knownBankReference: "was on another statement"
        case .noPool: "the issuer has no such pool"
        case .refusedBefore: "the payout was given back before"
        }
    }
}
