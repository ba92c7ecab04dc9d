// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HSM
import Kernel
import Keys
import OPALServer
import Records
import RecordsSQLite

struct IssuerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "issuer",
        abstract: "The issuers of this OPAL server: one BIN each, with its own master keys.",
        subcommands: [Create.self, List.self, Share.self, Key.self]
    )

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an issuer and its master keys.",
            discussion: "Restart the OPAL server afterwards, and share the key with acquirers."
        )

        @Argument(help: "The BIN, six digits.")
        var bin: String
        @Option(name: .long, help: "The name on the cards.")
        var name: String
        @Option(name: .long, help: "The currency: 0 and its ISO 4217 number.")
        var currency = "0978"
        @Option(name: .long, help: "The number of decimals of amounts.")
        var exponent: UInt8 = 2
        @Option(name: .long, help: "The maximum balance, in minor units.")
        var balanceMax: UInt64 = 500_00
        @Option(name: .long, help: "How many months a card is valid, 1 to 120.")
        var months = 36
        @Option(name: .long, help: "What is on a new card, in minor units.")
        var value: UInt64 = 0
        @OptionGroup var options: DataOptions

        func validate() throws {
            guard IssuerIdentifier(bin) != nil else {
                throw ValidationError("The BIN has six digits.")
            }
            guard BCD.parse(currency, count: 4) != nil, Exponent(exponent) != nil else {
                throw ValidationError("The currency has four digits, the exponent is 0 to 6.")
            }
            guard (1...Issuer.nameBytesMax).contains(name.utf8.count),
                Issuer.validMonthsRange.contains(months), value <= balanceMax
            else {
                throw ValidationError(
                    "The name has 1 to 64 bytes, the months are 1 to 120, and the value is at "
                        + "most the maximum balance."
                )
            }
        }

        func run() async throws {
            guard let identifier = IssuerIdentifier(bin),
                let digits = BCD.parse(currency, count: 4),
                let currency = Currency(bcd: UInt16(digits)), let exponent = Exponent(exponent)
            else { throw ValidationError("The BIN or the currency is none.") }
            let issuer = Issuer(
                identifier: identifier,
                name: name,
                currency: currency,
                exponent: exponent,
                balanceMax: balanceMax,
                validMonths: months,
                newCardValue: value
            )
            let access = try await OperatorAccess(options)
            let keys = try access.module.makeKeys(
                SoftwareModule.KeyName(issuer: identifier, version: issuer.purchaseKeyVersion)
            )
            try await access.commit([
                try await CardDesk.write(issuer, sealedBy: access.seals),
                try await IssuerKeys.write(
                    keys,
                    of: identifier,
                    version: issuer.purchaseKeyVersion,
                    sealedBy: access.seals
                ),
            ])
            await access.store.close()
            print("Made issuer \(bin), \(name), with master keys of version 1.")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the issuers.")

        private struct Line: Encodable {
            let bin: String
            let name: String
            let currency: String
            let exponent: UInt8
            let balanceMax: UInt64
            let validMonths: Int
            let newCardValue: UInt64
        }

        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let access = try await OperatorAccess(options)
            let all = try await access.desk.issuersThatOpen()
            let lines = all.issuers.map { issuer in
                Line(
                    bin: issuer.identifier.digits,
                    name: issuer.name,
                    currency: issuer.currency.digits,
                    exponent: issuer.exponent.decimals,
                    balanceMax: issuer.balanceMax,
                    validMonths: issuer.validMonths,
                    newCardValue: issuer.newCardValue
                )
            }
            await access.store.close()
            if output.json {
                try Output.json(lines)
            } else {
                Self.table(lines)
            }
            guard all.damaged.isEmpty else {
                throw CommandFailure(all.damaged.joined(separator: "\n"))
            }
        }

        private static func table(_ lines: [Line]) {
            Output.table(
                ["BIN", "name", "currency", "decimals", "maximum", "months", "new card"],
                lines.map {
                    [
                        $0.bin, $0.name, $0.currency, "\($0.exponent)", "\($0.balanceMax)",
                        "\($0.validMonths)", "\($0.newCardValue)",
                    ]
                }
            )
        }
    }

    struct Share: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: """
                Give the issuer's keys to the payment server, and to the load server if there is \
                one, of this data folder.
                """,
            discussion: """
                They travel wrapped, from the HSM's local master key to that of the other party: \
                the purchase key to the payment server, the load keys to the load server. The bank \
                opens a funds pool for the issuer. Servers that run have them after some seconds.
                """
        )

        @Argument(help: "The BIN, six digits.")
        var bin: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            guard let identifier = IssuerIdentifier(bin) else {
                throw ValidationError("The BIN has six digits.")
            }
            let access = try await OperatorAccess(options)
            guard let issuer = try await access.desk.issuer(identifier) else {
                throw CommandFailure("There is no issuer \(bin).")
            }
            let sharing = IssuerSharing(access: access, options: options)
            let count = try await sharing.sharePurchaseKeys(of: issuer)
            if options.folder.exists(.loadServer) { try await sharing.shareLoadKeys(of: issuer) }
            await access.store.close()
            print(
                count > 0
                    ? "The payment server has the purchase key of \(bin)."
                    : "The payment server had it already."
            )
        }
    }
}
