// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Kernel
import OPALServer
import RecordsSQLite
import SecurityModule

struct FloatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "float",
        abstract: "What the issuer owes its cardholders, and what of it nobody uses.",
        discussion: "Goes through all cards. May be used beside the running server.",
        subcommands: [Report.self, Rule.self],
        defaultSubcommand: Report.self
    )

    /// The OPAL server's data with the issuer's own database.
    fileprivate struct Access {
        let operation: OperatorAccess
        let float: OPALServerFloat

        init(_ options: DataOptions) async throws {
            operation = try await OperatorAccess(options)
            float = try OPALServerFloat(
                options.folder,
                operation.master,
                (operation.store, operation.seals),
                operation.module
            )
        }

        func close() async {
            await float.store.close()
            await operation.store.close()
        }
    }

    struct Report: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print what is outstanding, by issuer and currency, last use and expiry."
        )

        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let access = try await Access(options)
            let report: FloatReport
            do throws(FloatFailure) {
                report = try await access.float.reporter.report(at: SystemClock.now())
            } catch {
                throw CommandFailure(error.words)
            }
            await access.close()
            let view = FloatView(report)
            if output.json { return try Output.json(view) }
            view.show()
        }
    }

    struct Rule: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show or set what an issuer does with value that nobody uses.",
            discussion: """
                Value on a valid card without a load, debit, recovery or move for --months whole \
                months is dormant; value on a card that has expired is expired value. 'report' \
                leaves it on its card; 'move' marks it as due for the issuer's account of expired \
                value.
                """
        )

        @Argument(help: "The issuer's BIN, six digits.")
        var bin: String
        @Option(name: .long, help: "Months after which value is dormant.")
        var months: Int?
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
            let access = try await Access(options)
            guard let issuer = IssuerIdentifier(bin),
                try await access.operation.desk.issuer(issuer) != nil
            else { throw CommandFailure("There is no issuer \(bin). See `opal issuer list`.") }
            var rule = try await access.float.reporter.rule(of: issuer)
            if months != nil || dormant != nil || expired != nil {
                guard
                    let next = DormancyRule(
                        months: months ?? rule.months,
                        dormant: dormant?.consequence ?? rule.dormant,
                        expired: expired?.consequence ?? rule.expired
                    )
                else { throw ValidationError("Months are 1 to 600.") }
                try await access.float.reporter.set(next, of: issuer)
                rule = next
            }
            await access.close()
            let line = FloatView.Rule(rule)
            if output.json { return try Output.json(line) }
            Output.table(
                ["issuer", "months", "dormant", "expired"],
                [[bin, "\(line.months)", line.dormant.rawValue, line.expired.rawValue]]
            )
        }
    }
}

extension FloatFailure {
    /// Why a command was not done, and what to do.
    fileprivate var words: String {
        switch self {
        case .module(.sealBroken), .damaged:
            "A record of the issuer's float was changed by somebody else: see opal audit."
        case .store, .module, .busy: "The issuer's float cannot be read now: \(self)"
        }
    }
}
