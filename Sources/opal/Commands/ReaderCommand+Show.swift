// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Kernel
import PCSCReader
import Wire

extension ReaderCommand {
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the card in a PC/SC reader.",
            discussion: """
                Any card of the purse profile in any reader, not only a card of this server. \
                Nothing is changed on it.
                """
        )

        @Option(help: "The reader, by its name. Without it, the one with a card of the profile.")
        var reader: String?
        @OptionGroup var output: JSONOption

        /// What is printed of a card.
        struct Line: Encodable {
            let reader: String
            let answerToReset: String
            let issuer: String
            let card: String
            let expiry: String
            let balance: UInt64
            let currency: String
            let exponent: UInt8

            static let header = [
                "reader", "answer to reset", "issuer", "card", "expiry", "balance", "currency",
                "decimals",
            ]

            var cells: [String] {
                [
                    reader, answerToReset, issuer, card, expiry, "\(balance)", currency,
                    "\(exponent)",
                ]
            }
        }

        func run() async throws {
            let line: Line
            do {
                line = try await read(try await ReaderChoice.name(reader))
            } catch let failure as ChannelFailure {
                switch failure {
                case .removed: throw CommandFailure("There is no card in the reader.")
                case .broken(let text): throw CommandFailure("The reader says: \(text).")
                }
            } catch is WireFailure {
                throw CommandFailure("The card answers what no card of the profile answers.")
            }
            if output.json { return try Output.json(line) }
            Output.table(Line.header, [line.cells])
        }

        private func read(_ name: String) async throws -> Line {
            let channel = CardReader(name)
            let answer = try await channel.reset()
            let selected = try SelectAnswer(
                try await data(.select(application: PurseCommand.application), channel)
            )
            let balance = try BalanceAnswer(try await data(.getBalance(purse: 0), channel)).balance
            await channel.close()
            return Line(
                reader: name,
                answerToReset: answer.map { byte in
                    let digits = String(byte, radix: 16, uppercase: true)
                    return digits.count == 1 ? "0" + digits : digits
                }.joined(),
                issuer: selected.card.issuer.digits,
                card: selected.card.masked,
                expiry: selected.expiry.monthAndYear,
                balance: balance.minorUnits,
                currency: balance.currency.digits,
                exponent: balance.exponent.decimals
            )
        }

        private func data(
            _ command: PurseCommand,
            _ channel: CardReader
        ) async throws -> [UInt8] {
            let response = try ResponseAPDU(try await channel.transmit(command.apdu.bytes))
            guard response.status == .done else {
                throw CommandFailure("The card in the reader has no purse of the profile.")
            }
            return response.data
        }
    }
}
