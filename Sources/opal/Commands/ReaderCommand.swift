// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CardEmulator
import Foundation
import Kernel
import OPALServer
import RecordsSQLite
import UnixSignals
import VirtualReader
import Wire

struct ReaderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reader",
        abstract: "Cards in PC/SC readers.",
        subcommands: [Attach.self, Show.self]
    )

    struct Attach: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a virtual card into the virtual reader vpcd, until interrupted.",
            discussion: """
                Every program that speaks PC/SC then finds the card in the reader, by the same \
                bytes as any other card. May be used beside the running server: of two that \
                change the card at the same time, one is told that it did not.

                Needs pcscd with the driver vpcd. WARNING: vpcd listens on every address of the \
                machine, without authentication, and every user of the machine may speak with a \
                card in its readers. Keep its ports (35963, 35964) behind a firewall.

                Ctrl-C or SIGTERM takes the card out. When the reader goes away the card is put in \
                again as soon as it is back.
                """
        )

        @Option(help: ArgumentHelp("The card number, sixteen digits.", valueName: "number"))
        var card: String?
        @Option(help: "Instead of the number: the user identifier of the card's holder.")
        var user: String?
        @Option(help: "Where vpcd listens.")
        var host = "127.0.0.1"
        @Option(help: "The port of vpcd's slot: \(ReaderSlot.portDefault), or the next one.")
        var port = ReaderSlot.portDefault
        @OptionGroup var options: DataOptions

        func validate() throws {
            guard (card == nil) != (user == nil) else {
                throw ValidationError("Give either --card or --user.")
            }
            guard (1...65_535).contains(port) else {
                throw ValidationError("A port is a number from 1 to 65535.")
            }
        }

        func run() async throws {
            let access = try await OperatorAccess(options)
            let ended: Result<Void, any Error>
            do {
                ended = .success(try await attach(try await identifier(access), access))
            } catch {
                ended = .failure(error)
            }
            await access.store.close()
            try ended.get()
        }

        private func identifier(_ access: OperatorAccess) async throws -> CardIdentifier {
            if let card { return try CardCommand.identifier(card) }
            let users = OPALServerParty.users(
                access.store,
                access.seals,
                access.master,
                accounts: DemoFundingNetwork(),
                logonURL: ""
            )
            guard let profile = try await users.profile(ofIdentifier: user ?? "") else {
                throw CommandFailure("There is no such user.")
            }
            guard let card = profile.card else {
                throw CommandFailure("This user has no card yet.")
            }
            return card
        }

        private func attach(_ card: CardIdentifier, _ access: OperatorAccess) async throws {
            var emulator = Emulator(
                module: access.module,
                store: access.store,
                random: SystemRandom()
            )
            emulator.categories = access.desk.merchants
            let reader = PseudoReader(
                card,
                emulator: emulator,
                isShared: true,
                now: SystemClock.now
            )
            // So that the audit knows of each debit that a terminal makes.
            await reader.prepare(
                note: Self.note,
                attachment: ReaderDebit.attachment(to: card, sealedBy: access.seals)
            )
            let slot = ReaderSlot(host: host, port: port)
            let address = "\(host):\(port)"
            // Before the card is in: who starts and stops it at once must not find it in between.
            let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await Self.hold(reader, card, in: slot, address)
                }
                group.addTask {
                    for await _ in signals { return }
                }
                try await group.next()
                group.cancelAll()
                try await group.waitForAll()
            }
            Self.say("Card \(card) is taken out.")
        }

        /// What the holder reads in the card's history.
        private static let note = "Card reader"

        private static func hold(
            _ reader: PseudoReader,
            _ card: CardIdentifier,
            in slot: ReaderSlot,
            _ address: String
        ) async throws {
            do throws(SlotFailure) {
                try await slot.hold(reader) { event in
                    switch event {
                    case .waiting: say("Card \(card) waits for the reader at \(address).")
                    case .inserted: say("Card \(card) is in the reader.")
                    case .lost(let reason): say("Card \(card) is out of the reader: \(reason).")
                    }
                }
            } catch {
                throw CommandFailure(text(error))
            }
        }

        private static func text(_ failure: SlotFailure) -> String {
            switch failure {
            case .nothingListens(let host, let port):
                """
                Nothing answers at \(host):\(port). Is pcscd running, with vpcd? \
                See docs/operating.md, Cards in a reader.
                """
            case .card(.removed): "There is no such card."
            case .card(.broken(let text)): "The card does not answer: \(text)."
            }
        }

        /// At once, also into a file.
        private static func say(_ line: String) {
            print(line)
            fflush(nil)
        }
    }
}
