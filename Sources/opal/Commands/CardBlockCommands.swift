// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CardEmulator
import Foundation
import Kernel
import OPALServer
import RecordsSQLite

extension CardCommand {
    struct Block: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Block a card, or all cards of a list.",
            discussion: CardCommand.listDiscussion
        )

        @OptionGroup var cards: CardsArgument
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws { try await CardCommand.set(blocked: true, cards, options, output) }
    }

    struct Unblock: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Unblock a card, or all cards of a list.",
            discussion: CardCommand.listDiscussion
        )

        @OptionGroup var cards: CardsArgument
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            try await CardCommand.set(blocked: false, cards, options, output)
        }
    }

    fileprivate static let listDiscussion = """
        A list has a card number on each line; blanks in it, empty lines and lines that begin with \
        # are passed over. A list in which a line is no card number changes nothing. Exit code 1: \
        cards of the list were passed over, and each is named.
        """

    private static func set(
        blocked: Bool,
        _ cards: CardsArgument,
        _ options: DataOptions,
        _ output: JSONOption
    ) async throws {
        let identifiers = try cards.identifiers()
        let access = try await OperatorAccess(options)
        let ended: Result<[Line], any Error>
        do {
            ended = .success(
                try await set(blocked: blocked, identifiers, isList: cards.file != nil, access)
            )
        } catch {
            ended = .failure(error)
        }
        await access.store.close()
        let lines = try ended.get()
        switch (output.json, cards.file) {
        case (true, nil): try Output.json(lines[0])
        case (true, _): try Output.json(lines)
        case (false, _): Output.table(Line.header, lines.map(\.cells))
        }
        if lines.count < identifiers.count { throw ExitCode(1) }
    }

    /// - Returns: The cards as they are now. Of a list, those that it could not be done with are
    ///   named and left out.
    private static func set(
        blocked: Bool,
        _ cards: [CardIdentifier],
        isList: Bool,
        _ access: OperatorAccess
    ) async throws -> [Line] {
        var lines: [Line] = []
        for card in cards {
            do {
                lines.append(try await set(blocked: blocked, card, access))
            } catch let failure as CommandFailure where isList {
                FileHandle.standardError.write(Data("\(card): \(failure)\n".utf8))
            }
        }
        return lines
    }

    private static func set(
        blocked: Bool,
        _ card: CardIdentifier,
        _ access: OperatorAccess
    ) async throws -> Line {
        do {
            guard try await access.desk.setBlocked(blocked, card),
                let description = try await access.desk.describe(card)
            else { throw CommandFailure("There is no such card.") }
            return Line(description, isMasked: true)
        } catch EmulatorFailure.setBack {
            throw CommandFailure(
                "The card's record is not the newest one of its history: it stays blocked until "
                    + "the right one is put back."
            )
        } catch EmulatorFailure.module {
            throw CommandFailure("The card's record does not open: it refuses by itself.")
        }
    }
}

/// One card, or a list of them in a file.
struct CardsArgument: ParsableArguments {
    @Argument(help: "The card number, sixteen digits.")
    var card: String?
    @Option(name: .long, help: "A list of card numbers.", completion: .file())
    var file: String?

    /// A list is read as a whole: so many lines of sixteen digits.
    private static let bytesMax = 64 * 1024 * 1024

    func validate() throws {
        guard (card == nil) != (file == nil) else {
            throw ValidationError("Give a card number, or a list with --file.")
        }
        if let card { _ = try CardCommand.identifier(card) }
    }

    /// In the order of the list, each once.
    func identifiers() throws -> [CardIdentifier] {
        if let card { return [try CardCommand.identifier(card)] }
        let path = file ?? ""
        guard let data = FileManager.default.contents(atPath: path), data.count <= Self.bytesMax,
            let text = String(data: data, encoding: .utf8)
        else { throw CommandFailure("\(path) cannot be read. Nothing was changed.") }
        var cards: [CardIdentifier] = []
        var seen: Set<CardIdentifier> = []
        for (index, line) in text.split(
            omittingEmptySubsequences: false,
            whereSeparator: \.isNewline
        ).enumerated() {
            let digits = line.filter { !$0.isWhitespace }
            if digits.isEmpty || digits.hasPrefix("#") { continue }
            guard let card = CardIdentifier(String(digits)) else {
                throw CommandFailure(
                    "Line \(index + 1) of \(path) is no card number. Nothing was changed."
                )
            }
            if seen.insert(card).inserted { cards.append(card) }
        }
        return cards
    }
}
