// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ClearingHouse
import Kernel
import Sites

// When a day of clearing ends, and what is paid then.
extension ClearingCommand {
    struct Terms: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Cut-off, value days and least payouts.",
            subcommands: [Show.self, Set.self],
            defaultSubcommand: Show.self
        )
    }
}

extension ClearingCommand.Terms {
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the terms.")
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        private struct Lines: Encodable {
            struct Unit: Encodable {
                let currency: String
                let leastPayout: String
                let account: String
            }
            let cutOff: String
            /// Minutes that the scheme's clock is ahead of UTC.
            let clockMinutes: Int
            let valueDays: UInt8
            let currencies: [Unit]
        }

        func run() async throws {
            let terms = try await ClearingAccess.use(options) { access in
                try await access.house.terms()
            }
            let lines = Lines(
                cutOff: ClearingTerms.text(ofCutOff: terms.cutOff),
                clockMinutes: terms.clock.minutes,
                valueDays: terms.valueDays,
                currencies: terms.units.map { unit in
                    Lines.Unit(
                        currency: unit.currency.word,
                        leastPayout: ExactAmount(minorUnits: unit.payoutMinimum, unit.exponent)
                            .text(decimals: unit.exponent.decimals),
                        account: unit.account.account
                    )
                }
            )
            if output.json { return try Output.json(lines) }
            Output.table(
                ["terms", ""],
                [
                    ["cut-off", lines.cutOff],
                    ["minutes of the clock ahead of UTC", "\(lines.clockMinutes)"],
                    ["value days", "\(lines.valueDays)"],
                ]
                    + lines.currencies.map {
                        ["least payout in \($0.currency)", "\($0.leastPayout), from \($0.account)"]
                    }
            )
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change cut-off, value days or the least payout of a currency.",
            discussion: """
                What is given holds from the next settlement on. A cut-off changes while the old \
                and the new one have both passed today, or neither has.
                """
        )
        @Option(name: .long, help: "When a business day ends, by the scheme's clock: 22:00.")
        var cutOff: String?
        @Option(name: .long, help: "Workdays from the cut-off until payees have the money.")
        var valueDays: UInt8?
        @Option(name: .long, help: "Less than this stays on an account, for instance 1.00.")
        var payoutMinimum: String?
        @Option(name: .long, help: "The currency of the least payout.")
        var currency = "EUR"
        @OptionGroup var options: DataOptions

        func validate() throws {
            if cutOff == nil, valueDays == nil, payoutMinimum == nil {
                throw ValidationError("Give --cut-off, --value-days or --payout-minimum.")
            }
        }

        func run() async throws {
            let cutOff = try cutOff.map(CutOff.minutes)
            let minimum = try payoutMinimum.map(ClearingArguments.amount)
            let currency = try ClearingArguments.currency(currency)
            let words = [
                cutOff.map { "cut-off \(ClearingTerms.text(ofCutOff: $0))" },
                valueDays.map { "value days \($0)" },
                minimum.map { "least payout \($0.decimal) \(currency.word)" },
            ].compactMap(\.self).joined(separator: ", ")
            try await ClearingAccess.use(options) { access in
                let now = SystemClock.now()
                let prepared = try await access.house.prepareTerms(now: now) {
                    terms throws(ClearingFailure) in
                    terms.cutOff = cutOff ?? terms.cutOff
                    terms.valueDays = valueDays ?? terms.valueDays
                    if let minimum { try terms.setPayoutMinimum(minimum, currency) }
                }
                try await ClearingAccess.note(.termsChanged, words, at: now, options)
                try await access.house.make(prepared)
            }
            print("from the next settlement on: \(words)")
        }
    }

    /// A time of the day as commands write it.
    private enum CutOff {
        static func minutes(_ text: String) throws -> UInt16 {
            let minutes = ClearingTerms.cutOffRange.first {
                ClearingTerms.text(ofCutOff: $0) == text
            }
            guard let minutes else {
                throw ValidationError("A cut-off is written 22:00, from 00:00 to 23:59.")
            }
            return minutes
        }
    }
}

extension ClearingTerms {
    fileprivate mutating func setPayoutMinimum(
        _ minimum: ExactAmount,
        _ currency: Currency
    ) throws(ClearingFailure) {
        guard let place = units.firstIndex(where: { $0.currency == currency }) else {
            throw .unknownCurrency(currency)
        }
        let unit = units[place]
        let (units, rest) = minimum.split(at: unit.exponent)
        guard rest == .zero, let minorUnits = UInt64(exactly: units), minorUnits > 0 else {
            throw .termsOutOfRange
        }
        self.units[place] = Unit(
            currency,
            unit.exponent,
            account: unit.account,
            payoutMinimum: minorUnits
        )
    }
}
