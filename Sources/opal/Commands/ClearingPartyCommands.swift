// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ClearingHouse
import Kernel

// Who takes part in clearing.
extension ClearingCommand {
    /// Where somebody is paid.
    struct PayeeOptions: ParsableArguments {
        @Option(name: .long, help: "The name, as on the account.")
        var name: String
        @Option(name: .long, help: "The IBAN, or another number of an account.")
        var account: String
        @Option(name: .long, help: "The bank's BIC.")
        var bic: String?

        func payee() throws -> Payee { try ClearingArguments.payee(name, account, bic) }
    }

    struct Merchant: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Who is paid for sales.",
            subcommands: [List.self, Set.self, Close.self, Open.self],
            defaultSubcommand: List.self
        )

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Print the merchants.")
            @OptionGroup var options: DataOptions

            func run() async throws {
                try await ClearingAccess.use(options) { access in
                    let merchants = try await access.house.merchants(after: nil, limit: 1_000)
                    Output.table(
                        ["merchant", "name", "acquirer", "category", "currencies", "state"],
                        merchants.map { merchant in
                            [
                                merchant.identifier.text, merchant.name, "\(merchant.acquirer)",
                                merchant.category?.digits ?? "–",
                                merchant.accounts.map(\.currency.word).joined(separator: " "),
                                merchant.isCleared ? "open" : "closed",
                            ]
                        }
                    )
                }
            }
        }

        struct Set: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Add a merchant, or change where it is paid in a currency."
            )
            @Argument(help: "The merchant's identifier.")
            var merchant: String
            @OptionGroup var payee: PayeeOptions
            @Option(name: .long, help: "The acquirer's number.")
            var acquirer: UInt32 = PaymentServerParty.acquirer
            @Option(name: .long, help: "What it sells, four digits of ISO 18245.")
            var category: String?
            @Option(name: .long, help: "The currency, for instance EUR.")
            var currency = "EUR"
            @Option(
                name: .long,
                help: ArgumentHelp(
                    "Its own rate in millionths of each sale; else its category's.",
                    discussion: "Only where it is new in the currency: then opal clearing fee set."
                )
            )
            var rate: UInt32?
            @OptionGroup var options: DataOptions

            func run() async throws {
                let identifier = try ClearingArguments.merchant(merchant)
                let fee = try rate.map { rate in
                    guard let rule = FeeRule(rate: rate, minimum: .zero, perBatch: .zero) else {
                        throw ValidationError("A rate is at most 1000000.")
                    }
                    return rule
                }
                let account = ClearedMerchant.Account(
                    try ClearingArguments.currency(currency),
                    try payee.payee(),
                    fees: FeeSchedule(fee)
                )
                let sells = try category.map(ClearingArguments.category)
                try await ClearingAccess.use(options) { access in
                    let known = try await access.house.merchant(identifier)
                    if fee != nil, known?.account(in: account.currency) != nil {
                        throw CommandFailure(
                            "\(identifier.text) is paid in \(account.currency.word) already, and "
                                + "its fee changes from a day on: see opal clearing fee set. "
                                + "Nothing has changed."
                        )
                    }
                    var next =
                        known
                        ?? ClearedMerchant(
                            identifier,
                            name: payee.name,
                            acquirer: acquirer,
                            accounts: []
                        )
                    next.accounts.removeAll { $0.currency == account.currency }
                    next.accounts.append(account)
                    next.category = sells ?? next.category
                    try await access.house.set(next)
                    print("\(identifier.text) is paid in \(account.currency.word)")
                }
            }
        }

        struct Close: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Let payment servers take no more orders for a merchant."
            )
            @Argument(help: "The merchant's identifier.")
            var merchant: String
            @OptionGroup var options: DataOptions

            func run() async throws {
                try await Merchant.change(merchant, options) { $0.isCleared = false }
                print("closed; payment servers hear of it within a minute")
            }
        }

        struct Open: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Take that back.")
            @Argument(help: "The merchant's identifier.")
            var merchant: String
            @OptionGroup var options: DataOptions

            func run() async throws {
                try await Merchant.change(merchant, options) { $0.isCleared = true }
                print("open; payment servers hear of it within a minute")
            }
        }

        private static func change(
            _ merchant: String,
            _ options: DataOptions,
            _ change: (inout ClearedMerchant) -> Void
        ) async throws {
            let identifier = try ClearingArguments.merchant(merchant)
            try await ClearingAccess.use(options) { access in
                guard var known = try await access.house.merchant(identifier) else {
                    throw ClearingFailure.unknownMerchant
                }
                change(&known)
                try await access.house.set(known)
            }
        }
    }

    struct Issuer: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add an issuer, give it a pool, or end one of its key versions."
        )
        @Argument(help: "The issuer's BIN, six digits.")
        var bin: String
        @OptionGroup var payee: PayeeOptions
        @Option(name: .long, help: "A currency in which it has a pool, for instance EUR.")
        var pool: [String] = []
        @Option(name: .long, help: "A version of KMP that ends, with its last day: 1/2026-12-31.")
        var ends: [String] = []
        @OptionGroup var options: DataOptions

        func run() async throws {
            guard let identifier = IssuerIdentifier(bin) else {
                throw ValidationError("A BIN has six digits.")
            }
            let pools = try pool.map(ClearingArguments.currency)
            let ended = try ends.map(Self.ended)
            try await ClearingAccess.use(options) { access in
                let known = try await access.house.issuer(identifier)
                var next = ClearedIssuer(
                    identifier,
                    name: payee.name,
                    payee: try payee.payee(),
                    pools: known?.pools ?? [],
                    endedVersions: known?.endedVersions ?? []
                )
                next.pools += pools.filter { !next.pools.contains($0) }
                for version in ended {
                    next.endedVersions.removeAll { $0.version == version.version }
                    next.endedVersions.append(version)
                }
                try await access.house.set(next)
                print("\(bin) has pools in \(next.pools.map(\.word).joined(separator: " "))")
            }
        }

        private static func ended(_ text: String) throws -> ClearedIssuer.EndedVersion {
            let parts = text.split(separator: "/").map(String.init)
            guard parts.count == 2, let version = UInt8(parts[0]),
                let day = try? ClearingArguments.day(parts[1]),
                (2000...2099).contains(day.date.year)
            else { throw ValidationError("A version that ends is written 1/2026-12-31.") }
            return ClearedIssuer.EndedVersion(version, lastDay: CardDate(day.date))
        }
    }

    struct Acquirer: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add an acquirer, or change where its fees go."
        )
        @Argument(help: "The acquirer's number.")
        var acquirer: UInt32
        @OptionGroup var payee: PayeeOptions
        @Option(name: .long, help: "The name in the certificate of who sends its batches.")
        var sender: [String] = []
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await ClearingAccess.use(options) { access in
                let known = try await access.house.acquirer(acquirer)?.senders
                let senders = sender.isEmpty ? known : sender
                try await access.house.set(
                    ClearedAcquirer(
                        acquirer,
                        name: payee.name,
                        payee: try payee.payee(),
                        senders: senders ?? [Role.concentrationPoint.rawValue]
                    )
                )
                print("acquirer \(acquirer) is on file")
            }
        }
    }
}
