// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CardEmulator
import Kernel
import OPALServer
import RecordsSQLite
import SecurityModule
import Wire

struct CardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "card",
        abstract: "The virtual cards of this OPAL server.",
        discussion: "May be used beside the running server.",
        subcommands: [
            Create.self, Issue.self, List.self, Show.self, Limits.self, Category.self, Block.self,
            Unblock.self, Renew.self,
        ]
    )

    /// What is printed of a card.
    struct Line: Encodable {
        let card: String
        let expiry: String
        let state: String
        let balance: UInt64
        let currency: String
        let exponent: UInt8
        let lastNumber: UInt32
        let historyRows: UInt64

        init(_ description: CardDescription, isMasked: Bool) {
            card = isMasked ? description.card.masked : description.card.digits
            expiry = description.expiry.monthAndYear
            state = description.isBlocked ? "blocked" : "active"
            let purse = description.purses[0]
            balance = purse.balance.minorUnits
            currency = purse.balance.currency.digits
            exponent = purse.balance.exponent.decimals
            lastNumber = description.lastNumber
            historyRows = description.historyCount
        }

        var cells: [String] {
            [
                card, expiry, state, "\(balance)", currency, "\(exponent)", "\(lastNumber)",
                "\(historyRows)",
            ]
        }

        static let header = [
            "card", "expiry", "state", "balance", "currency", "decimals", "last NT", "rows",
        ]
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a card without a holder, for instance for a program that pays."
        )

        @Argument(help: "The issuer's BIN, six digits.")
        var bin: String
        @Option(name: .long, help: "Minor units to load, instead of the issuer's setting.")
        var value: UInt64?
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let access = try await OperatorAccess(options)
            guard let identifier = IssuerIdentifier(bin),
                let issuer = try await access.desk.issuer(identifier)
            else { throw CommandFailure("There is no issuer \(bin). See `opal issuer list`.") }
            if let value, value > issuer.balanceMax {
                throw ValidationError("The value is above the maximum balance.")
            }
            let card = try await access.desk.make(
                for: issuer,
                value: value,
                now: SystemClock.now()
            )
            try await access.commit(card.writes, card.history)
            try await CardCommand.print(card.card, access, output, isMasked: false)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the cards, with masked numbers."
        )

        @Flag(name: .long, help: "Print whole card numbers.")
        var whole = false
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let access = try await OperatorAccess(options)
            var lines: [Line] = []
            var damaged: [CardIdentifier] = []
            var cursor: CardIdentifier?
            while true {
                let page = try await access.desk.cards(after: cursor, limit: 1000)
                for card in page {
                    if let description = try? await access.desk.describe(card) {
                        lines.append(Line(description, isMasked: !whole))
                    } else {
                        damaged.append(card)
                    }
                }
                guard page.count == 1000, let last = page.last else { break }
                cursor = last
            }
            await access.store.close()
            if output.json {
                try Output.json(lines)
            } else {
                Output.table(Line.header, lines.map(\.cells))
                for card in damaged { Swift.print("\(card): its record does not open") }
            }
            if !damaged.isEmpty { throw ExitCode(1) }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one card.")

        @Argument(help: "The card number, sixteen digits.")
        var card: String
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let access = try await OperatorAccess(options)
            try await CardCommand.print(
                CardCommand.identifier(card),
                access,
                output,
                isMasked: false
            )
        }
    }

    static func identifier(_ text: String) throws -> CardIdentifier {
        guard let card = CardIdentifier(text.filter { $0 != " " }) else {
            throw ValidationError("A card number has sixteen digits.")
        }
        return card
    }

    private static func print(
        _ card: CardIdentifier,
        _ access: OperatorAccess,
        _ output: JSONOption,
        isMasked: Bool
    ) async throws {
        guard let description = try await access.desk.describe(card) else {
            throw CommandFailure("There is no such card.")
        }
        await access.store.close()
        let line = Line(description, isMasked: isMasked)
        if output.json { return try Output.json(line) }
        Output.table(Line.header, [line.cells])
    }
}
