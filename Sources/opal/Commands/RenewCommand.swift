// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CardEmulator
import Kernel
import OPALServer
import RecordsSQLite
import SecurityModule
import Wire

extension CardCommand {
    /// What a holder does on the card site, for who cannot: a card without a holder, for instance.
    struct Renew: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give an expired card a successor, and move its value and limits there.",
            discussion: """
                A holder gets the new card with the same user identifier, and a mail. Run again, \
                it moves what was put back on the old card since.
                """
        )

        /// What is printed.
        private struct Line: Encodable {
            let card: String
            let successor: String
            /// Minor units.
            let moved: UInt64
            let currency: String
            let exponent: UInt8
            /// False where the limits were none for the successor's currency: it is frozen then.
            let keepsLimits: Bool

            init(_ renewal: CardSuccession.Renewal, of card: CardIdentifier) {
                self.card = card.masked
                successor = renewal.successor.digits
                moved = renewal.moved.minorUnits
                currency = renewal.moved.currency.digits
                exponent = renewal.moved.exponent.decimals
                keepsLimits = renewal.keepsPolicy
            }
        }

        @Argument(help: "The number of the expired card, sixteen digits.")
        var card: String
        @Option(name: .long, help: "In whose name the successor's limits are set.")
        var by = CardDesk.operatorName
        @OptionGroup var mail: MailOptions
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func validate() throws {
            guard CardHistoryEntry.isName(by) else {
                throw ValidationError("The name has 1 to 64 bytes.")
            }
        }

        func run() async throws {
            let access = try await OperatorAccess(options)
            let ended: Result<Void, any Error>
            do {
                let card = try CardCommand.identifier(card)
                ended = .success(try await renew(card, access))
            } catch {
                ended = .failure(error)
            }
            await access.store.close()
            try ended.get()
        }

        private func renew(
            _ card: CardIdentifier,
            _ access: OperatorAccess
        ) async throws {
            let users = try await access.users(mail)
            let succession = CardSuccession(
                users: users,
                desk: access.desk,
                emulator: Emulator(
                    module: access.module,
                    store: access.store,
                    random: SystemRandom()
                ),
                module: access.module,
                loads: access.module,
                random: SystemRandom()
            )
            let line: Line
            do throws(SuccessionRefusal) {
                line = Line(
                    try await succession.renew(card, by: by, at: SystemClock.now()),
                    of: card
                )
            } catch {
                throw CommandFailure(error.words)
            }
            if output.json { return try Output.json(line) }
            Output.table(
                ["card", "successor", "moved", "currency", "decimals", "limits"],
                [
                    [
                        line.card, line.successor, "\(line.moved)", line.currency,
                        "\(line.exponent)", line.keepsLimits ? "kept" : "frozen instead",
                    ]
                ]
            )
        }
    }
}

extension SuccessionRefusal {
    /// What the operator reads.
    fileprivate var words: String {
        switch self {
        case .unknownCard: "There is no such card."
        case .cardDamaged: "The card's record does not open."
        case .cardBlocked: "The card is blocked. Unblock it first."
        case .notExpired: "The card is good as it is: it has not expired, and its keys are in use."
        case .successorNotUsable:
            "The card has a successor that is blocked or has expired. Unblock or renew that first."
        case .unavailable: "The database did not answer, or was changed meanwhile. Run it again."
        }
    }
}
