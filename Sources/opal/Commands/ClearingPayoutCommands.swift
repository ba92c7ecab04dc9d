// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ClearingHouse
import Kernel
import Settlement

// Payouts one by one.
extension ClearingCommand {
    struct Payment: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "payout",
            abstract: "What a payout is made of, and what the bank did not do with it.",
            subcommands: [Show.self, Return.self],
            defaultSubcommand: Show.self
        )

        fileprivate static func name(_ reference: String) throws -> Payout.Name {
            guard let name = Payout.Name(reference: reference) else {
                throw ValidationError("A payout is named OPAL-20261129-00000001.")
            }
            return name
        }
    }
}

extension ClearingCommand.Payment {
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print what a payout is made of, down to each sale."
        )
        @Argument(help: "Its reference, for instance OPAL-20261129-00000001.")
        var reference: String
        @Option(name: .long, help: "Write the merchant's report with all sales here, as CSV.")
        var csv: String?
        @Option(name: .long, help: "Write it here, as PDF.")
        var pdf: String?
        @OptionGroup var options: DataOptions

        func run() async throws {
            let name = try ClearingCommand.Payment.name(reference)
            try await ClearingAccess.use(options) { access in
                guard let payout = try await access.house.payout(name) else {
                    throw ClearingFailure.unknownPayout
                }
                let content = payout.content
                Output.table(
                    ["", payout.account.currency.word],
                    [
                        ["left by the payout before", content.opening.decimal],
                        ["\(content.count) sales", content.gross.decimal],
                        ["fees", (-content.fees).decimal],
                        ["adjustments", content.adjustments.decimal],
                        ["left for the next one", (-payout.rest).decimal],
                        ["paid", payout.amount.decimal],
                    ]
                )
                let reports = MerchantReports(access.house)
                let now = SystemClock.now()
                if let csv { try await reports.write(csv: csv, of: [payout], now: now) }
                if let pdf { try await reports.write(pdf: pdf, of: [payout], now: now) }
            }
        }
    }

    struct Return: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a payout that the bank has refused back to its account.",
            discussion: """
                For a payout that the bank has not booked and will not: its account is paid with \
                the next run. One that a statement shows as paid is not given back. Where the bank \
                books it after all, the line waits: see opal clearing unmatched --paid.
                """
        )
        @Argument(help: "Its reference, for instance OPAL-20261129-00000001.")
        var reference: String
        @Option(name: .long, help: "What the bank says.")
        var reason: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            let name = try ClearingCommand.Payment.name(reference)
            try await ClearingAccess.use(options) { access in
                let payout = try await access.house.giveBack(
                    name,
                    because: reason,
                    by: ClearingAccess.operatorName,
                    now: SystemClock.now()
                )
                print(
                    "\(payout.amount.decimal) \(payout.account.currency.word) are on the account "
                        + "of \(payout.account.name) again; paid with the next run"
                )
            }
        }
    }
}
