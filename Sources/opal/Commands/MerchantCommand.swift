// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Kernel
import Merchant
import PaymentServer
import Records
import RecordsSQLite

/// Where S3 is compared, as an option of a command that makes a scheme.
struct ComparisonOption: ParsableArguments {
    @Option(
        name: .long,
        help: "Who compares the card's signature S3: \(ComparisonOption.names)."
    )
    var comparison = ComparisonPolicy.securityCard.name

    /// All places, for people.
    static var names: String {
        let names = ComparisonPolicy.allCases.map(\.name)
        return names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
    }

    func policy() throws -> ComparisonPolicy { try Self.policy(comparison) }

    static func policy(_ name: String) throws -> ComparisonPolicy {
        guard let policy = ComparisonPolicy(name: name) else {
            throw ValidationError("S3 can be compared by: \(names).")
        }
        return policy
    }
}

struct MerchantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merchant",
        abstract: "The merchants of this payment server, and what was agreed with them.",
        subcommands: [List.self, Compare.self, Refund.self, Refunds.self]
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the merchants.")

        private struct Line: Encodable {
            let merchant: String
            let comparison: String
        }

        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let acquirer = try MerchantCommand.acquirer(options)
            let agreements = try await AcquirerRecords.agreements(
                in: acquirer.store,
                sealedBy: acquirer.seals
            )
            await acquirer.store.close()
            let lines = agreements.map {
                Line(merchant: $0.merchant.text, comparison: $0.policy.name)
            }
            if output.json { return try Output.json(lines) }
            Output.table(
                ["merchant", "S3 is compared by"],
                lines.map { [$0.merchant, $0.comparison] }
            )
        }
    }

    struct Compare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Agree with a merchant who compares S3.",
            discussion: """
                security-card: the highest security; a terminal is held until the card has \
                answered. With all others the terminal is free as soon as the debit command is \
                made, and the security card counts the sale later. payment-server: two trips, as \
                before. opal-server, client-terminal, merchant: one trip, and who is named \
                compares; what became of the debit is told to the payment server afterwards. \
                A card in a reader pays with the first two only.

                Payment server and shop must say the same: where both are in this data folder, \
                both are told. Restart them afterwards; orders made before are refused, and \
                nothing is taken for them.
                """
        )

        @Argument(help: "The merchant, for example FARTHINGPRESS01.")
        var merchant: String
        @Argument(help: "\(ComparisonOption.names).")
        var comparison: String
        @OptionGroup var options: DataOptions

        func validate() throws {
            guard MerchantIdentifier(merchant) != nil else {
                throw ValidationError("A merchant has 1 to 15 visible characters.")
            }
            _ = try ComparisonOption.policy(comparison)
        }

        func run() async throws {
            let policy = try ComparisonOption.policy(comparison)
            guard let merchant = MerchantIdentifier(merchant) else { return }
            let acquirer = try MerchantCommand.acquirer(options)
            let key = RecordKey(AcquirerRecords.agreement, merchant.bytes)
            guard let present = try await acquirer.store.read(key) else {
                throw CommandFailure("There is no agreement with \(merchant.text).")
            }
            try await acquirer.commit(
                try await AcquirerRecords.agreement(
                    of: merchant,
                    policy,
                    over: present.revision,
                    sealedBy: acquirer.seals
                )
            )
            let party: DataFolder.Party =
                merchant.text == MerchantParty.airline ? .airline : .shop
            if options.folder.exists(party) { try await tell(party, merchant, policy) }
            print("S3 of sales at \(merchant.text) is compared by: \(policy.name).")
            print("Restart the payment server and the shop.")
        }

        private func tell(
            _ party: DataFolder.Party,
            _ merchant: MerchantIdentifier,
            _ policy: ComparisonPolicy
        ) async throws {
            let shop = try PartyAccess(options, party, MerchantRecords.schema)
            let key = RecordKey(MerchantRecords.agreement, merchant.bytes)
            try await shop.commit(
                try await MerchantRecords.agreement(
                    of: merchant,
                    policy,
                    over: try await shop.store.read(key)?.revision ?? 0,
                    sealedBy: shop.seals
                )
            )
        }
    }

    fileprivate static func acquirer(_ options: DataOptions) throws -> PartyAccess {
        try PartyAccess(options, .paymentServer, PaymentModule.schema)
    }
}
