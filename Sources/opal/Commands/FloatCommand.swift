// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CardEmulator
import Kernel
import OPALServer
import RecordsSQLite
import SecurityModule
import Sites

struct FloatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "float",
        abstract: "What the issuer owes its cardholders, and what of it nobody uses.",
        discussion: "May be used beside the running server.",
        subcommands: [Report.self, Rule.self, Sweep.self, Swept.self, GiveBack.self],
        defaultSubcommand: Report.self
    )

    /// The OPAL server's data with the issuer's own database.
    struct Access {
        let operation: OperatorAccess
        let float: OPALServerFloat

        private init(_ options: DataOptions) async throws {
            operation = try await OperatorAccess(options)
            float = try OPALServerFloat(
                options.folder,
                operation.master,
                (operation.store, operation.seals),
                operation.module
            )
        }

        /// Opens both, does a step, and closes them, however it ends.
        ///
        /// - Throws: what the step throws, a `FloatFailure` in words.
        static func use<Value>(
            _ options: DataOptions,
            _ step: (Access) async throws -> Value
        ) async throws -> Value {
            let access = try await Access(options)
            let ended: Result<Value, any Error>
            do {
                ended = .success(try await step(access))
            } catch let failure as FloatFailure {
                ended = .failure(CommandFailure(failure.words))
            } catch { ended = .failure(error) }
            await access.float.store.close()
            await access.operation.store.close()
            return try ended.get()
        }

        /// An issuer that is on file.
        func issuer(_ bin: String) async throws -> IssuerIdentifier {
            guard let issuer = IssuerIdentifier(bin),
                try await operation.desk.issuer(issuer) != nil
            else { throw CommandFailure("There is no issuer \(bin). See `opal issuer list`.") }
            return issuer
        }

        /// The desk that moves value which nobody uses.
        func sweeps(_ mail: MailOptions) async throws -> SweepDesk {
            let users = try await operation.users(mail)
            return SweepDesk(
                book: SweepBook(cards: (operation.store, operation.seals)),
                reporter: float.reporter,
                module: operation.module,
                loads: operation.module,
                emulator: Emulator(
                    module: operation.module,
                    store: operation.store,
                    random: SystemRandom()
                ),
                mails: SettlementMails(users),
                random: SystemRandom(),
                now: SystemClock.now
            )
        }
    }

    struct Report: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print what is outstanding, by issuer and currency, last use and expiry."
        )

        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let view = try await Access.use(options) { access in
                FloatView(try await access.float.reporter.report(at: SystemClock.now()))
            }
            if output.json { return try Output.json(view) }
            view.show()
        }
    }

    struct Rule: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show or set what an issuer does with value that nobody uses.",
            discussion: """
                Value on a valid card without a load, debit, recovery or move for --months whole \
                months is dormant; value on a card that has expired is expired value, and due when \
                nobody has renewed the card for --expired-months. 'report' leaves it on its card; \
                'move' makes it due: 'opal float sweep' moves it to the issuer's account of \
                expired value.
                """
        )

        @Argument(help: "The issuer's BIN, six digits.")
        var bin: String
        @Option(name: .long, help: "Months after which value is dormant.")
        var months: Int?
        @Option(
            name: .long,
            help: "Months for which an expired card can be renewed before its value is due."
        )
        var expiredMonths: Int?
        @Option(name: .long, help: "What becomes of dormant value: report or move.")
        var dormant: Word?
        @Option(name: .long, help: "What becomes of expired value: report or move.")
        var expired: Word?
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        enum Word: String, ExpressibleByArgument, Encodable, CaseIterable {
            case report
            case move

            init(_ consequence: DormancyRule.Consequence) {
                switch consequence {
                case .reported: self = .report
                case .moved: self = .move
                }
            }

            var consequence: DormancyRule.Consequence {
                switch self {
                case .report: .reported
                case .move: .moved
                }
            }
        }

        func run() async throws {
            let rule = try await Access.use(options) { access in
                let issuer = try await access.issuer(bin)
                let rule = try await access.float.reporter.rule(of: issuer)
                guard let next = next(behind: rule) else {
                    throw ValidationError("Months are 1 to 600, behind the expiry 0 to 600.")
                }
                if next == rule { return next }
                try await ClearingAccess.note(
                    .dormancyRuleChanged,
                    "issuer \(bin): \(FloatView.Rule(next).words)",
                    at: SystemClock.now(),
                    options
                )
                try await access.float.reporter.set(next, of: issuer)
                return next
            }
            let line = FloatView.Rule(rule)
            if output.json { return try Output.json(line) }
            Output.table(
                ["issuer", "months", "dormant", "expired months", "expired"],
                [
                    [
                        bin, "\(line.months)", line.dormant.rawValue, "\(line.expiredMonths)",
                        line.expired.rawValue,
                    ]
                ]
            )
        }

        /// Nil for months that are none.
        private func next(behind rule: DormancyRule) -> DormancyRule? {
            DormancyRule(
                months: months ?? rule.months,
                monthsExpired: expiredMonths ?? rule.monthsExpired,
                dormant: dormant?.consequence ?? rule.dormant,
                expired: expired?.consequence ?? rule.expired
            )
        }
    }
}

extension FloatFailure {
    /// Why a command was not done, and what to do.
    fileprivate var words: String {
        switch self {
        case .module(.sealBroken), .damaged:
            "A record of the issuer's float, or of its cards, was changed by somebody else: see "
                + "opal audit."
        case .store, .module, .busy:
            "It was not done, or not to its end, and may be run again; opal float swept BIN says "
                + "what was moved. \(self)"
        }
    }
}
