// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import FundingNetwork
import Kernel
import Records
import RecordsSQLite

struct NetworkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network",
        abstract: "The simulated funding network: its accounts, and how it behaves.",
        subcommands: [AccountCommand.self, Check.self]
    )

    struct AccountCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "account",
            abstract: "Accounts that fund loads.",
            discussion: "May be used beside the running network.",
            subcommands: [Open.self, List.self]
        )
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether the file with the network's behaviours can be followed.",
            discussion: "A running network follows the file within seconds after it was changed."
        )

        @Argument(help: "The file; that in the network's folder without it.")
        var file: String?
        @OptionGroup var options: DataOptions

        func run() async throws {
            let path = file ?? options.folder.networkBehaviours
            guard let data = FileManager.default.contents(atPath: path) else {
                throw CommandFailure("There is no file \(path).")
            }
            let script = try NetworkParty.script(data, path)
            print("\(path): \(script.rules.count) rules.")
        }
    }

    /// Opens the network's data for a command.
    static func access(_ options: DataOptions) throws -> PartyAccess {
        guard options.folder.exists(.network) else {
            throw CommandFailure("There is no funding network in \(options.folder.path).")
        }
        return try PartyAccess(options, .network, SimulatedNetwork.schema)
    }
}

extension NetworkCommand.AccountCommand {
    struct Open: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Open an account.")

        @Argument(help: "The number: 12 to 19 digits, the last one the check digit.")
        var number: String
        @Argument(help: "What it begins with, in minor units.")
        var balance: UInt64
        @Option(name: .long, help: "The currency: 0 and its ISO 4217 number.")
        var currency = "0978"
        @Option(name: .long, help: "The billing address to compare: street and house number.")
        var street = ""
        @Option(name: .long, help: "The postal code to compare.")
        var postalCode = ""
        @Option(name: .long, help: "MM/YY; without it every month that is not over is right.")
        var expiry: String?
        @Option(name: .long, help: "Three or four digits; without it any CVV2 but 000 is right.")
        var cvv2: String?
        @OptionGroup var options: DataOptions

        func run() async throws {
            let account = try account()
            let access = try NetworkCommand.access(options)
            let network = NetworkParty.network(
                access.store,
                access.master,
                settings: FundingSettings()
            )
            let isNew = try await network.open(account)
            await access.store.close()
            guard isNew else { throw CommandFailure("There is such an account already.") }
            print("Opened account •••• \(account.number.lastFour).")
        }

        private func account() throws -> NetworkAccount {
            guard let number = FundingAccountNumber(number.filter { $0 != " " }) else {
                throw ValidationError("The number has 12 to 19 digits, with a right check digit.")
            }
            guard let digits = BCD.parse(currency, count: 4),
                let currency = Currency(bcd: UInt16(digits))
            else { throw ValidationError("The currency has four digits.") }
            let value = cvv2.flatMap(CardVerificationValue.init(digits:))
            guard cvv2 == nil || value != nil else {
                throw ValidationError("A CVV2 has three or four digits.")
            }
            let address = AddressVerification(street: street, postalCode: postalCode)
            return NetworkAccount(
                number,
                opening: balance,
                currency: currency,
                address: address.isEmpty ? nil : address,
                expiry: try month(),
                verificationValue: value
            )
        }

        private func month() throws -> ExpiryMonth? {
            guard let expiry else { return nil }
            let parts = expiry.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, let month = ExpiryMonth(digits: "\(parts[1])\(parts[0])") else {
                throw ValidationError("The expiry is MM/YY.")
            }
            return month
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the accounts, in minor units, by the last digits of their numbers."
        )

        private struct Line: Encodable {
            let number: String
            let currency: String
            let opening: UInt64
            let available: UInt64
            let held: UInt64
            let captured: UInt64
        }

        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let access = try NetworkCommand.access(options)
            let books = try await NetworkAudit(store: access.store, seals: access.seals).run()
            await access.store.close()
            let lines = books.accounts.map { account in
                Line(
                    number: "•••• \(account.number.lastFour)",
                    currency: account.currency.digits,
                    opening: account.opening,
                    available: account.available,
                    held: account.held,
                    captured: account.captured
                )
            }.sorted { $0.number < $1.number }
            if output.json { return try Output.json(lines) }
            Output.table(
                ["number", "currency", "opening", "available", "held", "captured"],
                lines.map { line in
                    [line.number, line.currency]
                        + [line.opening, line.available, line.held, line.captured].map { "\($0)" }
                }
            )
        }
    }
}
