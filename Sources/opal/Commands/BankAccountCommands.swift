// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Bank
import Foundation
import Kernel
import Keys
import Records
import RecordsSQLite
import Sites

extension BankCommand.AccountCommand {
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Open an account for a customer of the bank's site.",
            discussion: """
                A customer who is new gets a password, which is written into the file that \
                --password-file names, readable by its owner only.
                """
        )

        @Argument(help: "The number: A to Z, 0 to 9 and -.")
        var number: String
        @Option(name: .long, help: "The name with which the customer signs in.")
        var customer: String
        @Option(name: .long, help: "Where a new customer's password is written.")
        var passwordFile: String?
        @Option(name: .long, help: "The currency: 0 and its ISO 4217 number.")
        var currency = "0978"
        @Option(name: .long, help: "The number of decimals of amounts.")
        var exponent: UInt8 = 2
        @OptionGroup var options: DataOptions

        func run() async throws {
            let number = try BankCommand.number(number)
            guard let name = SignInName(customer) else {
                throw ValidationError("A name has 1 to 32 of a to z, 0 to 9, ., _ and -.")
            }
            guard let digits = BCD.parse(currency, count: 4),
                let currency = Currency(bcd: UInt16(digits)), let exponent = Exponent(exponent)
            else {
                throw ValidationError("The currency has four digits, the exponent is 0 to 6.")
            }
            let access = try await BankCommand.Access(options)
            let customers = BankCustomers(
                store: access.party.store,
                seals: access.party.seals,
                passwords: PasswordKeeper(access.party.master),
                random: SystemRandom()
            )
            let key = RecordKey(BankCustomers.customerKind, name.bytes)
            let isNew = try await access.party.store.read(key) == nil
            if isNew && passwordFile == nil {
                throw ValidationError("\(name.text) is new: name a --password-file.")
            }
            try await access.step { bank in
                try await bank.openAccount(
                    number,
                    owner: name.text,
                    currency,
                    exponent,
                    now: SystemClock.now()
                )
                if isNew, let passwordFile {
                    let password = ReadablePassword.make()
                    try options.folder.write(secret: password, to: passwordFile)
                    _ = try await customers.signIn.make(name, password: password)
                }
                try await customers.give(number, to: name)
            }
            print("Opened account \(number.text) for \(name.text).")
        }
    }

    /// One account, for programs.
    private struct Line: Encodable {
        let number: String
        /// `customer`, `pool` or `cash`.
        let kind: String
        /// The customer, or the BIN of the issuer.
        let owner: String?
        let currency: String
        let exponent: UInt8
        let balance: UInt64
        let held: UInt64
        let credited: UInt64
        let debited: UInt64

        init(_ account: Account) {
            number = account.number.text
            switch account.kind {
            case .customer(let name): (kind, owner) = ("customer", name)
            case .pool(let issuer): (kind, owner) = ("pool", issuer.digits)
            case .cash: (kind, owner) = ("cash", nil)
            }
            currency = account.currency.digits
            exponent = account.exponent.decimals
            balance = account.balance
            held = account.held
            credited = account.credited
            debited = account.debited
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the accounts, with their balances in minor units.",
            discussion: "An issuer's funds pool is kept in several parts."
        )

        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let access = try await BankCommand.Access(options)
            let lines = try await access.step { bank in
                var lines: [Line] = []
                var cursor: AccountNumber?
                while true {
                    let page = try await bank.accounts(
                        after: cursor,
                        limit: RecordLimits.pageMax
                    )
                    lines += page.map(Line.init)
                    guard page.count == RecordLimits.pageMax, let last = page.last else {
                        return lines
                    }
                    cursor = last.number
                }
            }
            if output.json { return try Output.json(lines) }
            Output.table(
                ["account", "kind", "owner", "currency", "balance", "held"],
                lines.map {
                    [
                        $0.number, $0.kind, $0.owner ?? "–", "\($0.currency)/\($0.exponent)",
                        "\($0.balance)", "\($0.held)",
                    ]
                }
            )
        }
    }

    struct Deposit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Pay money into an account, from outside the bank."
        )

        @Argument(help: "The account.")
        var number: String
        @Argument(help: "Minor units, for example 5000 for 50.00.")
        var minorUnits: UInt64
        @OptionGroup var options: DataOptions

        func run() async throws {
            let number = try BankCommand.number(number)
            let access = try await BankCommand.Access(options)
            let account = try await access.step { bank in
                try await bank.deposit(minorUnits, into: number, now: SystemClock.now())
            }
            print("Account \(number.text) has \(account.balance) minor units.")
        }
    }

    struct Statement: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the rows of an account, oldest first."
        )

        private struct Row: Encodable {
            let number: Int
            let time: String
            let event: String
            let amount: UInt64
            let transaction: String?
            let otherSide: String?
            let balance: UInt64
            let held: UInt64
        }

        @Argument(help: "The account.")
        var number: String
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let number = try BankCommand.number(number)
            let access = try await BankCommand.Access(options)
            let reader = Wording().reader(.english)
            let rows = try await access.step { bank in
                let count = try await bank.account(number).lastRow
                var rows: [Row] = []
                while UInt64(rows.count) < count {
                    let page = try await bank.statement(
                        of: number,
                        after: UInt64(rows.count),
                        limit: RecordLimits.pageMax
                    )
                    if page.isEmpty { break }
                    for entry in page {
                        rows.append(
                            Row(
                                number: rows.count + 1,
                                time: reader.iso(entry.time),
                                event: "\(entry.event)",
                                amount: entry.amount,
                                transaction: entry.transaction?.text,
                                otherSide: entry.otherSide?.text,
                                balance: entry.balance,
                                held: entry.held
                            )
                        )
                    }
                }
                return rows
            }
            if output.json { return try Output.json(rows) }
            Output.table(
                ["row", "time", "event", "amount", "balance", "held", "transaction"],
                rows.map {
                    [
                        "\($0.number)", $0.time, $0.event, "\($0.amount)", "\($0.balance)",
                        "\($0.held)", $0.transaction ?? "–",
                    ]
                }
            )
        }
    }
}
