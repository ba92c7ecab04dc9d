// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Batches
import ClearingHouse
import Kernel
import Settlement
import SettlementFiles
import Sites

struct ClearingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clearing",
        abstract: "The clearing house: its books, parties, batches and payouts.",
        discussion: "May be used beside the running server.",
        subcommands: [
            Books.self, Account.self, Batches.self, Suspense.self, Merchant.self, Issuer.self,
            Acquirer.self, Fee.self, Terms.self, Settle.self, Runs.self, Payment.self, Files.self,
            Statement.self, Unmatched.self,
        ],
        defaultSubcommand: Books.self
    )

    struct Books: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print what stands on each account; all of a currency comes to nothing."
        )

        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        private struct Line: Encodable {
            let account: String
            let currency: String
            let balance: String
            let rows: UInt64
        }

        func run() async throws {
            let lines = try await ClearingAccess.use(options) { access in
                try await ClearingAccess.all {
                    try await access.house.accounts(after: $0?.account, limit: $1)
                }
                .map {
                    Line(
                        account: $0.account.name,
                        currency: $0.account.currency.word,
                        balance: $0.balance.decimal,
                        rows: $0.lastRow
                    )
                }
            }
            if output.json { return try Output.json(lines) }
            Output.table(
                ["account", "balance", "currency"],
                lines.map { [$0.account, $0.balance, $0.currency] }
            )
        }
    }

    struct Account: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the last rows of a merchant's account."
        )

        @Argument(help: "The merchant's identifier.")
        var merchant: String
        @Option(name: .long, help: "The currency, for instance EUR.")
        var currency = "EUR"
        @Option(name: .long, help: "How many rows.")
        var rows = 20
        @OptionGroup var options: DataOptions

        func run() async throws {
            let account = LedgerAccount(
                .merchant(try ClearingArguments.merchant(merchant)),
                try ClearingArguments.currency(currency)
            )
            try await ClearingAccess.use(options) { access in
                guard let record = try await access.house.account(account) else {
                    return print("Nothing was ever booked on this account.")
                }
                let wanted = UInt64(clamping: min(max(rows, 1), 500))
                let after = record.lastRow > wanted ? record.lastRow - wanted : 0
                let rows = try await access.house.rows(of: account, after: after, limit: 500)
                Output.table(
                    ["row", "time", "kind", "amount", "balance", "sale"],
                    rows.map { row in
                        [
                            "\(row.number)", row.entry.at.text, row.entry.cause.word,
                            row.entry.amount.decimal, row.entry.balance.decimal,
                            row.entry.cause.sale?.text ?? "",
                        ]
                    }
                )
            }
        }
    }

    struct Batches: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the batches that came in, and how far they are credited."
        )

        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        private struct Line: Encodable {
            let batch: String
            let state: String
            let sales: UInt32
            let cleared: UInt32
            let suspended: UInt32
        }

        func run() async throws {
            let lines = try await ClearingAccess.use(options) { access in
                try await ClearingAccess.all {
                    try await access.house.batches(after: $0?.batch.name, limit: $1)
                }
                .map {
                    Line(
                        batch: $0.batch.name.text,
                        state: $0.batch.state == .receiving
                            ? "receiving" : $0.crediting?.isDone == true ? "cleared" : "whole",
                        sales: $0.batch.header.count,
                        cleared: $0.crediting?.cleared ?? 0,
                        suspended: $0.crediting?.suspended ?? 0
                    )
                }
            }
            if output.json { return try Output.json(lines) }
            Output.table(
                ["batch", "state", "sales", "cleared", "set aside"],
                lines.map {
                    [$0.batch, $0.state, "\($0.sales)", "\($0.cleared)", "\($0.suspended)"]
                }
            )
        }
    }

    struct Suspense: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the sales that were set aside, or decide on one.",
            discussion: """
                Without --release or --reject, the sales that wait are printed with their reasons. \
                A sale is released when what kept it from being cleared is gone, and rejected when \
                it is not to be paid: then its amount goes back to its issuer.
                """
        )

        @Option(name: .long, help: "Clear this sale: security card/batch/index.")
        var release: String?
        @Option(name: .long, help: "Give this sale up: security card/batch/index.")
        var reject: String?
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        private struct Line: Encodable {
            let place: String
            let transaction: String
            /// Masked.
            let card: String
            let merchant: String
            let amount: String
            let reason: String
        }

        func validate() throws {
            if release != nil, reject != nil {
                throw ValidationError("Release or reject, not both.")
            }
        }

        func run() async throws {
            try await ClearingAccess.use(options) { access in
                let now = SystemClock.now()
                let name = ClearingAccess.operatorName
                if let release {
                    let place = try ClearingArguments.place(release)
                    try await access.house.release(place, by: name, now: now)
                    return print("cleared")
                }
                if let reject {
                    let place = try ClearingArguments.place(reject)
                    try await access.house.reject(place, by: name, now: now)
                    return print("given up; its amount is the issuer's again")
                }
                let lines = try await access.house.suspended(limit: 500).map {
                    Line(
                        place: $0.place.text,
                        transaction: $0.sale.transaction.text,
                        card: $0.sale.card.masked,
                        merchant: $0.sale.merchant.text,
                        amount: ExactAmount($0.sale.amount).decimal,
                        reason: $0.reason.words
                    )
                }
                if output.json { return try Output.json(lines) }
                Output.table(
                    ["sale", "transaction", "card", "merchant", "amount", "reason"],
                    lines.map {
                        [$0.place, $0.transaction, $0.card, $0.merchant, $0.amount, $0.reason]
                    }
                )
            }
        }
    }
}

/// What commands of the clearing house are given, as values.
enum ClearingArguments {
    static func merchant(_ text: String) throws -> MerchantIdentifier {
        guard let merchant = MerchantIdentifier(text) else {
            throw ValidationError("A merchant's identifier has 1 to 15 visible characters.")
        }
        return merchant
    }

    static func currency(_ code: String) throws -> Currency {
        guard let iso = try? ISOCurrency(code: code.uppercased()),
            let currency = Currency(bcd: UInt16(BCD.pack(UInt64(iso.number))))
        else { throw ValidationError("\(code) is no currency of ISO 4217.") }
        return currency
    }

    static func category(_ text: String) throws -> MerchantCategory {
        guard let category = MerchantCategory(text) else {
            throw ValidationError("A category has four digits.")
        }
        return category
    }

    static func amount(_ text: String) throws -> ExactAmount {
        guard let amount = ExactAmount(decimal: text) else {
            throw ValidationError("An amount is written 0.01, with at most 12 decimals.")
        }
        return amount
    }

    static func place(_ text: String) throws -> BatchPlace {
        guard let place = BatchPlace(text) else {
            throw ValidationError("A sale is named security card/batch/index.")
        }
        return place
    }

    static func day(_ text: String) throws -> BusinessDay {
        guard let day = BusinessDay(digits: text.filter { $0 != "-" }) else {
            throw ValidationError("A day is written 2026-11-29.")
        }
        return day
    }

    /// Checked as the files for the bank will need it.
    static func payee(_ name: String, _ account: String, _ bic: String?) throws -> Payee {
        guard let payee = Payee(name: name, account: account, bic: bic),
            (try? AccountNumber(payee)) != nil, (try? PartyName(name)) != nil,
            bic == nil || (try? BIC(bic ?? "")) != nil
        else { throw ValidationError("Name, account or BIC are not as banks take them.") }
        return payee
    }
}

extension Currency {
    /// The letters of ISO 4217; the digits of what it does not have.
    var word: String { (try? ISOCurrency(self).code) ?? digits }
}
