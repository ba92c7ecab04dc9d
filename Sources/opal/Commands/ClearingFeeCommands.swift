// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ClearingHouse
import Kernel
import Sites

// What merchants pay, and from which day on.
extension ClearingCommand {
    struct Fee: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What merchants pay, now and from a coming day on.",
            discussion: """
                A sale pays the fee of the day on which it was made, however late it is cleared. \
                Days are those of the scheme's clock: see opal clearing terms.
                """,
            subcommands: [List.self, Set.self, End.self, Withdraw.self],
            defaultSubcommand: List.self
        )
    }
}

extension ClearingCommand.Fee {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the fees in force, and the coming ones."
        )
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let lines = try await ClearingAccess.use(options) { access in
                let terms = try await access.house.terms()
                let today = terms.clock.day(of: SystemClock.now())
                var lines: [FeeLine] = []
                for fee in terms.fees {
                    let payer = fee.category.map(FeePayer.category) ?? .all
                    lines += FeeLine.lines(of: fee.schedule, payer, fee.currency, today)
                }
                let merchants = try await ClearingAccess.all {
                    try await access.house.merchants(after: $0?.identifier, limit: $1)
                }
                for merchant in merchants {
                    let payer = FeePayer.merchant(merchant.identifier)
                    for account in merchant.accounts {
                        lines += FeeLine.lines(of: account.fees, payer, account.currency, today)
                    }
                }
                return lines
            }
            if output.json { return try Output.json(lines) }
            Output.table(FeeLine.header, lines.map(\.cells))
        }
    }

    /// Whose fee changes, of which sales, and when.
    struct Place: ParsableArguments {
        @Option(name: .long, help: "The fee of this merchant alone.")
        var merchant: String?
        @Option(name: .long, help: "The fee of this category, four digits of ISO 18245.")
        var category: String?
        @Option(name: .long, help: "The currency, for instance EUR.")
        var currency = "EUR"
        @Option(name: .long, help: "The first day, 2026-12-15: tomorrow or later.")
        var from: String

        func validate() throws {
            if merchant != nil, category != nil {
                throw ValidationError("Give a merchant or a category, not both.")
            }
        }

        func payer() throws -> FeePayer {
            if let merchant { return .merchant(try ClearingArguments.merchant(merchant)) }
            return try category.map { .category(try ClearingArguments.category($0)) } ?? .all
        }

        /// Makes a change, written down before.
        ///
        /// - Returns: what was done, in words.
        func change(_ change: FeeChange, _ options: DataOptions) async throws -> String {
            let payer = try payer()
            let currency = try ClearingArguments.currency(currency)
            let day = try ClearingArguments.day(from)
            let words = "\(payer.words) in \(currency.word) from \(day.text): \(change.words)"
            try await ClearingAccess.use(options) { access in
                let now = SystemClock.now()
                let prepared = try await access.house.prepare(
                    change,
                    of: payer,
                    in: currency,
                    from: Int64(day.number),
                    now: now
                )
                try await ClearingAccess.note(.feeChanged, words, at: now, options)
                try await access.house.make(prepared)
            }
            return words
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a fee begin on a day.",
            discussion: """
                Without --merchant and --category it is the fee of all that have no other one. It \
                takes the place of what was to begin on that very day.
                """
        )
        @OptionGroup var place: Place
        @Option(name: .long, help: "Millionths of each sale: 12000 are 1.2 %.")
        var rate: UInt32
        @Option(name: .long, help: "What a sale pays at the least, for instance 0.001.")
        var minimum = "0"
        @Option(name: .long, help: "What is paid for each batch, for instance 0.01.")
        var perBatch = "0"
        @OptionGroup var options: DataOptions

        func run() async throws {
            guard
                let rule = FeeRule(
                    rate: rate,
                    minimum: try ClearingArguments.amount(minimum),
                    perBatch: try ClearingArguments.amount(perBatch)
                )
            else {
                throw ValidationError(
                    "A rate is at most \(FeeRule.rateMax), and an amount at most "
                        + "\(FeeRule.fixedMax.decimal)."
                )
            }
            print(try await place.change(.begin(rule), options))
        }
    }

    struct End: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let the own fee of a merchant or a category end.",
            discussion: """
                From that day on a merchant pays what its category does, and a category what all do.
                """
        )
        @OptionGroup var place: Place
        @OptionGroup var options: DataOptions

        func validate() throws {
            if place.merchant == nil, place.category == nil {
                throw ValidationError("Give --merchant or --category: the fee of all does not end.")
            }
        }

        func run() async throws {
            print(try await place.change(.end, options))
        }
    }

    struct Withdraw: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take back what is to begin or end on a day that has not come."
        )
        @OptionGroup var place: Place
        @OptionGroup var options: DataOptions

        func run() async throws {
            print(try await place.change(.withdraw, options))
        }
    }
}

/// A fee, as it is printed.
private struct FeeLine: Encodable {
    let payer: String
    let currency: String
    let state: String
    /// Nil where it has applied from the beginning.
    let from: String?
    /// In millionths; nil, as the amounts, where the own fee ends.
    let rate: UInt32?
    let minimum: String?
    let perBatch: String?

    private init(_ entry: FeeSchedule.Entry, _ payer: FeePayer, _ code: Currency, _ state: String) {
        self.payer = payer.words
        currency = code.word
        self.state = state
        from =
            entry.firstDay == FeeSchedule.dayRange.lowerBound
            ? nil : BusinessDay(CivilDate(day: entry.firstDay)).text
        rate = entry.rule?.rate
        minimum = entry.rule?.minimum.decimal
        perBatch = entry.rule?.perBatch.decimal
    }

    /// What is in force on a day, and what comes later.
    static func lines(
        of schedule: FeeSchedule,
        _ payer: FeePayer,
        _ currency: Currency,
        _ today: Int64
    ) -> [FeeLine] {
        let inForce = schedule.entry(on: today).flatMap { $0.rule == nil ? nil : $0 }
        return [inForce].compactMap(\.self).map { FeeLine($0, payer, currency, "in force") }
            + schedule.entries(after: today).map { FeeLine($0, payer, currency, "coming") }
    }

    static let header = [
        "fee of", "currency", "state", "from", "rate", "at least", "for each batch",
    ]

    var cells: [String] {
        [
            payer, currency, state, from ?? "the beginning", rate.map(String.init) ?? "ends",
            minimum ?? "–", perBatch ?? "–",
        ]
    }
}

extension FeePayer {
    fileprivate var words: String {
        switch self {
        case .all: "all"
        case .category(let category): "category \(category.digits)"
        case .merchant(let merchant): "merchant \(merchant.text)"
        }
    }
}

extension FeeChange {
    fileprivate var words: String {
        switch self {
        case .begin(let rule):
            "\(rule.percent) %, at least \(rule.minimum.decimal), "
                + "\(rule.perBatch.decimal) for each batch"
        case .end: "no own fee"
        case .withdraw: "withdrawn"
        }
    }
}
